/** What strict host-level rules say about VMs that share a home now: who may only leave together, who may not stay together. */
import type { Dense } from "./dense.ts";
import { FATE } from "./dense.ts";

export interface Ties {
  /** For a VM that may only leave with others: all of them, itself included. */
  readonly blocks: ReadonlyMap<number, readonly number[]>;
  /** Per home, groups of VMs of which at most one may stay. */
  readonly clashes: ReadonlyMap<number, readonly (readonly number[])[]>;
}

export function tiesOf(dense: Dense): Ties {
  const blocks = new Map<number, readonly number[]>();
  const clashes = new Map<number, (readonly number[])[]>();
  for (const rule of dense.problem.rules) {
    if (rule.preferred !== undefined || (rule.kind !== "gather" && rule.kind !== "spread")) continue;
    if (rule.level !== undefined && rule.level !== "host") continue;
    for (const [home, vms] of homesOf(dense, dense.vmsOf(rule.vms))) {
      if (vms.length < 2) continue;
      if (rule.kind === "spread") clashes.set(home, [...(clashes.get(home) ?? []), vms]);
      else if (!vms.some((vm) => blocks.has(vm))) for (const vm of vms) blocks.set(vm, vms);
    }
  }
  return { blocks, clashes };
}

function homesOf(dense: Dense, vms: readonly number[]): ReadonlyMap<number, number[]> {
  const staying = vms.filter((vm) => dense.fate[vm] === FATE.stands && (dense.home[vm] as number) >= 0);
  return Map.groupBy(staying, (vm) => dense.home[vm] as number);
}
