/**
 * Quick proofs about the plan's own rules. VMs that may not end where they are, and cannot be suspended, must migrate:
 * when the rules about these alone cannot all hold, nothing else helps.
 */
import type { HomeBound } from "./bound.ts";
import type { Dense } from "./dense.ts";
import { durationOf } from "./durations.ts";
import { MEMORY } from "./problem.ts";
import { slotsOfHost } from "./slots.ts";
import type { Explanation } from "./solution.ts";

/** Empty: nothing was proved. */
export function planProofs(dense: Dense, homes: readonly HomeBound[]): readonly Explanation[] {
  if (dense.planRules.none) return [];
  const movers = homes.flatMap(({ forced }) => forced).filter((vm) => dense.suspendable[vm] === 0);
  for (const prove of [tooLate, inACircle, atOnceAndNot, tooManyAtOnce]) {
    const proof = prove(dense, movers);
    if (proof.length > 0) return proof;
  }
  return [];
}

type Movers = readonly number[];

/** VMs whose migration alone takes longer than they have. */
function tooLate(dense: Dense, movers: Movers): readonly Explanation[] {
  const { problem, planRules } = dense;
  return movers.flatMap((vm): Explanation[] => {
    const memory = problem.vms[vm]?.demand[MEMORY] ?? 0;
    const takes = durationOf("migrate", memory, true, problem.plan?.bandwidthMibPerSecond);
    const deadline = planRules.deadlines.get(vm) ?? Number.POSITIVE_INFINITY;
    if (takes <= deadline) return [];
    const why = `it must migrate within ${deadline} ms, which takes ${takes} ms at least`;
    return [explained(dense, "deadline", [vm], why)];
  });
}

/** VMs each of which would have to migrate before itself. */
function inACircle(dense: Dense, movers: Movers): readonly Explanation[] {
  const { precedences } = dense.planRules;
  let left = movers.filter((vm) => precedences.some(({ before, after }) => before.has(vm) || after.has(vm)));
  for (let size = -1; size !== left.length; ) {
    size = left.length;
    left = left.filter((vm) => dense.planRules.mustWait(vm, left));
  }
  return left.length === 0
    ? []
    : [explained(dense, "precedence", left, "each of them has to wait for another one to have migrated")];
}

function atOnceAndNot(dense: Dense, movers: Movers): readonly Explanation[] {
  const { planRules } = dense;
  const group = groups(dense, movers).find((vms) => planRules.exclusive(vms));
  if (group === undefined) return [];
  const why = "they must migrate at the same time, and some of them must not";
  return [explained(dense, "sync", group, why)];
}

/** VMs that must leave one host at the same time, more than it can send. */
function tooManyAtOnce(dense: Dense, movers: Movers): readonly Explanation[] {
  for (const group of groups(dense, movers)) {
    for (const [host, vms] of Map.groupBy(group, (vm) => dense.home[vm] as number)) {
      const slots = slotsOfHost(dense, host);
      if (vms.length <= slots) continue;
      const why = `${vms.length} VMs must leave ${dense.hostId(host)} at the same time, and it can send ${slots} at a time`;
      return [explained(dense, "sync", vms, why)];
    }
  }
  return [];
}

/** Of those that must migrate, the sets that do so together. */
function groups({ planRules }: Dense, movers: Movers): readonly Movers[] {
  if (planRules.synced.length === 0) return [];
  const seen = new Set<number>();
  return movers.flatMap((vm) => {
    if (seen.has(vm)) return [];
    const group = planRules.together(vm, movers);
    for (const member of group) seen.add(member);
    return group.length > 1 ? [group] : [];
  });
}

function explained(
  dense: Dense,
  kind: "deadline" | "precedence" | "sync",
  movers: Movers,
  why: string,
): Explanation {
  const vms = movers.map((vm) => dense.vmId(vm));
  const rules = dense.problem.rules.flatMap((rule, index) => {
    const named =
      rule.kind === "precedence" ? [...rule.before, ...rule.after] : "vms" in rule ? rule.vms : [];
    return rule.kind === kind && named.some((id) => vms.includes(id)) ? [index] : [];
  });
  return { kind: "rule", rules, vms, hosts: [], why };
}
