/**
 * From a placement to an executable order. Steps are taken one after the other as they become legal; when none
 * is, some VM makes way: it goes round by a pivot host, or, where that is allowed, is suspended and resumed.
 *
 * The pivots chosen are the cheapest that let at least one waiting step go, not the cheapest over the whole plan;
 * the search above compares the charge of whole plans.
 */
import { cheapestCover } from "./cover.ts";
import type { Dense } from "./dense.ts";
import { costOf } from "./objective.ts";
import { departures, growsInPlace, Passage } from "./passage.ts";
import { schedule } from "./schedule.ts";
import type { Step } from "./step.ts";

export interface Sequence {
  /** In an order in which each is legal; null when none was found. */
  readonly steps: readonly Step[] | null;
  /** Charge of all steps; of those taken so far when there is no order. */
  readonly charge: number;
  /** What the objective makes of them, without preferred rules. */
  readonly cost: number;
  /** VMs that could not go where they should. */
  readonly stuck: readonly number[];
  /** VMs that found no room to start or grow, though all others have gone. Never when the placement is viable. */
  readonly late: readonly number[];
  /** VMs that made way for good: they end elsewhere than was asked. */
  readonly relocated: readonly { readonly vm: number; readonly to: number }[];
  /** Detours looked at: each is about as much work as one placement decision. */
  readonly work: number;
}

function sequenceTo(dense: Dense, at: Int32Array, load: Float64Array, budget: number): Sequence {
  return new Sequencer(dense, at, load, budget).run();
}

/**
 * @param at wanted host of each VM, -1: nowhere. `load`: all hosts' loads at the start. `budget`: from this charge on
 * it is of no interest. A sequence that comes too late for a rule about time has no steps.
 */
export function orderTo(dense: Dense, at: Int32Array, load: Float64Array, budget: number): Sequence {
  const sequence = sequenceTo(dense, at, load, budget);
  if (sequence.steps === null || !dense.planRules.timed) return sequence;
  const late = dense.planRules.late(dense.vmIndex, schedule(dense, sequence.steps));
  return late.length === 0 ? sequence : { ...sequence, steps: null, stuck: late };
}

interface Detour {
  readonly vm: number;
  readonly to: number;
  readonly extra: number;
  /** It need not come back. */
  readonly forGood: boolean;
}

class Sequencer {
  readonly #dense: Dense;
  readonly #at: Int32Array;
  readonly #passage: Passage;
  readonly #budget: number;
  /** VMs still to migrate, in the order in which they are tried. */
  #waiting: number[] = [];
  readonly #detoured = new Set<number>();
  /** VMs that have gone together with others. */
  readonly #synced = new Set<number>();
  /** VMs suspended on the way, and the host that has the image. */
  readonly #asleep = new Map<number, number>();
  #residents: number[][] | null = null;
  #work = 0;
  /** Hosts that might take somebody in, while a detour is looked for, their largest rooms, and the smallest VM's demand. */
  #open: readonly number[] = [];
  #most: Float64Array = new Float64Array();
  #smallest: Float64Array | null = null;
  readonly #relocated: { vm: number; to: number }[] = [];
  /** Loads at the end; made when first asked for. */
  #finalLoad: Float64Array | null = null;

  constructor(dense: Dense, at: Int32Array, load: Float64Array, budget: number) {
    this.#dense = dense;
    this.#at = at.slice();
    this.#passage = new Passage(dense, { load });
    this.#budget = budget;
  }

  run(): Sequence {
    const arrivals = this.#departAndList();
    while (this.#waiting.length > 0) {
      this.#goRounds();
      if (this.#waiting.length === 0) break;
      if (this.#passage.charge >= this.#budget || !this.#makeWay()) return this.#result(this.#waiting, []);
    }
    const late = this.#arrive(arrivals);
    return this.#result([], late);
  }

  #result(stuck: readonly number[], late: readonly number[]): Sequence {
    const { steps, charge } = this.#passage;
    return {
      steps: stuck.length === 0 ? steps : null,
      charge,
      cost: stuck.length === 0 ? costOf(this.#dense, steps, charge) : Number.POSITIVE_INFINITY,
      stuck,
      late,
      relocated: this.#relocated,
      work: this.#work,
    };
  }

  /** Takes the departures and lists what else is to be done. */
  #departAndList(): Step[] {
    const { home, image, vmCount } = this.#dense;
    for (const step of departures(this.#dense)) this.#passage.take(step);
    const arrivals: Step[] = [];
    for (let vm = 0; vm < vmCount; vm++) {
      const from = home[vm] as number;
      const to = this.#at[vm] as number;
      if (to >= 0 && from !== to) {
        if (from >= 0) this.#waiting.push(vm);
        else arrivals.push({ kind: image[vm] === -1 ? "run" : "resume", vm, from: image[vm] as number, to });
      } else if (growsInPlace(this.#dense, vm, to)) {
        arrivals.push({ kind: "allocate", vm, from, to });
      }
    }
    const { planRules } = this.#dense;
    if (planRules.timed) this.#waiting.sort((a, b) => planRules.urgency(a) - planRules.urgency(b) || a - b);
    return arrivals;
  }

  /** Takes every waiting step that is legal, again and again until none is. */
  #goRounds(): void {
    for (let before = -1; before !== this.#waiting.length; ) {
      before = this.#waiting.length;
      this.#waiting = this.#waiting.filter((vm) => !this.#goes(vm));
    }
  }

  #goes(vm: number): boolean {
    const { planRules } = this.#dense;
    if (!planRules.none) {
      if (this.#synced.has(vm)) return true;
      const together = planRules.together(vm, this.#waiting);
      if (together.some((member) => planRules.mustWait(member, this.#waiting))) return false;
      if (together.length > 1) return !planRules.exclusive(together) && this.#goTogether(together);
    }
    const to = this.#at[vm] as number;
    if (!this.#passage.admits(vm, to)) return false;
    const image = this.#asleep.get(vm);
    if (image === undefined) this.#migrate(vm, to);
    else this.#passage.take({ kind: "resume", vm, from: image, to });
    return true;
  }

  /** Several VMs whose migrations start at once: each must find room while none of them has left. */
  #goTogether(group: readonly number[]): boolean {
    const moves = group.map((member) => ({
      vm: member,
      from: this.#passage.where[member] as number,
      to: this.#at[member] as number,
    }));
    if (!this.#passage.admitsAtOnce(moves)) return false;
    for (const move of moves) {
      this.#migrate(move.vm, move.to);
      this.#synced.add(move.vm);
    }
    return true;
  }

  #migrate(vm: number, to: number): void {
    const from = this.#passage.where[vm] as number;
    this.#passage.take({ kind: "migrate", vm, from, to });
    const residents = this.#residents;
    if (residents === null) return;
    residents[from] = (residents[from] as number[]).filter((other) => other !== vm);
    (residents[to] as number[]).push(vm);
  }

  /** Frees the destination of one waiting step, as cheaply as it sees; false when it sees no way. */
  #makeWay(): boolean {
    const best = this.#cheapestDetours();
    if (best === null) return this.#suspendOne();
    for (const { vm, to, forGood } of best) {
      if (!this.#passage.admits(vm, to)) continue;
      if (forGood && this.#mayStay(vm, to)) this.#relocate(vm, to);
      this.#migrate(vm, to);
      this.#detoured.add(vm);
      if (!this.#waiting.includes(vm)) this.#waiting.push(vm);
      if (this.#at[vm] === to) this.#waiting = this.#waiting.filter((other) => other !== vm);
    }
    return true;
  }

  #cheapestDetours(): readonly Detour[] | null {
    this.#open = this.#hostsWithRoom();
    this.#most = this.#largestRoom();
    let best: readonly Detour[] | null = null;
    let least = Number.POSITIVE_INFINITY;
    const seen = new Set<string>();
    for (const vm of this.#waiting) {
      const to = this.#at[vm] as number;
      const shortage = this.#passage.shortage(vm, to);
      const key = `${to}:${shortage}`;
      if (seen.has(key) || !this.#dense.mayEnter(vm, to)) continue;
      seen.add(key);
      if (this.#wayAtLeast(to, shortage) >= least) continue;
      const detours = this.#detoursFrom(to, shortage, vm);
      const extra = detours?.reduce((sum, detour) => sum + detour.extra, 0) ?? Number.POSITIVE_INFINITY;
      if (extra < least) {
        least = extra;
        best = detours;
      }
    }
    return best;
  }

  /** Hosts that have room for the smallest VM at least, the widest first: none of the others takes anyone in. */
  #hostsWithRoom(): readonly number[] {
    const { width, ceiling, hostCount } = this.#dense;
    this.#smallest ??= smallestDemand(this.#dense);
    const smallest = this.#smallest;
    const open = [...Array(hostCount).keys()].filter((host) =>
      smallest.every((amount, r) => {
        const cell = host * width + r;
        return (this.#passage.load[cell] as number) + amount <= (ceiling[cell] as number) || amount === 0;
      }),
    );
    const margins = open.map((host) => ({ host, margin: this.#margin(host) }));
    return margins.sort((a, b) => b.margin - a.margin || a.host - b.host).map(({ host }) => host);
  }

  /** The most that one of the open hosts has left, per resource. */
  #largestRoom(): Float64Array {
    const { width, ceiling } = this.#dense;
    const most = new Float64Array(width);
    for (const host of this.#open) {
      for (let r = 0; r < width; r++) {
        const cell = host * width + r;
        const left = (ceiling[cell] as number) - (this.#passage.load[cell] as number);
        most[r] = Math.max(most[r] as number, left);
      }
    }
    return most;
  }

  #fitsSomewhere(vm: number): boolean {
    const { width, demand } = this.#dense;
    for (let r = 0; r < width; r++)
      if ((demand[vm * width + r] as number) > (this.#most[r] as number)) return false;
    return true;
  }

  /** No set of residents frees what is short on the host for less: each unit at the best rate of any of them. */
  #wayAtLeast(host: number, shortage: readonly number[]): number {
    const { charges } = this.#dense;
    if (!charges.level) return 0;
    let least = 0;
    for (let r = 0; r < shortage.length; r++) {
      const short = shortage[r] as number;
      if (short === 0) continue;
      let rate = Number.POSITIVE_INFINITY;
      for (const vm of this.#residentsOf(host)) {
        const amount = Math.min(short, this.#passage.amount(vm, host, r));
        if (amount > 0) rate = Math.min(rate, (charges.once[vm] as number) / amount);
      }
      least = Math.max(least, rate * short);
    }
    return least;
  }

  /** The cheapest VMs whose leaving `host` frees what is short there. */
  #detoursFrom(host: number, shortage: readonly number[], mover: number): readonly Detour[] | null {
    const detours: Detour[] = [];
    for (const vm of this.#residentsOf(host)) {
      if (vm === mover || this.#dense.fixed[vm] === 1 || this.#detoured.has(vm)) continue;
      if (this.#dense.planRules.direct(vm)) continue;
      const detour = this.#detour(vm, host);
      if (detour !== null) detours.push(detour);
    }
    const items = detours.map(({ vm, extra }) => ({
      cost: extra,
      amounts: shortage.map((_, r) => this.#passage.amount(vm, host, r)),
    }));
    const { chosen } = cheapestCover(items, shortage);
    return chosen === null || chosen.length === 0 ? null : chosen.map((i) => detours[i] as Detour);
  }

  /** The cheapest way out of `host` for the VM, with the most room left behind it. */
  #detour(vm: number, host: number): Detour | null {
    this.#work++;
    if (!this.#fitsSomewhere(vm)) return null;
    const { charges } = this.#dense;
    const end = this.#at[vm] as number;
    const direct = end === host ? 0 : charges.move(vm, host, end);
    const least = charges.level ? charges.move(vm, host, host) : 0;
    let best: Detour | null = null;
    for (const to of this.#open) {
      const out = charges.move(vm, host, to);
      if (to === host || (best !== null && out - direct >= best.extra) || !this.#passage.admits(vm, to))
        continue;
      const forGood = end === host && this.#mayStay(vm, to);
      const onward = to === end || forGood ? 0 : charges.move(vm, to, end);
      const extra = out + onward - direct;
      if (best !== null && extra >= best.extra) continue;
      best = { vm, to, extra, forGood };
      if (extra <= least) break;
    }
    return best;
  }

  /** Whether a VM that was to stay at home may as well end here: no rule minds, and there is room at the end. */
  #mayStay(vm: number, to: number): boolean {
    const { width, room, demand, tied } = this.#dense;
    if (tied[vm] === 1 || !this.#dense.mayEnd(vm, to)) return false;
    this.#finalLoad ??= finalLoad(this.#dense, this.#at);
    for (let r = 0; r < width; r++) {
      const wanted = demand[vm * width + r] as number;
      const cell = to * width + r;
      if (wanted > 0 && (this.#finalLoad[cell] as number) + wanted > (room[cell] as number)) return false;
    }
    return true;
  }

  #relocate(vm: number, to: number): void {
    const { width, demand } = this.#dense;
    const from = this.#at[vm] as number;
    for (let r = 0; r < width && this.#finalLoad !== null; r++) {
      const amount = demand[vm * width + r] as number;
      this.#finalLoad[from * width + r] = (this.#finalLoad[from * width + r] as number) - amount;
      this.#finalLoad[to * width + r] = (this.#finalLoad[to * width + r] as number) + amount;
    }
    this.#at[vm] = to;
    this.#relocated.push({ vm, to });
  }

  #margin(host: number): number {
    const { width, ceiling } = this.#dense;
    let least = 1;
    for (let cell = host * width; cell < (host + 1) * width; cell++) {
      const top = ceiling[cell] as number;
      if (top > 0) least = Math.min(least, (top - (this.#passage.load[cell] as number)) / top);
    }
    return least;
  }

  /** The last resort: one waiting VM sleeps until its destination has room. */
  #suspendOne(): boolean {
    const { suspendable, charges, planRules } = this.#dense;
    let cheapest = -1;
    for (const vm of this.#waiting) {
      if (suspendable[vm] === 0 || this.#passage.where[vm] === -1 || planRules.direct(vm)) continue;
      if (cheapest < 0 || charges.suspend(vm) < charges.suspend(cheapest)) cheapest = vm;
    }
    if (cheapest < 0) return false;
    const from = this.#passage.where[cheapest] as number;
    this.#passage.take({ kind: "suspend", vm: cheapest, from, to: -1 });
    this.#asleep.set(cheapest, from);
    this.#residents = null;
    return true;
  }

  #residentsOf(host: number): readonly number[] {
    if (this.#residents === null) {
      const residents: number[][] = Array.from({ length: this.#dense.hostCount }, () => []);
      this.#passage.where.forEach((h, vm) => {
        if (h >= 0) (residents[h] as number[]).push(vm);
      });
      this.#residents = residents;
    }
    return this.#residents[host] as number[];
  }

  /** Runs, resumes and raises: they free nothing, so they come last. Returns the VMs that found no room. */
  #arrive(arrivals: readonly Step[]): number[] {
    const late: number[] = [];
    for (const step of arrivals) {
      const { kind, vm, to } = step;
      if (kind === "allocate" ? this.#passage.admitsRaise(vm, to) : this.#passage.admits(vm, to))
        this.#passage.take(step);
      else late.push(step.vm);
    }
    return late;
  }
}

/** Least demand of any VM, per resource. */
function smallestDemand({ width, vmCount, demand }: Dense): Float64Array {
  const least = new Float64Array(width).fill(vmCount === 0 ? 0 : Number.POSITIVE_INFINITY);
  for (let cell = 0; cell < vmCount * width; cell++) {
    least[cell % width] = Math.min(least[cell % width] as number, demand[cell] as number);
  }
  return least;
}

function finalLoad({ width, hostCount, demand }: Dense, at: Int32Array): Float64Array {
  const load = new Float64Array(hostCount * width);
  for (const [vm, host] of at.entries()) {
    if (host < 0) continue;
    for (let r = 0; r < width; r++) {
      load[host * width + r] = (load[host * width + r] as number) + (demand[vm * width + r] as number);
    }
  }
  return load;
}
