/**
 * The configuration on its way from the start to the end: who is where after the steps taken so far, one after the
 * other. A step is legal when its destination has room for it beside everything that is there.
 */
import { type Dense, FATE } from "./dense.ts";
import { slotsOfHost } from "./slots.ts";
import type { Step } from "./step.ts";
import { Transit } from "./transit.ts";

export class Passage {
  readonly dense: Dense;
  /** Host of each VM now, -1: nowhere. */
  readonly where: Int32Array;
  readonly load: Float64Array;
  readonly steps: Step[] = [];
  charge = 0;
  readonly #transit: Transit;

  constructor(dense: Dense, start: { readonly load: Float64Array }) {
    this.dense = dense;
    this.where = dense.home.slice();
    this.load = start.load.slice();
    this.#transit = new Transit(dense);
  }

  /** What the VM takes on a host: as now where it is at the start, its full demand elsewhere. */
  amount(vm: number, host: number, r: number): number {
    const { width, demand, held, home } = this.dense;
    return (home[vm] === host ? held : demand)[vm * width + r] as number;
  }

  /** Whether the VM may arrive on the host now. */
  admits(vm: number, host: number): boolean {
    if (!this.dense.mayEnter(vm, host)) return false;
    if (!this.#transit.idle && !this.#transit.admits(vm, host)) return false;
    const { width, ceiling, demand } = this.dense;
    for (let r = 0; r < width; r++) {
      const wanted = demand[vm * width + r] as number;
      const cell = host * width + r;
      if (wanted > 0 && (this.load[cell] as number) + wanted > (ceiling[cell] as number)) return false;
    }
    return true;
  }

  /** Whether all these migrations may start at the same time, each host and slot serving them together. */
  admitsAtOnce(
    moves: readonly { readonly vm: number; readonly from: number; readonly to: number }[],
  ): boolean {
    const { width, demand } = this.dense;
    const users = new Map<number, number>();
    for (const { from, to } of moves)
      for (const host of [from, to]) users.set(host, (users.get(host) ?? 0) + 1);
    if ([...users].some(([host, count]) => count > slotsOfHost(this.dense, host))) return false;
    if (!this.#transit.idle) return false;
    const before = this.load.slice();
    const admitted = moves.every(({ vm, to }) => {
      const fits = this.admits(vm, to);
      for (let r = 0; r < width; r++) {
        this.load[to * width + r] =
          (this.load[to * width + r] as number) + (demand[vm * width + r] as number);
      }
      return fits;
    });
    this.load.set(before);
    return admitted;
  }

  /** Whether the VM may be raised to its full demand where it is. */
  admitsRaise(vm: number, host: number): boolean {
    const { width, ceiling, demand, held, resources } = this.dense;
    return resources.every((_, r) => {
      const raise = (demand[vm * width + r] as number) - (held[vm * width + r] as number);
      const cell = host * width + r;
      return raise <= 0 || (this.load[cell] as number) + raise <= (ceiling[cell] as number);
    });
  }

  /** What the host lacks, per resource, to take the VM now; 0 where it has room. */
  shortage(vm: number, host: number): number[] {
    const { width, ceiling, demand, resources } = this.dense;
    return resources.map((_, r) => {
      const wanted = demand[vm * width + r] as number;
      const cell = host * width + r;
      return wanted === 0 ? 0 : Math.max(0, (this.load[cell] as number) + wanted - (ceiling[cell] as number));
    });
  }

  take(step: Step): void {
    const { kind, vm, to } = step;
    this.steps.push(step);
    if (kind === "allocate") {
      this.#allocate(vm, to);
      return;
    }
    const running = this.where[vm] as number;
    if (running >= 0) this.#add(vm, running, -1);
    if (to >= 0) this.#add(vm, to, 1);
    this.where[vm] = to;
    this.#transit.move(vm, to);
    this.charge += stepCharge(this.dense, step);
  }

  #allocate(vm: number, host: number): void {
    const { width, demand, held } = this.dense;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      const raise = (demand[vm * width + r] as number) - (held[vm * width + r] as number);
      this.load[cell] = (this.load[cell] as number) + raise;
    }
  }

  #add(vm: number, host: number, sign: number): void {
    const { width } = this.dense;
    for (let r = 0; r < width; r++) {
      const cell = host * width + r;
      this.load[cell] = (this.load[cell] as number) + sign * this.amount(vm, host, r);
    }
  }
}

function stepCharge({ charges }: Dense, { kind, vm, from, to }: Step): number {
  if (kind === "migrate") return charges.move(vm, from, to);
  if (kind === "resume") return charges.resume(vm, from, to);
  return kind === "suspend" ? charges.suspend(vm) : 0;
}

export function chargeOf(dense: Dense, steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + stepCharge(dense, step), 0);
}

/** The steps of all that leaves for good. They need no room, so they come first. */
export function departures(dense: Dense): readonly Step[] {
  const steps: Step[] = [];
  for (let vm = 0; vm < dense.vmCount; vm++) {
    if (dense.fate[vm] !== FATE.leaves) continue;
    const kind = dense.problem.vms[vm]?.desired === "sleeping" ? "suspend" : "stop";
    const home = dense.home[vm] as number;
    steps.push({ kind, vm, from: home >= 0 ? home : (dense.image[vm] as number), to: -1 });
  }
  return steps;
}

/** Loads of all that runs now, whatever becomes of it. */
export function startingLoad(dense: Dense): Float64Array {
  const { width, home, held } = dense;
  const load = new Float64Array(dense.hostCount * width);
  for (let v = 0; v < dense.vmCount; v++) {
    const host = home[v] as number;
    if (host < 0) continue;
    for (let r = 0; r < width; r++) {
      load[host * width + r] = (load[host * width + r] as number) + (held[v * width + r] as number);
    }
  }
  return load;
}

/** Whether the VM is to be given more than it has without moving. */
export function growsInPlace(dense: Dense, vm: number, end: number): boolean {
  if (!dense.grows || dense.home[vm] !== end || dense.fate[vm] !== FATE.stands) return false;
  for (let r = 0; r < dense.width; r++) {
    if ((dense.demand[vm * dense.width + r] as number) > (dense.held[vm * dense.width + r] as number))
      return true;
  }
  return false;
}
