/**
 * A lower bound on the charge of any plan, and which VMs attain it.
 *
 * Derivation. A VM that stands at its end on another host than now has been moved (or resumed) at least once,
 * and is charged for that once at least, whatever the order and the pivots. Every VM has one home, so charges
 * counted at different homes never count one VM twice: the bound is a sum over homes. At one home, the VMs that
 * may not stay must leave; if the others still do not fit, some more leave, and they form a cover of the excess
 * in every resource; the cheapest cover (cover.ts) is charged at least. VMs that run nowhere yet add the cheapest
 * of their admissible hosts. Preferred rules add nothing, as breaking them could be cheaper.
 */
import type { Assignment } from "./assignment.ts";
import { type Cover, cheapestCover } from "./cover.ts";
import { type Dense, FATE } from "./dense.ts";

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
  const homes: HomeBound[] = [];
  let charge = arrivalsBound(dense);
  for (let host = 0; host < dense.hostCount; host++) {
    const home = homeBound(dense, start, host);
    if (home === null) continue;
    homes.push(home);
    charge += home.charge;
  }
  return { charge, homes };
}

function homeBound(dense: Dense, start: Assignment, host: number): HomeBound | null {
  const restful = dense.domains.length === 0 && dense.closed[host] === 0;
  if (restful && !start.overloaded(host)) return null;
  const forced: number[] = [];
  const free: number[] = [];
  for (let v = start.first(host); v >= 0; v = start.next(v)) {
    if (!dense.mayEnd(v, host)) forced.push(v);
    else if (dense.fixed[v] === 0) free.push(v);
  }
  if (forced.length === 0 && !start.overloaded(host)) return null;
  const paid = forced.reduce((sum, v) => sum + cheapestMove(dense, v), 0);
  const cover = coverOf(dense, start, host, forced, free);
  const chosen = cover.chosen === null ? null : cover.chosen.map((i) => free[i] as number);
  return { host, forced, cover: chosen, charge: paid + (chosen === null ? 0 : cover.bound) };
}

function coverOf(
  dense: Dense,
  start: Assignment,
  host: number,
  forced: readonly number[],
  free: readonly number[],
): Cover {
  const { width, room, demand } = dense;
  const needs = dense.resources.map((_, r) => {
    const cell = host * width + r;
    const leaving = forced.reduce((sum, v) => sum + (demand[v * width + r] as number), 0);
    return (start.load[cell] as number) - leaving - (room[cell] as number);
  });
  if (needs.every((need) => need <= 0)) return { chosen: [], cost: 0, bound: 0 };
  const items = free.map((v) => ({
    cost: cheapestMove(dense, v),
    amounts: dense.resources.map((_, r) => demand[v * width + r] as number),
  }));
  return cheapestCover(items, needs);
}

/** What one move of the VM costs at least; only the distance objective makes it depend on the host. */
function cheapestMove(dense: Dense, vm: number): number {
  return dense.charges.once[vm] as number;
}

function arrivalsBound(dense: Dense): number {
  const { fate, image, charges } = dense;
  let charge = 0;
  for (let v = 0; v < dense.vmCount; v++) if (fate[v] === FATE.leaves) charge += charges.leaving(v);
  for (const v of dense.arriving()) if (image[v] !== -1) charge += charges.once[v] as number;
  return charge;
}
