/**
 * What pivots cost at least, on top of `lowerBound`.
 *
 * Derivation. Take VMs that must all leave their homes, each with one host it may go to, such that each goes to the
 * home of the next: a cycle. One of them, w, is the first to arrive for good, on the home j of the next, u. At that
 * moment either u has been elsewhere already and is charged once more than counted; or u is still there, and what
 * w lacks on j has been freed by others that lived there: those that must leave anyway for nothing, the rest for
 * one move each, which no bound has counted where j itself had not to lose more. So the cycle costs the cheapest
 * of these over its members. Cycles without a common home add up.
 */
import type { Assignment } from "./assignment.ts";
import type { HomeBound } from "./bound.ts";
import { cheapestCover } from "./cover.ts";
import { type Dense, FATE } from "./dense.ts";
import { departures } from "./passage.ts";

/** @param load of every host now; `homes`: who must leave where. */
export function pivotBound(
  dense: Dense,
  start: Assignment,
  load: Float64Array,
  homes: readonly HomeBound[],
): number {
  const cycles = new Cycles(dense, homes);
  const forced = new Set(homes.flatMap((home) => home.forced));
  const strained = new Set(homes.filter(({ cover }) => cover?.length !== 0).map(({ host }) => host));
  const gone = departures(dense).map((step) => step.vm);
  const leaving = Map.groupBy(gone, (vm) => dense.home[vm] as number);
  return cycles.all().reduce((sum, cycle) => {
    const members = cycle.map((vm, i) => ({
      arriving: vm,
      resident: cycle[(i + 1) % cycle.length] as number,
    }));
    const options = members.map(({ arriving, resident }) => {
      const host = dense.home[resident] as number;
      return strained.has(host) ? 0 : makingWay(dense, start, load, arriving, resident, forced, leaving);
    });
    return sum + Math.min(...options);
  }, 0);
}

/** Cheapest way to let `arriving` onto the home of `resident` before that one has left for good. */
function makingWay(
  dense: Dense,
  start: Assignment,
  load: Float64Array,
  arriving: number,
  resident: number,
  forced: ReadonlySet<number>,
  leaving: ReadonlyMap<number, readonly number[]>,
): number {
  const { width, demand, held, ceiling, charges, resources } = dense;
  const host = dense.home[resident] as number;
  const needs = resources.map((_, r) => {
    const wanted = demand[arriving * width + r] as number;
    const cell = host * width + r;
    return wanted === 0 ? 0 : Math.max(0, (load[cell] as number) + wanted - (ceiling[cell] as number));
  });
  const others = [...start.vmsOn(host), ...(leaving.get(host) ?? [])].filter(
    (vm) => vm !== resident && dense.fixed[vm] === 0,
  );
  const items = others.map((vm) => ({
    cost: forced.has(vm) || dense.fate[vm] === FATE.leaves ? 0 : (charges.once[vm] as number),
    amounts: resources.map((_, r) => held[vm * width + r] as number),
  }));
  if (needs.every((need) => need === 0)) return 0;
  return Math.min(charges.once[resident] as number, cheapestCover(items, needs).bound);
}

/** The cycles among VMs with one way to go, taking one such VM per home. */
class Cycles {
  /** Per home, a VM that must leave it for a single host. */
  readonly #leaver = new Map<number, number>();
  readonly #target = new Map<number, number>();

  constructor(dense: Dense, homes: readonly HomeBound[]) {
    for (const { host, forced } of homes) {
      for (const vm of forced) {
        const target = dense.onlyChoice(vm);
        if (target < 0 || target === host || this.#leaver.has(host)) continue;
        this.#leaver.set(host, vm);
        this.#target.set(host, target);
      }
    }
  }

  all(): readonly (readonly number[])[] {
    const seen = new Map<number, number>();
    const cycles: number[][] = [];
    let walk = 0;
    for (const origin of this.#leaver.keys()) {
      walk++;
      let host: number | undefined = origin;
      while (host !== undefined && !seen.has(host)) {
        seen.set(host, walk);
        host = this.#target.get(host);
      }
      if (host !== undefined && seen.get(host) === walk) cycles.push(this.#cycleFrom(host));
    }
    return cycles;
  }

  #cycleFrom(host: number): number[] {
    const vms: number[] = [];
    let at = host;
    do {
      vms.push(this.#leaver.get(at) as number);
      at = this.#target.get(at) as number;
    } while (at !== host);
    return vms;
  }
}
