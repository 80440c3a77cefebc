/**
 * A lower bound on the charge of any plan, and which VMs attain it.
 *
 * Derivation. A VM that stands at its end on another host than now has been moved (or resumed) at least once,
 * and is charged for that once at least, whatever the order and the pivots. Every VM has one home, so charges
 * counted at different homes never count one VM twice: the bound is a sum over homes. At one home, the VMs that
 * may not stay must leave; if the others still do not fit, some more leave, and they form a cover of the excess
 * in every resource; the cheapest cover (cover.ts) is charged at least. VMs that a strict rule keeps on one host leave
 * together, so they are one item; of VMs that must stand apart and share a home all but one leave. VMs that run nowhere yet add the cheapest
 * of their admissible hosts. Preferred rules add nothing, as breaking them could be cheaper.
 */
import type { Assignment } from "./assignment.ts";
import { cheapestCover } from "./cover.ts";
import { type Dense, FATE } from "./dense.ts";
import { type Ties, tiesOf } from "./ties.ts";

/** What one home must lose at least. */
export interface HomeBound {
  readonly host: number;
  /** VMs that may not end here. */
  readonly forced: readonly number[];
  /** The cheapest further VMs without which the rest fits; null: even an empty home would be too full. */
  readonly cover: readonly number[] | null;
  readonly charge: number;
}

export interface Bound {
  readonly charge: number;
  readonly homes: readonly HomeBound[];
}

/** @param start everyone at home (and not yet changed by the search). */
export function lowerBound(dense: Dense, start: Assignment): Bound {
  const ties = tiesOf(dense);
  const homes: HomeBound[] = [];
  let charge = arrivalsBound(dense);
  for (let host = 0; host < dense.hostCount; host++) {
    const restful = dense.domains.length === 0 && dense.closed[host] === 0 && !ties.clashes.has(host);
    if (restful && !start.overloaded(host)) continue;
    const home = new Home(dense, start, host, ties).bound();
    if (home === null) continue;
    homes.push(home);
    charge += home.charge;
  }
  return { charge, homes };
}

class Home {
  readonly #dense: Dense;
  readonly #start: Assignment;
  readonly #host: number;
  readonly #ties: Ties;
  readonly #forced: ReadonlySet<number>;

  constructor(dense: Dense, start: Assignment, host: number, ties: Ties) {
    this.#dense = dense;
    this.#start = start;
    this.#host = host;
    this.#ties = ties;
    const barred = start.vmsOn(host).filter((vm) => !dense.mayEnd(vm, host));
    this.#forced = new Set(barred.flatMap((vm) => ties.blocks.get(vm) ?? [vm]));
  }

  /** Null when nobody has to leave. */
  bound(): HomeBound | null {
    const clash = this.#clashCharge();
    if (this.#forced.size === 0 && clash === 0 && !this.#start.overloaded(this.#host)) return null;
    const { cover, charge } = this.#coverOf();
    const paid = this.#chargeOf([...this.#forced]);
    return { host: this.#host, forced: [...this.#forced], cover, charge: paid + Math.max(charge, clash) };
  }

  #coverOf(): { readonly cover: readonly number[] | null; readonly charge: number } {
    const { width, room, resources } = this.#dense;
    const leaving = this.#amounts([...this.#forced]);
    const needs = resources.map((_, r) => {
      const cell = this.#host * width + r;
      return (this.#start.load[cell] as number) - (leaving[r] as number) - (room[cell] as number);
    });
    if (needs.every((need) => need <= 0)) return { cover: [], charge: 0 };
    const blocks = this.#freeBlocks();
    const items = blocks.map((vms) => ({ cost: this.#chargeOf(vms), amounts: this.#amounts(vms) }));
    const { chosen, bound } = cheapestCover(items, needs);
    if (chosen === null) return { cover: null, charge: 0 };
    return { cover: chosen.flatMap((i) => blocks[i] as readonly number[]), charge: bound };
  }

  /** Those who may stay or leave, by those who leave together. */
  #freeBlocks(): readonly (readonly number[])[] {
    const free = this.#start.vmsOn(this.#host).filter((vm) => !this.#forced.has(vm));
    const blocks = new Set(free.map((vm) => this.#ties.blocks.get(vm) ?? [vm]));
    return [...blocks].filter((vms) => vms.every((vm) => this.#dense.fixed[vm] === 0));
  }

  /** Of VMs that must stand apart all but one leave: all but the dearest, or but the one that may not. */
  #clashCharge(): number {
    const counted = new Set<number>();
    let charge = 0;
    for (const group of this.#ties.clashes.get(this.#host) ?? []) {
      const vms = group.filter((vm) => !this.#forced.has(vm) && !counted.has(vm));
      const kept = vms.some((vm) => this.#dense.fixed[vm] === 1)
        ? 0
        : Math.max(0, ...vms.map((vm) => this.#chargeOf([vm])));
      charge += this.#chargeOf(vms.filter((vm) => this.#dense.fixed[vm] === 0)) - kept;
      for (const vm of vms) counted.add(vm);
    }
    return charge;
  }

  /** What moving each of them once costs at least; only the distance objective makes it depend on the host. */
  #chargeOf(vms: readonly number[]): number {
    return vms.reduce((sum, vm) => sum + (this.#dense.charges.once[vm] as number), 0);
  }

  #amounts(vms: readonly number[]): readonly number[] {
    const { width, demand, resources } = this.#dense;
    return resources.map((_, r) => vms.reduce((sum, vm) => sum + (demand[vm * width + r] as number), 0));
  }
}

function arrivalsBound(dense: Dense): number {
  const { fate, image, charges } = dense;
  let charge = 0;
  for (let v = 0; v < dense.vmCount; v++) if (fate[v] === FATE.leaves) charge += charges.leaving(v);
  for (const v of dense.arriving()) if (image[v] !== -1) charge += charges.once[v] as number;
  return charge;
}
