/** The rules about the plan itself, straight from their definitions. They are about migrations. */
import { type Rule, ruleName } from "../../model/constraint.ts";
import type { Action, Plan } from "../../model/plan.ts";
import type { Problem } from "../problem.ts";
import type { Precedence } from "./precedence.ts";

export function checkPlanRules(problem: Problem, plan: Plan, order: Precedence): readonly string[] {
  const migrations = plan.actions.filter((action) => action.kind === "migrate");
  return problem.rules.flatMap((rule, index) =>
    kept(rule, migrations, order) ? [] : [`${ruleName(rule, index)} is not kept by the plan`],
  );
}

function kept(rule: Rule, migrations: readonly Action[], order: Precedence): boolean {
  const of = (ids: readonly string[]) => migrations.filter((action) => ids.includes(action.vm));
  switch (rule.kind) {
    case "no-delay":
      return of(rule.vms).every((action) => action.after.length === 0 && action.start === 0);
    case "serialize":
      return of(rule.vms).every(
        (action, i, all) => i === 0 || order.ordered((all[i - 1] as Action).id, action.id),
      );
    case "sync":
      return of(rule.vms).every((action, _, [first]) => startsWith(action, first as Action));
    case "precedence":
      return of(rule.before).every((a) => of(rule.after).every((b) => order.ordered(a.id, b.id)));
    case "deadline":
      return of(rule.vms).every((action) => action.start + action.duration <= rule.atMs);
    default:
      return true;
  }
}

function startsWith(a: Action, b: Action): boolean {
  return (
    a.start === b.start && a.after.length === b.after.length && a.after.every((id, i) => id === b.after[i])
  );
}
