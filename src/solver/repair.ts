/**
 * Repair: clears what is wrong in one place by moving as little as possible.
 *
 * Something is wrong at a host that holds too much, with a VM that stands nowhere or where it may not, or with a
 * rule that is broken. In each case some VMs are to blame: in every placement where it is right, at least one of
 * them stands elsewhere. The search branches on which one and where to; a VM that has been tried everywhere is
 * settled where it is for the branches that follow, so no placement is visited twice, and with unlimited width the
 * search is complete. A move may make something else wrong, which is then repaired first: ejection chains come for
 * nothing. Branch and bound on the assignment's charge.
 */
import type { Assignment } from "./assignment.ts";
import type { Constraint } from "./constraints/constraint.ts";
import type { Dense } from "./dense.ts";
import type { Effort } from "./effort.ts";
import { Shortlist } from "./shortlist.ts";

/** How much of the tree is looked at. */
export interface Width {
  /** Destinations tried per VM where nothing else has to move. */
  readonly direct: number;
  /** Destinations tried per VM where others have to make way. */
  readonly ejecting: number;
  /** VMs tried per wrong. */
  readonly culprits: number;
  /** Moves tried in all. */
  readonly nodes: number;
  /** Moves on one branch. */
  readonly depth: number;
}

/** A wrong, as one number: a host, then a VM, then a constraint. */
export type Wrong = number;

export class Repair {
  readonly #dense: Dense;
  readonly #assignment: Assignment;
  readonly #effort: Effort;
  readonly #settled: Uint8Array;
  readonly #position: ReadonlyMap<Constraint, number>;
  readonly #wrongs: Wrong[] = [];
  readonly #moves: number[] = [];
  #width: Width = NARROW;
  #nodes = 0;
  #budget = 0;
  #goodEnough = 0;
  #best: readonly number[] | null = null;
  #done = false;
  #accepts: () => boolean = () => true;

  constructor(assignment: Assignment, effort: Effort) {
    this.#dense = assignment.dense;
    this.#assignment = assignment;
    this.#effort = effort;
    this.#settled = new Uint8Array(assignment.dense.vmCount);
    this.#position = new Map(assignment.constraints.map((constraint, i) => [constraint, i]));
  }

  hostWrong(host: number): Wrong {
    return host;
  }

  vmWrong(vm: number): Wrong {
    return this.#dense.hostCount + vm;
  }

  constraintWrong(index: number): Wrong {
    return this.#dense.hostCount + this.#dense.vmCount + index;
  }

  /** Whether it is (still) wrong. */
  isWrong(wrong: Wrong): boolean {
    const { hostCount, vmCount } = this.#dense;
    if (wrong < hostCount) return this.#assignment.overloaded(wrong);
    if (wrong < hostCount + vmCount) return this.#misplaced(wrong - hostCount);
    return (this.#assignment.constraints[wrong - hostCount - vmCount] as Constraint).excess() > 0;
  }

  /**
   * True when `wrongs` are cleared, for a charge below `budget`; the assignment is then the best one found.
   * @param accepts asked at every leaf that is cheaper than the best so far; false: the search goes on.
   */
  run(wrongs: readonly Wrong[], budget: number, width: Width, accepts: () => boolean = () => true): boolean {
    this.#prepare(wrongs, budget, width, accepts);
    this.#goodEnough = this.#assignment.charge + wrongs.reduce((sum, wrong) => sum + this.atLeast(wrong), 0);
    this.#search(0);
    const found = this.#best as readonly number[] | null;
    if (found === null) return false;
    for (let i = 0; i < found.length; i += 2) {
      this.#assignment.move(found[i] as number, found[i + 1] as number);
    }
    return true;
  }

  /** Shows `visit` ever cheaper ways to clear `wrongs`, and changes nothing. Complete: there are no others. */
  explore(
    wrongs: readonly Wrong[],
    budget: number,
    width: Width,
    visit: () => void,
  ): { readonly complete: boolean } {
    this.#prepare(wrongs, budget, width, () => {
      visit();
      return true;
    });
    this.#goodEnough = Number.NEGATIVE_INFINITY;
    this.#search(0);
    return { complete: !this.#over() };
  }

  #prepare(wrongs: readonly Wrong[], budget: number, width: Width, accepts: () => boolean): void {
    this.#wrongs.length = 0;
    this.#wrongs.push(...wrongs);
    this.#moves.length = 0;
    this.#width = width;
    this.#nodes = width.nodes;
    this.#budget = budget;
    this.#accepts = accepts;
    this.#best = null;
    this.#done = false;
  }

  #misplaced(vm: number): boolean {
    const host = this.#assignment.at[vm] as number;
    return host < 0 || !this.#dense.mayEnd(vm, host);
  }

  #search(depth: number): void {
    const wrong = this.#nextWrong();
    if (wrong < 0) this.#record();
    else if (this.#floor() + this.atLeast(wrong) >= this.#budget) this.#effort.fail();
    else if (depth < this.#width.depth) this.#branch(wrong, depth);
  }

  #branch(wrong: Wrong, depth: number): void {
    const tried: number[] = [];
    for (const vm of this.#culprits(wrong)) {
      this.#settled[vm] = 1;
      tried.push(vm);
      this.#relocate(vm, depth);
      if (this.#over()) break;
    }
    for (const vm of tried) this.#settled[vm] = 0;
    if (tried.length === 0) this.#effort.fail();
  }

  #over(): boolean {
    return this.#done || this.#nodes <= 0 || this.#effort.exhausted;
  }

  /** Charge that no further move takes back; a preferred rule that is broken now may hold later. */
  #floor(): number {
    return this.#assignment.charge - this.#assignment.penalty;
  }

  #nextWrong(): Wrong {
    for (let i = this.#wrongs.length - 1; i >= 0; i--) {
      if (this.isWrong(this.#wrongs[i] as number)) return this.#wrongs[i] as number;
    }
    return -1;
  }

  #record(): void {
    const charge = this.#assignment.charge;
    if (charge >= this.#budget || !this.#accepts()) return;
    this.#budget = charge;
    this.#best = [...this.#moves];
    if (charge <= this.#goodEnough) this.#done = true;
  }

  /** VMs to blame that are not settled, the likeliest first. */
  #culprits(wrong: Wrong): readonly number[] {
    const { hostCount, vmCount } = this.#dense;
    if (wrong < hostCount) return this.#shedders(wrong);
    const named =
      wrong < hostCount + vmCount
        ? [wrong - hostCount]
        : (this.#assignment.constraints[wrong - hostCount - vmCount] as Constraint).conflict();
    return named
      .filter((vm) => this.#mayMove(vm))
      .sort((a, b) => this.#leavingCharge(a) - this.#leavingCharge(b) || a - b);
  }

  #mayMove(vm: number): boolean {
    return this.#settled[vm] === 0 && (this.#dense.fixed[vm] === 0 || this.#assignment.at[vm] === -1);
  }

  /** Charge that moving the VM off its present place adds: nothing when it has left home already. */
  #leavingCharge(vm: number): number {
    const { home, charges } = this.#dense;
    const at = this.#assignment.at[vm] as number;
    return at >= 0 && at === home[vm] ? (charges.once[vm] as number) : 0;
  }

  /** The host's VMs that bring something where too much is, by charge per relief. */
  #shedders(host: number): readonly number[] {
    const { width, room, demand } = this.#dense;
    const { load } = this.#assignment;
    const scored: { vm: number; price: number }[] = [];
    for (let vm = this.#assignment.first(host); vm >= 0; vm = this.#assignment.next(vm)) {
      if (!this.#mayMove(vm)) continue;
      let relief = 0;
      for (let r = 0; r < width; r++) {
        const cell = host * width + r;
        const excess = (load[cell] as number) - (room[cell] as number);
        if (excess > 0) relief += Math.min(1, (demand[vm * width + r] as number) / excess);
      }
      if (relief > 0) scored.push({ vm, price: (this.#leavingCharge(vm) + 1) / relief });
    }
    scored.sort((a, b) => a.price - b.price || a.vm - b.vm);
    return scored.slice(0, this.#width.culprits).map((entry) => entry.vm);
  }

  /** What clearing this wrong adds to the charge at least. */
  atLeast(wrong: Wrong): number {
    return wrong < this.#dense.hostCount ? this.#sheddingAtLeast(wrong, -1) : 0;
  }

  /** What the host, with one more VM (-1: none), would have to shed at least; 0 when it would not be too full. */
  #sheddingAtLeast(host: number, extra: number): number {
    const { width, room, demand } = this.#dense;
    const { load } = this.#assignment;
    let least = 0;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      const more = extra < 0 ? 0 : (demand[extra * width + r] as number);
      const excess = (load[cell] as number) + more - (room[cell] as number);
      if (excess > 0) least = Math.max(least, this.#cheapestRelief(host, r, excess));
    }
    return least;
  }

  /** Excess times the best charge per unit among those who may leave; infinite when nobody may. */
  #cheapestRelief(host: number, r: number, excess: number): number {
    const { width, demand, home, charges } = this.#dense;
    const { at } = this.#assignment;
    let ratio = Number.POSITIVE_INFINITY;
    for (let vm = this.#assignment.first(host); vm >= 0; vm = this.#assignment.next(vm)) {
      const amount = demand[vm * width + r] as number;
      if (amount === 0 || !this.#mayMove(vm)) continue;
      if (at[vm] !== home[vm]) return 0;
      ratio = Math.min(ratio, (charges.once[vm] as number) / Math.min(amount, excess));
    }
    return ratio * excess;
  }

  #relocate(vm: number, depth: number): void {
    const from = this.#assignment.at[vm] as number;
    for (const host of this.#options(vm, from)) {
      if (this.#over()) return;
      this.#nodes--;
      this.#effort.decide();
      const mark = this.#wrongs.length;
      this.#apply(vm, from, host);
      this.#moves.push(vm, host);
      if (this.#floor() < this.#budget) this.#search(depth + 1);
      this.#moves.length -= 2;
      this.#assignment.move(vm, from);
      this.#wrongs.length = mark;
    }
  }

  /** Moves the VM and notes what that makes wrong. */
  #apply(vm: number, from: number, host: number): void {
    const touched = new Set([
      ...this.#assignment.concerned(vm, from),
      ...this.#assignment.concerned(vm, host),
    ]);
    const before = [...touched].map((constraint) => constraint.excess());
    this.#assignment.move(vm, host);
    let i = 0;
    for (const constraint of touched) {
      const worse = constraint.excess() > (before[i++] as number);
      if (worse && constraint.weight === 0)
        this.#wrongs.push(this.constraintWrong(this.#position.get(constraint) as number));
    }
    if (this.#assignment.overloaded(host)) this.#wrongs.push(host);
  }

  /** Where the VM may go: first where nobody has to make way, tightest first; then where it is cheapest to. */
  #options(vm: number, from: number): readonly number[] {
    const direct = new Shortlist(this.#width.direct);
    const ejecting = new Shortlist(this.#width.ejecting);
    const { charges, hostCount, width, home } = this.#dense;
    this.#assignment.remove(vm);
    const left = this.#budget - this.#floor();
    const origin = home[vm] as number;
    const elsewhere = charges.level && origin >= 0 ? (charges.once[vm] as number) : 0;
    const [first, end] = elsewhere < left ? [0, hostCount] : [origin, origin + 1];
    for (let host = first; host < end; host++) {
      if (host === from || !this.#reaches(vm, host)) continue;
      const charge = charges.standing(vm, host);
      if (charge >= left) continue;
      if (this.#assignment.fits(vm, host) && this.#assignment.admitted(vm, host)) {
        direct.offer(host, charge + this.#assignment.slack(host) / (width + 1));
      } else if (charge < Math.min(left, ejecting.limit) && this.#width.ejecting > 0) {
        const score = charge + this.#sheddingAtLeast(host, vm);
        if (score < left) ejecting.offer(host, score);
      }
    }
    if (from >= 0) this.#assignment.place(vm, from);
    return [...direct.hosts, ...ejecting.hosts];
  }

  #reaches(vm: number, host: number): boolean {
    return this.#dense.mayEnd(vm, host) && (host === this.#dense.home[vm] || this.#dense.mayEnter(vm, host));
  }
}

export const NARROW: Width = { direct: 3, ejecting: 3, culprits: 6, nodes: 400, depth: 8 };
