/**
 * Continuous rules at every instant. The actions that a rule concerns must be ordered among themselves (the check is
 * stricter than need be here: disjoint ones could overlap harmlessly); then the rule has to hold after each of them,
 * and during each migration with the VM on both hosts. A rule broken at the start is only asked to hold at the end.
 */
import { type Rule, ruleName } from "../../model/constraint.ts";
import type { Action, Plan } from "../../model/plan.ts";
import type { Problem } from "../problem.ts";
import type { Precedence } from "./precedence.ts";
import { type Configuration, holds } from "./rules.ts";

export function checkContinuous(problem: Problem, plan: Plan, order: Precedence): readonly string[] {
  return problem.rules.flatMap((rule, index) => {
    const now = startOf(problem);
    if (
      rule.continuous !== true ||
      !RELATIVE.has(rule.kind) ||
      rule.preferred !== undefined ||
      !holds(rule, problem, now)
    )
      return [];
    const actions = plan.actions.filter((action) => concerns(rule, action));
    const loose = actions.find(
      (action, i) => i > 0 && !order.ordered((actions[i - 1] as Action).id, action.id),
    );
    if (loose !== undefined)
      return [`action ${loose.id} is not ordered with others under ${ruleName(rule, index)}`];
    return follow(rule, problem, plan, now)
      .filter(({ broken, action }) => broken && concerns(rule, action))
      .map(({ action }) => `${ruleName(rule, index)} does not hold during action ${action.id}`);
  });
}

/** The others, about one VM and fixed hosts, are checked where a VM is admitted. */
const RELATIVE: ReadonlySet<string> = new Set([
  "spread",
  "gather",
  "lonely",
  "split",
  "among",
  "split-among",
  "running-capacity",
  "resource-capacity",
  "max-online",
]);

function startOf(problem: Problem): Map<string, string> {
  const running = problem.vms.filter((vm) => vm.state === "running" && vm.host !== null);
  return new Map(running.map((vm) => [vm.id, vm.host as string]));
}

/** Whether an action can change how the rule stands. */
function concerns(rule: Rule, action: Action): boolean {
  if (action.kind === "allocate") return false;
  if (rule.kind === "lonely") return true;
  if ("vms" in rule) return rule.vms.includes(action.vm);
  if ("groups" in rule) return rule.groups.some((group) => group.includes(action.vm));
  if (!("hosts" in rule)) return false;
  return [action.from, action.to].some((host) => host !== null && rule.hosts.includes(host));
}

/** Every action one after the other: is the rule broken during it? */
function follow(
  rule: Rule,
  problem: Problem,
  plan: Plan,
  now: Map<string, string>,
): readonly { readonly action: Action; readonly broken: boolean }[] {
  return plan.actions.map((action) => {
    const during = action.to === null ? true : holdsWithGhost(rule, problem, now, action.vm, action.to);
    if (action.to === null) now.delete(action.vm);
    else now.set(action.vm, action.to);
    return { action, broken: !during || !holds(rule, problem, now) };
  });
}

/** The rule with a second copy of the VM on the host it is arriving at. */
function holdsWithGhost(rule: Rule, problem: Problem, now: Configuration, vm: string, to: string): boolean {
  const ghost = `${vm} arriving`;
  const original = problem.vms.find((candidate) => candidate.id === vm);
  if (original === undefined) return false;
  const doubled = { ...problem, vms: [...problem.vms, { ...original, id: ghost }] };
  return holds(withGhost(rule, vm, ghost), doubled, new Map([...now, [ghost, to]]));
}

function withGhost(rule: Rule, vm: string, ghost: string): Rule {
  const double = (ids: readonly string[]) => (ids.includes(vm) ? [...ids, ghost] : ids);
  if ("vms" in rule) return { ...rule, vms: double(rule.vms) } as Rule;
  if ("groups" in rule) return { ...rule, groups: rule.groups.map(double) } as Rule;
  return rule;
}
