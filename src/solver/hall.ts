/**
 * Hall sets: VMs that must stand on pairwise different spots, and together may use fewer spots than they are. Found
 * by bipartite matching; when a VM cannot be matched, those reachable from it by alternating paths are the proof.
 */

import type { Level } from "../model/constraint.ts";
import { spotsAt } from "./constraints/spots.ts";
import type { Dense } from "./dense.ts";
import { FATE } from "./dense.ts";
import type { Explanation } from "./solution.ts";

/** Empty: nothing was proved. */
export function hallProof(dense: Dense): readonly Explanation[] {
  for (const [index, rule] of dense.problem.rules.entries()) {
    if (rule.kind !== "spread" || rule.preferred !== undefined) continue;
    const vms = dense.vmsOf(rule.vms).filter((vm) => dense.fate[vm] === FATE.stands);
    const spots = spotsAt(dense, rule.level);
    const proof = violator(vms, (vm) => usableSpots(dense, spots.of, vm));
    if (proof === null) continue;
    const hosts = [...Array(dense.hostCount).keys()].filter((host) =>
      proof.spots.has(spots.of[host] as number),
    );
    return [
      {
        kind: "rule",
        rules: [index],
        vms: proof.vms.map((vm) => dense.vmId(vm)),
        hosts: hosts.map((host) => dense.hostId(host)),
        why: `${proof.vms.length} VMs must stand apart, but together they may use only ${placesAt(rule.level, proof.spots.size)}`,
      },
    ];
  }
  return [];
}

function placesAt(level: Level | undefined, count: number): string {
  if (level === undefined || level === "host") return count === 1 ? "1 host" : `${count} hosts`;
  const values = count === 1 ? "1 value" : `${count} values`;
  return `${values} of the label ${JSON.stringify(level.label)} (hosts without it count as one)`;
}

function usableSpots(dense: Dense, spotOf: Int32Array, vm: number): readonly number[] {
  const spots = new Set<number>();
  for (let host = 0; host < dense.hostCount; host++) {
    const there = host === dense.home[vm] || dense.mayEnter(vm, host);
    if (there && dense.mayEnd(vm, host) && fitsAlone(dense, vm, host)) spots.add(spotOf[host] as number);
  }
  return [...spots];
}

function fitsAlone(dense: Dense, vm: number, host: number): boolean {
  for (let r = 0; r < dense.width; r++) {
    if ((dense.demand[vm * dense.width + r] as number) > (dense.room[host * dense.width + r] as number))
      return false;
  }
  return true;
}

interface HallSet {
  readonly vms: readonly number[];
  readonly spots: ReadonlySet<number>;
}

/** A set of VMs with fewer spots than members, or null: all can be matched. */
function violator(vms: readonly number[], spotsOf: (vm: number) => readonly number[]): HallSet | null {
  const holder = new Map<number, number>();
  for (const vm of vms) {
    const seen = new Set<number>();
    if (!augment(vm, spotsOf, holder, seen)) {
      const members = [vm, ...[...seen].map((spot) => holder.get(spot) as number)];
      return { vms: members, spots: seen };
    }
  }
  return null;
}

function augment(
  vm: number,
  spotsOf: (vm: number) => readonly number[],
  holder: Map<number, number>,
  seen: Set<number>,
): boolean {
  for (const spot of spotsOf(vm)) {
    if (seen.has(spot)) continue;
    seen.add(spot);
    const other = holder.get(spot);
    if (other !== undefined && !augment(other, spotsOf, holder, seen)) continue;
    holder.set(spot, vm);
    return true;
  }
  return false;
}
