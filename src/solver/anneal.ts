/**
 * Simulated annealing (Kirkpatrick et al., Science 1983) on the placement alone, for hosts packed so full that
 * putting one thing right at a time gets nowhere. Overload is allowed and charged, at a price that rises while no
 * viable placement turns up and falls while they do; VMs shift to other hosts or trade places. Every viable
 * placement cheaper than the best plan is shown to the caller, who tries to order it.
 *
 * VMs with relative rules, and those that stand where they may not, are left to the repair search.
 */
import type { Random } from "../lib/random.ts";
import type { Assignment } from "./assignment.ts";
import { type Dense, FATE } from "./dense.ts";

/** Proposals that count as one decision: about as much work as one of the repair search. */
export const PROPOSALS_PER_DECISION = 64;

/** With more VMs than these, annealing comes by nothing in reasonable time. */
export const MOST_ANNEALED = 5000;

/** Of 1,024 proposals: those about a VM that is away, while any is, and those that are trades. */
const FOCUS = 512;
const TRADES = 717;
/** Share of shifts home among the shifts of the away. */
const GO_HOME = 0.5;
/** Charge of an overload before any excess, and per whole host of it, in mean moves. */
const OVERLOAD_FIXED = 0.2;
const OVERLOAD_LINEAR = 6;
/** What multiplies that charge: at first, and after a cooling with too few or many viable placements. */
const FIRST_PRICE = 3.5;
const DEARER = 1.3;
const CHEAPER = 0.8;
/**
 * By how many temperatures a proposal may make it dearer: exponentially distributed, which is Metropolis' rule with the
 * chance drawn first, so that most proposals are refused before all is known of them.
 */
const TOLERANCES = Float64Array.from({ length: 4096 }, (_, i) => -Math.log((i + 0.5) / 4096));
/** The first temperature of a cooling is drawn between these, the last is fixed; in mean moves. */
const HOTTEST = 0.1;
const HOT_OCTAVES = 1;
const COLD = 0.01;

/** Placements shown in one cooling, at most: ordering one takes as long as hundreds of proposals. */
const MOST_SHOWN = 16;

export class Annealing {
  readonly #dense: Dense;
  readonly #random: Random;
  readonly at: Int32Array;
  /** What each host holds above its room; negative where it has some left. */
  readonly #over: Float64Array;
  readonly #demand: Float64Array;
  /** Charge of an excess by one unit of a resource, before the price. */
  readonly #perUnit: Float64Array;
  readonly #width: number;
  /** VMs that may be moved here, the cheapest first. */
  readonly #mobile: Int32Array;
  readonly #others: Int32Array;
  /** VMs that are away, as a set with constant-time removal. */
  readonly #away: Int32Array;
  #awayCount = 0;
  readonly #place: Int32Array;
  readonly #home: Int32Array;
  /** What a move is charged, wherever it goes if that is `level`. */
  readonly #once: Float64Array;
  readonly #level: boolean;
  /** 1: no rule hears of every VM on this host. */
  readonly #free: Uint8Array;
  /** Mean charge of a move. */
  readonly #unit: number;
  /** Charge of any excess at all, before the price. */
  readonly #fixed: number;
  readonly #penalties: Float64Array;
  #price = FIRST_PRICE;
  #temperature = 1;
  /** The present proposal is refused when it is dearer than this. */
  #tolerance = 0;
  #overloaded = 0;
  #charge = 0;

  constructor(assignment: Assignment, random: Random) {
    this.#dense = assignment.dense;
    this.#random = random;
    this.at = assignment.at.slice();
    const { width, room, demand } = this.#dense;
    this.#over = assignment.load.map((load, cell) => load - (room[cell] as number));
    this.#demand = demand;
    this.#width = width;
    this.#charge = assignment.charge;
    this.#mobile = mobileVms(assignment);
    this.#home = this.#dense.home;
    this.#once = this.#dense.charges.once;
    this.#level = this.#dense.charges.level;
    this.#away = new Int32Array(this.#mobile.length);
    const mobile = new Set(this.#mobile);
    this.#others = Int32Array.from([...this.at.keys()].filter((vm) => !mobile.has(vm)));
    this.#free = Uint8Array.from({ length: this.#dense.hostCount }, (_, host) =>
      assignment.watched(host) ? 0 : 1,
    );
    this.#place = new Int32Array(this.#dense.vmCount).fill(-1);
    for (const vm of this.#mobile) this.#noteAway(vm);
    this.#penalties = new Float64Array(this.#dense.hostCount);
    this.#unit =
      this.#mobile.reduce((sum, vm) => sum + (this.#once[vm] as number), 0) /
      Math.max(1, this.#mobile.length);
    this.#fixed = this.#unit * OVERLOAD_FIXED;
    this.#perUnit = this.#dense.meanRoom.map((mean) => (this.#unit * OVERLOAD_LINEAR) / mean);
  }

  /** How many VMs it moves about. */
  get size(): number {
    return this.#mobile.length;
  }

  /** Sends everyone it moves home. */
  sendHome(): void {
    for (const vm of this.#mobile) {
      const home = this.#dense.home[vm] as number;
      if (home < 0 || home === this.at[vm] || !this.#dense.mayEnd(vm, home)) continue;
      this.#charge += this.#gain(vm, this.at[vm] as number, home);
      this.#settle(vm, home);
      this.#noteAway(vm);
    }
  }

  /** Takes over where the others, whom it does not move, stand by now. */
  follow(assignment: Assignment): void {
    for (const vm of this.#others) {
      const to = assignment.at[vm] as number;
      if (to !== this.at[vm]) this.#settle(vm, to);
    }
    const moved = this.#mobile.reduce((sum, vm) => sum + this.#standing(vm, this.at[vm] as number), 0);
    const kept = this.#mobile.reduce((sum, vm) => sum + this.#standing(vm, assignment.at[vm] as number), 0);
    this.#charge = assignment.charge - kept + moved;
  }

  /**
   * One cooling. `show` is called, all along its way, at viable placements that are cheaper than what it returned last
   * (at first `ceiling`).
   */
  cool(proposals: number, ceiling: number, show: (ceiling: number) => number): void {
    const hot = HOTTEST * 2 ** (-HOT_OCTAVES * this.#random.fraction());
    let best = ceiling;
    let viable = 0;
    let next = 0;
    this.#temperature = hot * this.#unit;
    for (let host = 0; host < this.#dense.hostCount; host++) this.#refresh(host);
    const factor = (COLD / hot) ** (1 / Math.max(1, proposals / 256));
    for (let i = 0; i < proposals; i++) {
      if ((i & 255) === 255) this.#temperature *= factor;
      const changed = this.#propose();
      if (this.#overloaded > 0) continue;
      viable++;
      if (!changed || this.#charge >= best || i < next) continue;
      next = i + proposals / MOST_SHOWN;
      best = show(best);
    }
    this.#price *= viable * 20 < proposals ? DEARER : viable * 4 > proposals ? CHEAPER : 1;
  }

  #propose(): boolean {
    const random = this.#random;
    const draw = random.next();
    this.#tolerance = this.#temperature * (TOLERANCES[draw & 4095] as number);
    const vm = ((draw >>> 12) & 1023) < FOCUS && this.#awayCount > 0 ? this.#anyAway() : this.#any();
    if (draw >>> 22 < TRADES) return this.#trade(vm, this.#any());
    const home = this.#home[vm] as number;
    const goHome = home >= 0 && this.at[vm] !== home && random.fraction() < GO_HOME;
    return this.#shift(vm, goHome ? home : (random.fraction() * this.#free.length) | 0);
  }

  #anyAway(): number {
    return this.#away[(this.#random.fraction() * this.#awayCount) | 0] as number;
  }

  /** Any VM, the cheap ones rather. */
  #any(): number {
    const draw = this.#random.fraction();
    return this.#mobile[(draw * draw * this.#mobile.length) | 0] as number;
  }

  #shift(vm: number, to: number): boolean {
    const from = this.at[vm] as number;
    if (from === to || from < 0) return false;
    const charge = this.#gain(vm, from, to);
    const paid = (this.#penalties[from] as number) + (this.#penalties[to] as number);
    if (charge - paid > this.#tolerance || !this.#reaches(vm, to)) return false;
    const left = charge + this.#penaltyWith(from, -1, vm) - paid;
    if (left > this.#tolerance || left + this.#penaltyWith(to, vm, -1) > this.#tolerance) return false;
    this.#settle(vm, to);
    this.#charge += charge;
    this.#noteAway(vm);
    this.#refresh(from);
    this.#refresh(to);
    return true;
  }

  #trade(a: number, b: number): boolean {
    const from = this.at[a] as number;
    const to = this.at[b] as number;
    if (from === to) return false;
    const chargeA = this.#gain(a, from, to);
    const chargeB = this.#gain(b, to, from);
    const paid = (this.#penalties[from] as number) + (this.#penalties[to] as number);
    if (chargeA + chargeB - paid > this.#tolerance || !this.#reaches(a, to) || !this.#reaches(b, from))
      return false;
    const left = chargeA + chargeB + this.#penaltyWith(from, b, a) - paid;
    if (left > this.#tolerance || left + this.#penaltyWith(to, a, b) > this.#tolerance) return false;
    this.#settle(a, to);
    this.#settle(b, from);
    this.#charge += chargeA + chargeB;
    this.#noteAway(a);
    this.#noteAway(b);
    this.#refresh(from);
    this.#refresh(to);
    return true;
  }

  #reaches(vm: number, host: number): boolean {
    return (
      this.#free[host] === 1 &&
      this.#dense.mayEnd(vm, host) &&
      (this.#home[vm] === host || this.#dense.mayEnter(vm, host))
    );
  }

  #gain(vm: number, from: number, to: number): number {
    return this.#standing(vm, to) - this.#standing(vm, from);
  }

  #standing(vm: number, host: number): number {
    if (!this.#level) return this.#dense.charges.standing(vm, host);
    return this.#home[vm] === host ? 0 : (this.#once[vm] as number);
  }

  #settle(vm: number, to: number): void {
    this.#add(vm, this.at[vm] as number, -1);
    this.#add(vm, to, 1);
    this.at[vm] = to;
  }

  #add(vm: number, host: number, sign: number): void {
    if (host < 0) return;
    const width = this.#width;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      this.#over[cell] = (this.#over[cell] as number) + sign * (this.#demand[vm * width + r] as number);
    }
  }

  #noteAway(vm: number): void {
    const away = this.at[vm] !== this.#home[vm];
    const place = this.#place[vm] as number;
    if (away && place < 0) {
      this.#place[vm] = this.#awayCount;
      this.#away[this.#awayCount++] = vm;
    } else if (!away && place >= 0) {
      const last = this.#away[--this.#awayCount] as number;
      this.#away[place] = last;
      this.#place[last] = place;
      this.#place[vm] = -1;
    }
  }

  #refresh(host: number): void {
    const before = this.#penalties[host] as number;
    const after = this.#penaltyWith(host, -1, -1);
    if (before > 0 !== after > 0) this.#overloaded += after > 0 ? 1 : -1;
    this.#penalties[host] = after;
  }

  /** What the host would be charged with one VM more and one less (-1: none). */
  #penaltyWith(host: number, plus: number, minus: number): number {
    const width = this.#width;
    const demand = this.#demand;
    let excess = 0;
    for (let r = 0; r < width; r++) {
      let over = this.#over[host * width + r] as number;
      if (plus >= 0) over += demand[plus * width + r] as number;
      if (minus >= 0) over -= demand[minus * width + r] as number;
      if (over > 0) excess += over * (this.#perUnit[r] as number);
    }
    return excess === 0 ? 0 : this.#price * (this.#fixed + excess);
  }
}

function mobileVms(assignment: Assignment): Int32Array {
  const { dense, at } = assignment;
  const mobile: number[] = [];
  for (let vm = 0; vm < dense.vmCount; vm++) {
    const host = at[vm] as number;
    const free =
      dense.fate[vm] === FATE.stands && dense.fixed[vm] === 0 && host >= 0 && dense.mayEnd(vm, host);
    if (free && assignment.concerned(vm, host).length === 0) mobile.push(vm);
  }
  const { once } = dense.charges;
  return Int32Array.from(mobile.sort((a, b) => (once[a] as number) - (once[b] as number) || a - b));
}
