import type { Rule } from "../../model/constraint.ts";
import { type Dense, FATE } from "../dense.ts";
import type { Constraint, Places } from "./constraint.ts";
import { Gather } from "./gather.ts";
import { spotsAt } from "./spots.ts";
import { Spread } from "./spread.ts";

/** The problem's relative rules, ready to follow `places`. */
export function compileConstraints(dense: Dense, places: Places): readonly Constraint[] {
  return dense.problem.rules
    .map((rule, index) => compile(dense, places, rule, index))
    .filter((constraint) => constraint !== null);
}

function compile(dense: Dense, places: Places, rule: Rule, index: number): Constraint | null {
  const weight = rule.preferred?.weight ?? 0;
  const standing = (ids: readonly string[]) => dense.vmsOf(ids).filter((v) => dense.fate[v] === FATE.stands);
  switch (rule.kind) {
    case "spread":
      return new Spread(index, weight, standing(rule.vms), spotsAt(dense, rule.level), places);
    case "gather":
      return new Gather(index, weight, standing(rule.vms), spotsAt(dense, rule.level), places);
    default:
      return null;
  }
}
