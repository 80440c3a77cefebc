import type { Level } from "../../model/constraint.ts";
import type { Dense } from "../dense.ts";

/** Hosts folded to the level of a rule: two hosts with the same spot count as one place. */
export interface Spots {
  readonly of: Int32Array;
}

/** Hosts that lack the label share one spot, the unnamed. */
export function spotsAt(dense: Dense, level: Level | undefined): Spots {
  if (level === undefined || level === "host") {
    return { of: Int32Array.from({ length: dense.hostCount }, (_, h) => h) };
  }
  const numbers = new Map<string, number>();
  const of = Int32Array.from(dense.problem.hosts, (host) => {
    const value = host.labels[level.label] ?? "";
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, numbers.size);
    return numbers.size - 1;
  });
  return { of };
}

/** One spot per group of hosts; -1: outside all of them. The groups are disjoint. */
export function spotsOfGroups(dense: Dense, groups: readonly (readonly string[])[]): Spots {
  const of = new Int32Array(dense.hostCount).fill(-1);
  for (const [group, ids] of groups.entries()) for (const host of dense.hostsOf(ids)) of[host] = group;
  return { of };
}
