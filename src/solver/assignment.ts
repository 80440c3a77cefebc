/**
 * Who stands where at the end, while the search changes its mind: per-host loads, the VMs of each host as linked
 * lists, the relative rules' counters and the running charge. Placing and removing cost O(resources + rules).
 */

import { compileConstraints } from "./constraints/compile.ts";
import type { Constraint } from "./constraints/constraint.ts";
import { type Dense, FATE } from "./dense.ts";

export class Assignment {
  readonly dense: Dense;
  /** Host of each VM at the end, -1: nowhere (yet, or by its fate). */
  readonly at: Int32Array;
  readonly load: Float64Array;
  readonly constraints: readonly Constraint[];
  /** Charges of everything placed, and weights of the preferred rules that do not hold. */
  charge = 0;
  /** The part of `charge` that is for preferred rules. */
  penalty = 0;
  readonly #slack: Float64Array;
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #byVm: Constraint[][] = [];
  readonly #byHost: Constraint[][] = [];

  /** Everyone stays where it is; what waits or sleeps stands nowhere. */
  constructor(dense: Dense) {
    this.dense = dense;
    this.at = new Int32Array(dense.vmCount).fill(-1);
    this.load = new Float64Array(dense.hostCount * dense.width);
    this.#slack = new Float64Array(dense.hostCount);
    for (let host = 0; host < dense.hostCount; host++) this.#measure(host);
    this.#first = new Int32Array(dense.hostCount).fill(-1);
    this.#next = new Int32Array(dense.vmCount).fill(-1);
    this.#previous = new Int32Array(dense.vmCount).fill(-1);
    this.constraints = compileConstraints(dense, this);
    this.#subscribe();
    for (let vm = 0; vm < dense.vmCount; vm++) this.admit(vm);
  }

  /** Brings a VM in where it is at the start. */
  admit(vm: number): void {
    const { fate, charges } = this.dense;
    if (fate[vm] === FATE.leaves) this.charge += charges.leaving(vm);
    const host = this.dense.standsAt(vm);
    if (host >= 0) this.place(vm, host);
  }

  /** Takes a VM out, wherever it stands. */
  withdraw(vm: number): void {
    const { fate, charges } = this.dense;
    if (fate[vm] === FATE.leaves) this.charge -= charges.leaving(vm);
    this.remove(vm);
  }

  first(host: number): number {
    return this.#first[host] as number;
  }

  next(vm: number): number {
    return this.#next[vm] as number;
  }

  vmsOn(host: number): number[] {
    const vms: number[] = [];
    for (let v = this.first(host); v >= 0; v = this.next(v)) vms.push(v);
    return vms;
  }

  /** Constraints that hear of this VM on this host. */
  concerned(vm: number, host: number): readonly Constraint[] {
    const own = this.#byVm[vm];
    const local = host < 0 ? undefined : this.#byHost[host];
    if (local === undefined) return own ?? NONE;
    return own === undefined ? local : [...own, ...local];
  }

  /** Whether some rule hears of every VM on this host. */
  watched(host: number): boolean {
    return this.#byHost[host] !== undefined;
  }

  place(vm: number, host: number): void {
    const { width, demand, charges } = this.dense;
    this.at[vm] = host;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      this.load[cell] = (this.load[cell] as number) + (demand[vm * width + r] as number);
    }
    this.#measure(host);
    this.#link(vm, host);
    this.charge += charges.standing(vm, host);
    for (const constraint of this.concerned(vm, host)) this.#tell(constraint, vm, host, true);
  }

  remove(vm: number): void {
    const host = this.at[vm] as number;
    if (host < 0) return;
    const { width, demand, charges } = this.dense;
    this.at[vm] = -1;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      this.load[cell] = (this.load[cell] as number) - (demand[vm * width + r] as number);
    }
    this.#measure(host);
    this.#unlink(vm, host);
    this.charge -= charges.standing(vm, host);
    for (const constraint of this.concerned(vm, host)) this.#tell(constraint, vm, host, false);
  }

  /** Puts a VM on another host, or nowhere (-1). */
  move(vm: number, host: number): void {
    this.remove(vm);
    if (host >= 0) this.place(vm, host);
  }

  overloaded(host: number): boolean {
    const { width, room } = this.dense;
    for (let cell = host * width; cell < (host + 1) * width; cell++) {
      if ((this.load[cell] as number) > (room[cell] as number)) return true;
    }
    return false;
  }

  /** Whether the VM, which is not on the host, has room there. */
  fits(vm: number, host: number): boolean {
    const { width, room, demand } = this.dense;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      const wanted = demand[vm * width + r] as number;
      if (wanted > 0 && (this.load[cell] as number) + wanted > (room[cell] as number)) return false;
    }
    return true;
  }

  /** Room left on the host, as the sum of its fractions over the resources. */
  slack(host: number): number {
    return this.#slack[host] as number;
  }

  #measure(host: number): void {
    const { width, room } = this.dense;
    let sum = 0;
    for (let cell = host * width; cell < (host + 1) * width; cell++) {
      const top = room[cell] as number;
      if (top > 0) sum += (top - (this.load[cell] as number)) / top;
    }
    this.#slack[host] = sum;
  }

  /** Whether no strict rule that holds now would be broken by the VM (standing nowhere) on the host. */
  admitted(vm: number, host: number): boolean {
    for (const constraint of this.concerned(vm, host)) {
      if (constraint.weight === 0 && !constraint.admits(vm, host)) return false;
    }
    return true;
  }

  /** The preferred rules of the problem that do not hold. */
  brokenWishes(): readonly number[] {
    const broken = this.constraints.filter((one) => one.weight > 0 && one.rule >= 0 && one.excess() > 0);
    return broken.map(({ rule }) => rule);
  }

  #tell(constraint: Constraint, vm: number, host: number, arrives: boolean): void {
    const held = constraint.weight > 0 && constraint.excess() === 0;
    if (arrives) constraint.enter(vm, host);
    else constraint.leave(vm, host);
    if (constraint.weight === 0) return;
    const holds = constraint.excess() === 0;
    if (held === holds) return;
    const change = holds ? -constraint.weight : constraint.weight;
    this.charge += change;
    this.penalty += change;
  }

  #subscribe(): void {
    for (const constraint of this.constraints) {
      const table = constraint.hosts === undefined ? this.#byVm : this.#byHost;
      for (const i of constraint.hosts ?? constraint.vms) {
        const list = table[i] ?? [];
        list.push(constraint);
        table[i] = list;
      }
    }
  }

  #link(vm: number, host: number): void {
    const head = this.#first[host] as number;
    this.#next[vm] = head;
    this.#previous[vm] = -1;
    if (head >= 0) this.#previous[head] = vm;
    this.#first[host] = vm;
  }

  #unlink(vm: number, host: number): void {
    const next = this.#next[vm] as number;
    const previous = this.#previous[vm] as number;
    if (previous >= 0) this.#next[previous] = next;
    else this.#first[host] = next;
    if (next >= 0) this.#previous[next] = previous;
  }
}

const NONE: readonly Constraint[] = [];
