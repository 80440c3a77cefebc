/** What hosts may hold and VMs take, read straight from the problem: shares no code with the search. */
import type { Rule } from "../../model/constraint.ts";
import type { Problem, ProblemHost, ProblemVm } from "../problem.ts";

const strict = (rule: Rule): boolean => rule.preferred === undefined;

export function resourcesOf(problem: Problem): readonly string[] {
  const names = [
    ...problem.hosts.map((host) => host.capacity),
    ...problem.vms.map((vm) => vm.demand),
  ].flatMap(Object.keys);
  const ruled = problem.rules.flatMap((rule) => ("resource" in rule ? [rule.resource] : []));
  return [...new Set([...names, ...ruled])];
}

/** What the VM takes on a host: what it has where it is at the start, what it must be given elsewhere and at the end. */
export function taken(problem: Problem, vm: ProblemVm, resource: string, asked: boolean): number {
  let amount = vm.demand[resource] ?? 0;
  if (!asked) return amount;
  for (const rule of problem.rules) {
    if (rule.kind === "preserve" && strict(rule) && rule.resource === resource && rule.vms.includes(vm.id)) {
      amount = Math.max(amount, rule.amount);
    }
  }
  return amount;
}

/** What the host may hold: at the end, or (more, where only the end is bound by an overbooking margin) before. */
export function capacityOf(problem: Problem, host: ProblemHost, resource: string, atEnd: boolean): number {
  const physical = host.capacity[resource] ?? 0;
  let limit = physical;
  for (const rule of problem.rules) {
    if (
      rule.kind !== "overbook" ||
      !strict(rule) ||
      rule.resource !== resource ||
      !rule.hosts.includes(host.id)
    )
      continue;
    const virtual = Math.floor((physical * rule.numerator) / rule.denominator);
    limit = atEnd || rule.continuous === true ? virtual : Math.max(physical, virtual);
  }
  return limit;
}
