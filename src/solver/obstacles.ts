/** Why a VM cannot stand on a host: per host, with the rule and the figures. */
import { present } from "../lib/assert.ts";
import { type Rule, ruleName } from "../model/constraint.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Assignment } from "./assignment.ts";
import type { Dense } from "./dense.ts";
import { prepare } from "./prepared.ts";
import type { Problem } from "./problem.ts";

export interface Obstacle {
  readonly host: string;
  /** Null: it could go there as things are. */
  readonly why: string | null;
}

/**
 * For every host, what keeps the VM from going there while the others stay where they are.
 * @throws AssertionError when the problem is not well formed or has no such VM.
 */
export function whyNot(problem: Problem, vm: VmId): readonly Obstacle[] {
  const { dense, assignment } = prepare(problem);
  const v = present(dense.vmIndex.get(vm), `VM ${vm}`);
  assignment.remove(v);
  return problem.hosts.map(({ id }, host) => ({
    host: id,
    why: absoluteObstacle(dense, v, host) ?? presentObstacle(dense, assignment, v, host),
  }));
}

/** What forbids it whatever the others do; null: nothing. */
export function absoluteObstacle(dense: Dense, vm: number, host: number): string | null {
  const here = dense.home[vm] === host;
  if (dense.problem.hosts[host]?.online === false) return "the host is offline";
  const by = (...kinds: readonly Rule["kind"][]) => rulesAbout(dense, vm, host, kinds);
  if (dense.closed[host] === 1) return `the host is to be emptied${by("offline")}`;
  if (dense.fixed[vm] === 1 && !here) return `the VM may not be moved${by("root", "quarantine")}`;
  if (!dense.mayEnd(vm, host)) return `forbidden${by("ban", "fence", ...(here ? [] : OUTSIDERS))}`;
  if (dense.shut[host] === 1 && !here) return `nothing may enter the host${by("quarantine", "offline")}`;
  return lack(dense, vm, host, "has", (cell) => dense.room[cell] as number);
}

function presentObstacle(dense: Dense, assignment: Assignment, vm: number, host: number): string | null {
  const free = (cell: number) => (dense.room[cell] as number) - (assignment.load[cell] as number);
  const short = lack(dense, vm, host, "has free", free);
  if (short !== null) return short;
  const broken = assignment.concerned(vm, host).find((rule) => rule.weight === 0 && !rule.admits(vm, host));
  if (broken === undefined) return null;
  const rule = present(dense.problem.rules[broken.rule], "the rule that is broken");
  return `${ruleName(rule, broken.rule)} would not hold`;
}

function lack(
  dense: Dense,
  vm: number,
  host: number,
  verb: string,
  there: (cell: number) => number,
): string | null {
  for (const [r, resource] of dense.resources.entries()) {
    const needed = dense.demand[vm * dense.width + r] as number;
    const available = there(host * dense.width + r);
    if (needed > 0 && needed > available)
      return `it needs ${needed} ${resource}, the host ${verb} ${Math.max(0, available)}`;
  }
  return null;
}

const OUTSIDERS = ["quarantine"] as const;

/** The strict rules of these kinds that name the VM and concern the host, as ` by rule 3 (ban)`. */
function rulesAbout(dense: Dense, vm: number, host: number, kinds: readonly Rule["kind"][]): string {
  const id = dense.vmId(vm);
  const home = dense.problem.vms[vm]?.host ?? "";
  const names = dense.problem.rules.flatMap((rule, index) => {
    if (rule.preferred !== undefined || !kinds.includes(rule.kind)) return [];
    const about =
      (rule.kind === "ban" && rule.vms.includes(id) && rule.hosts.includes(dense.hostId(host))) ||
      (rule.kind === "fence" && rule.vms.includes(id) && !rule.hosts.includes(dense.hostId(host))) ||
      (rule.kind === "root" && rule.vms.includes(id)) ||
      (rule.kind === "offline" && rule.hosts.includes(dense.hostId(host))) ||
      (rule.kind === "quarantine" && (rule.hosts.includes(dense.hostId(host)) || rule.hosts.includes(home)));
    return about ? [ruleName(rule, index)] : [];
  });
  return names.length === 0 ? "" : ` by ${names.join(", ")}`;
}
