/**
 * The complete search over placements: the repair search from everyone at home with nothing left out. When it ends by
 * itself it has seen every viable placement cheaper than the ceiling (each differs from home by repairs only), so it
 * raises the bound to the cheapest one that counts, or proves that there is none.
 */
import type { Assignment } from "./assignment.ts";
import type { Effort } from "./effort.ts";
import { Repair, type Width, type Wrong } from "./repair.ts";
import { isMisplaced } from "./violation.ts";

export interface Survey {
  /** Every viable placement below the ceiling was seen. */
  readonly complete: boolean;
  /** Charge of the cheapest viable placement seen, in which order or none; infinite when none was. */
  readonly cheapest: number;
}

/** @param ceiling placements from this charge on are of no interest. */
export function survey(start: Assignment, effort: Effort, ceiling: number, nodes: number): Survey {
  const repair = new Repair(start, effort);
  let cheapest = Number.POSITIVE_INFINITY;
  const width: Width = { direct: EVERY, ejecting: EVERY, culprits: EVERY, nodes, depth: EVERY };
  const { complete } = repair.explore(everyWrong(start, repair), ceiling, width, () => {
    cheapest = start.charge;
  });
  return { complete, cheapest };
}

const EVERY = 1_000_000;

/** All that is wrong now. */
export function everyWrong(assignment: Assignment, repair: Repair): readonly Wrong[] {
  const { dense, constraints } = assignment;
  const wrongs: Wrong[] = [];
  for (let host = 0; host < dense.hostCount; host++) wrongs.push(repair.hostWrong(host));
  for (const [i, constraint] of constraints.entries())
    if (constraint.weight === 0) wrongs.push(repair.constraintWrong(i));
  for (let vm = 0; vm < dense.vmCount; vm++) if (isMisplaced(assignment, vm)) wrongs.push(repair.vmWrong(vm));
  return wrongs.filter((wrong) => repair.isWrong(wrong));
}
