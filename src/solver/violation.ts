/** How far a configuration is from viable, in one number: amounts that are too much, or not served at all. */
import type { Assignment } from "./assignment.ts";
import { FATE } from "./dense.ts";

/**
 * Sum over hosts and resources of what exceeds capacity, plus the whole demand of every VM that should stand and
 * stands nowhere or where it may not, plus the excess of every strict relative rule.
 */
export function violationOf(assignment: Assignment): number {
  const { dense, load } = assignment;
  let sum = 0;
  for (let cell = 0; cell < load.length; cell++) {
    sum += Math.max(0, (load[cell] as number) - (dense.room[cell] as number));
  }
  for (let v = 0; v < dense.vmCount; v++) if (isMisplaced(assignment, v)) sum += demandOf(assignment, v);
  return sum + strictExcess(assignment);
}

/** How far the strict relative rules are from holding. */
export function strictExcess({ constraints }: Assignment): number {
  return constraints.reduce(
    (sum, constraint) => sum + (constraint.weight === 0 ? constraint.excess() : 0),
    0,
  );
}

export function isMisplaced({ dense, at }: Assignment, vm: number): boolean {
  if (dense.fate[vm] !== FATE.stands) return false;
  const host = at[vm] as number;
  return host < 0 || !dense.mayEnd(vm, host);
}

function demandOf({ dense }: Assignment, vm: number): number {
  let sum = 1;
  for (let r = 0; r < dense.width; r++) sum += dense.demand[vm * dense.width + r] as number;
  return sum;
}
