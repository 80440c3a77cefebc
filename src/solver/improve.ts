/**
 * Large-neighbourhood search on the executable plan. Some moved VMs that have to do with one another go home, what
 * that makes wrong is repaired, and the result is kept when it ranks at least as well: first fewer wrongs, then
 * fewer VMs without an order, then a cheaper whole plan, pivots included. Ordering is inside the search: every leaf
 * of a repair is ordered before it counts, and the repair goes on where no order exists. In turn with it, annealing
 * looks for placements far away; the one takes over what the other found.
 */
import { present } from "../lib/assert.ts";
import type { Random } from "../lib/random.ts";
import { Annealing, MOST_ANNEALED, PROPOSALS_PER_DECISION } from "./anneal.ts";
import type { Assignment } from "./assignment.ts";
import type { HomeBound } from "./bound.ts";
import type { Constraint } from "./constraints/constraint.ts";
import type { Effort } from "./effort.ts";
import { costOf, shown } from "./objective.ts";
import { chargeOf } from "./passage.ts";
import type { Repair, Width, Wrong } from "./repair.ts";
import { orderTo, type Sequence } from "./sequence.ts";
import type { Step } from "./step.ts";

/** How far the search is: what is still wrong, else the best order known for the assignment. */
export interface Incumbent {
  wrongs: readonly Wrong[];
  sequence: Sequence;
}

/** Decisions of one turn of ruin and repair: between annealing turns it grows while it pays, and shrinks while not. */
const SHORTEST_TURN = 50;
const SHORT_TURN = 200;
const LONG_TURN = 1000;
/** Annealing turns between two of them: at first, and at most, while ruin and repair do not pay. */
const FEW_COOLINGS = 4;
const MOST_COOLINGS = 16;
/** Proposals of one annealing turn per VM, and their range. */
const PROPOSALS_PER_VM = 64;
const FEWEST_PROPOSALS = 20_000;
const MOST_PROPOSALS = 400_000;
/** Share of ruined VMs that share a host with the others; of the rest, share drawn without regard to regret. */
const KINSHIP = 0.7;
const NO_REGRET = 0.3;
/** Share of repairs that are about a preferred rule, while one is broken. */
const WISHES = 0.5;

/** Ruins are drawn from this many moved VMs at most. */
const LARGEST_RUIN = 6;

export class Improvement {
  readonly #assignment: Assignment;
  readonly #repair: Repair;
  readonly #load: Float64Array;
  readonly #effort: Effort;
  readonly #random: Random;
  readonly #incumbent: Incumbent;
  readonly #log: number[] = [];
  /** What each home loses at least. */
  readonly #musts: ReadonlyMap<number, number>;
  /** Cost of the best executable leaf so far. */
  #ceiling = Number.POSITIVE_INFINITY;

  constructor(
    incumbent: Incumbent,
    assignment: Assignment,
    repair: Repair,
    load: Float64Array,
    effort: Effort,
    random: Random,
    homes: readonly HomeBound[],
  ) {
    this.#musts = new Map(homes.map(({ host, charge }) => [host, charge]));
    this.#incumbent = incumbent;
    this.#assignment = assignment;
    this.#repair = repair;
    this.#load = load;
    this.#effort = effort;
    this.#random = random;
    this.#followRelocations();
  }

  get executable(): boolean {
    return this.#incumbent.wrongs.length === 0 && this.#incumbent.sequence.steps !== null;
  }

  /** Of the incumbent, which must be executable. */
  get steps(): readonly Step[] {
    return present(this.#incumbent.sequence.steps, "the steps of an executable plan");
  }

  get cost(): number {
    return this.executable
      ? this.#incumbent.sequence.cost + this.#assignment.penalty
      : Number.POSITIVE_INFINITY;
  }

  /** Goes on until the cost meets the bound or the limits are reached; the assignment is then the incumbent's. */
  run(bound: number, firstPlan: boolean): void {
    const done = () => this.cost <= bound || (firstPlan && this.executable) || this.#effort.exhausted;
    const annealing = new Annealing(this.#assignment, this.#random.fork("annealing"));
    const charged = this.#assignment.dense.problem.objective !== "makespan";
    const anneals = charged && annealing.size > 0 && annealing.size <= MOST_ANNEALED;
    if (!this.executable) annealing.sendHome();
    if (anneals && this.#incumbent.wrongs.length > 0 && !done())
      this.#reporting(bound, () => this.#anneal(annealing));
    let turn = anneals ? SHORT_TURN : LONG_TURN;
    let coolings = FEW_COOLINGS;
    while (!done()) {
      const paid = this.#turn(bound, turn, done);
      if (!anneals) continue;
      turn = paid ? Math.min(LONG_TURN, turn * 2) : Math.max(SHORTEST_TURN, turn / 2);
      coolings = paid ? 1 : Math.min(MOST_COOLINGS, coolings * 2);
      for (let i = 0; i < coolings && !done(); i++) this.#reporting(bound, () => this.#anneal(annealing));
    }
  }

  /** Ruins and repairs for so many decisions; true when the plan became cheaper. */
  #turn(bound: number, decisions: number, done: () => boolean): boolean {
    const end = this.#effort.decisions + decisions;
    const before = this.cost;
    do this.#reporting(bound, () => this.#ruinAndRepair());
    while (!done() && this.#effort.decisions < end);
    return this.cost < before;
  }

  #reporting(bound: number, search: () => void): void {
    const before = this.cost;
    search();
    if (this.cost < before) this.#report(bound);
  }

  #report(bound: number): void {
    const { dense } = this.#assignment;
    this.#effort.improved(shown(dense, this.cost), shown(dense, bound));
  }

  #ruinAndRepair(): void {
    if (this.#incumbent.wrongs.length === 0) {
      if (this.#assignment.penalty > 0 && this.#random.chance(WISHES)) this.#grant();
      else this.#reorder();
    } else this.#rightOne();
  }

  /** One cooling; the best executable placement it comes by becomes the incumbent. */
  #anneal(annealing: Annealing): void {
    const wanted = Math.min(MOST_PROPOSALS, Math.max(FEWEST_PROPOSALS, annealing.size * PROPOSALS_PER_VM));
    const proposals = Math.min(wanted, this.#effort.left * PROPOSALS_PER_DECISION);
    annealing.follow(this.#assignment);
    const found: { at: Int32Array; steps: readonly Step[] }[] = [];
    annealing.cool(proposals, this.cost, (ceiling) => {
      if (this.#effort.exhausted) return Number.NEGATIVE_INFINITY;
      const sequence = this.#order(annealing.at, ceiling);
      const cost = sequence.cost + this.#assignment.penalty;
      if (sequence.steps === null || cost >= ceiling) return ceiling;
      found.push({ at: endOf(annealing.at, sequence), steps: sequence.steps });
      return cost;
    });
    this.#effort.decide(Math.ceil(proposals / PROPOSALS_PER_DECISION));
    const best = found.at(-1);
    if (best !== undefined) this.adopt(best.at, best.steps);
  }

  /** Takes over a viable placement found elsewhere, with its executable steps. */
  adopt(at: Int32Array, steps: readonly Step[]): void {
    for (let vm = 0; vm < at.length; vm++) {
      if (at[vm] !== this.#assignment.at[vm]) this.#assignment.move(vm, at[vm] as number);
    }
    const charge = chargeOf(this.#assignment.dense, steps);
    this.#incumbent.sequence = {
      steps,
      charge,
      cost: costOf(this.#assignment.dense, steps, charge),
      stuck: [],
      late: [],
      relocated: [],
      work: 0,
    };
    this.#incumbent.wrongs = this.#incumbent.wrongs.filter((wrong) => this.#repair.isWrong(wrong));
  }

  /** Tries to clear one wrong that is left, after taking back some moves. */
  #rightOne(): void {
    this.#effort.decide();
    const { wrongs } = this.#incumbent;
    const wrong = this.#random.pick(wrongs) as Wrong;
    const touched = this.#sendHome(this.#movedVms(), this.#random.int(0, LARGEST_RUIN));
    if (!this.#repair.run([wrong, ...this.#wrongsAt(touched)], Number.POSITIVE_INFINITY, this.#width())) {
      this.#revert();
      return;
    }
    this.#incumbent.wrongs = wrongs.filter((other) => this.#repair.isWrong(other));
    if (this.#incumbent.wrongs.length > 0) return;
    this.#incumbent.sequence = this.#order(this.#assignment.at, Number.POSITIVE_INFINITY);
    this.#followRelocations();
  }

  /** One step towards an order, or to a cheaper plan. */
  #reorder(): void {
    this.#effort.decide();
    const moved = this.#movedVms();
    this.#ceiling = this.cost;
    const touched = this.#sendHome(moved, this.#random.int(1, LARGEST_RUIN));
    const done = this.#repair.run(this.#wrongsAt(touched), this.#budget, this.#width(), () =>
      this.#accepts(),
    );
    if (!done) this.#revert();
    else this.#followRelocations();
  }

  /** Tries to hold a preferred rule that is broken, for less than it weighs. */
  #grant(): void {
    this.#effort.decide();
    const { constraints } = this.#assignment;
    const broken = [...constraints.keys()].filter((i) => {
      const constraint = constraints[i] as Constraint;
      return constraint.weight > 0 && constraint.excess() > 0;
    });
    this.#ceiling = this.cost;
    const wish = this.#repair.constraintWrong(this.#random.pick(broken) as number);
    const touched = this.#sendHome(this.#movedVms(), this.#random.int(0, 2));
    const wrongs = [wish, ...this.#wrongsAt(touched)];
    if (this.#repair.run(wrongs, this.#budget, this.#width(), () => this.#accepts()))
      this.#followRelocations();
    else this.#revert();
  }

  /** Charges from which on nothing is of interest. A makespan cannot be told from charges. */
  get #budget(): number {
    return this.#assignment.dense.problem.objective === "makespan" ? Number.POSITIVE_INFINITY : this.#ceiling;
  }

  #accepts(): boolean {
    const sequence = this.#order(this.#assignment.at, this.#budget);
    const { stuck } = this.#incumbent.sequence;
    const cost = sequence.cost + this.#assignment.penalty;
    const better = sequence.steps === null ? sequence.stuck.length <= stuck.length : cost < this.#ceiling;
    if (!better || (this.#ceiling < Number.POSITIVE_INFINITY && sequence.steps === null)) return false;
    if (sequence.steps !== null) this.#ceiling = cost;
    this.#incumbent.sequence = sequence;
    return true;
  }

  #order(at: Int32Array, budget: number): Sequence {
    const sequence = orderTo(this.#assignment.dense, at, this.#load, budget);
    this.#effort.decide(sequence.work);
    return sequence;
  }

  #width(): Width {
    return {
      direct: this.#random.int(2, 6),
      ejecting: this.#random.int(2, 8),
      culprits: this.#random.int(4, 14),
      nodes: this.#random.int(50, 800),
      depth: 14,
    };
  }

  /** Lets the assignment end where the order has put those that made way for good. */
  #followRelocations(): void {
    const { steps, relocated } = this.#incumbent.sequence;
    if (steps !== null) for (const { vm, to } of relocated) this.#assignment.move(vm, to);
  }

  #movedVms(): readonly number[] {
    const { at, dense } = this.#assignment;
    const moved: number[] = [];
    for (let v = 0; v < dense.vmCount; v++) {
      if (at[v] !== dense.home[v] && (at[v] as number) >= 0) moved.push(v);
    }
    return moved;
  }

  /** Sends some moved VMs home, preferably ones that share hosts; returns the hosts this touches. */
  #sendHome(moved: readonly number[], count: number): ReadonlySet<number> {
    const { at, dense } = this.#assignment;
    const touched = new Set<number>();
    this.#log.length = 0;
    let away = moved;
    for (let i = 0; i < count && away.length > 0; i++) {
      const kin = away.filter((v) => touched.has(at[v] as number) || touched.has(dense.home[v] as number));
      const pool = kin.length > 0 && this.#random.chance(KINSHIP) ? kin : this.#regretted(away);
      const vm = this.#random.pick(pool) as number;
      for (const host of [at[vm] as number, dense.home[vm] as number]) if (host >= 0) touched.add(host);
      this.#log.push(vm, at[vm] as number);
      this.#assignment.move(vm, dense.home[vm] as number);
      away = away.filter((other) => other !== vm);
    }
    return touched;
  }

  /** Of these, the VMs whose homes lose more than they must: there is something to be gained. Or all of them. */
  #regretted(moved: readonly number[]): readonly number[] {
    const { home, charges } = this.#assignment.dense;
    if (this.#random.chance(NO_REGRET)) return moved;
    const lost = new Map<number, number>();
    for (const vm of moved) {
      const from = home[vm] as number;
      lost.set(from, (lost.get(from) ?? 0) + (charges.once[vm] as number));
    }
    const regretted = moved.filter((vm) => {
      const from = home[vm] as number;
      return (lost.get(from) as number) > (this.#musts.get(from) ?? 0);
    });
    return regretted.length > 0 ? regretted : moved;
  }

  #wrongsAt(touched: ReadonlySet<number>): readonly Wrong[] {
    const wrongs: Wrong[] = [];
    for (let i = 0; i < this.#log.length; i += 2) wrongs.push(this.#repair.vmWrong(this.#log[i] as number));
    for (const [i, constraint] of this.#assignment.constraints.entries()) {
      if (constraint.weight === 0 && constraint.excess() > 0) wrongs.push(this.#repair.constraintWrong(i));
    }
    for (const host of touched) wrongs.push(this.#repair.hostWrong(host));
    return this.#random.shuffle(wrongs.filter((wrong) => this.#repair.isWrong(wrong)));
  }

  #revert(): void {
    for (let i = this.#log.length - 2; i >= 0; i -= 2) {
      this.#assignment.move(this.#log[i] as number, this.#log[i + 1] as number);
    }
  }
}

function endOf(at: Int32Array, { relocated }: Sequence): Int32Array {
  const end = at.slice();
  for (const { vm, to } of relocated) end[vm] = to;
  return end;
}
