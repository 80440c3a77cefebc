/**
 * Best effort: when everything cannot be put right, a legal sequence of steps that leaves less wrong than it found
 * and makes nothing else wrong. It keeps what the repairs achieved as far as an order exists, then moves or starts
 * single VMs as long as that helps. What helps nobody is left out in the end.
 */
import { Assignment } from "./assignment.ts";
import { bestFit } from "./construct.ts";
import type { Dense } from "./dense.ts";
import type { Effort } from "./effort.ts";
import { withoutIdle } from "./idle.ts";
import { chargeOf } from "./passage.ts";
import { orderTo } from "./sequence.ts";
import type { Step } from "./step.ts";
import { isMisplaced, strictExcess, violationOf } from "./violation.ts";

export interface Relief {
  readonly steps: readonly Step[];
  readonly charge: number;
  readonly before: number;
  readonly violation: number;
}

/** Null when nothing leaves less wrong. @param repaired what the repairs achieved; is changed. */
export function relieve(
  dense: Dense,
  repaired: Assignment,
  load: Float64Array,
  effort: Effort,
): Relief | null {
  const before = violationOf(new Assignment(dense));
  for (const assignment of [repaired, new Assignment(dense)]) {
    easeMisplaced(assignment, effort);
    easeHosts(assignment, effort);
    const sequence = orderTo(dense, assignment.at, load, Number.POSITIVE_INFINITY);
    if (sequence.steps === null) continue;
    for (const { vm, to } of sequence.relocated) assignment.move(vm, to);
    for (const vm of sequence.late) if ((dense.home[vm] as number) < 0) assignment.remove(vm);
    const steps = withoutIdle(assignment, sequence.steps, load, effort);
    const violation = violationOf(assignment);
    if (steps.length > 0 && violation < before)
      return { steps, charge: chargeOf(dense, steps), before, violation };
  }
  return null;
}

function easeMisplaced(assignment: Assignment, effort: Effort): void {
  for (let vm = 0; vm < assignment.dense.vmCount; vm++) {
    if (isMisplaced(assignment, vm)) tryMove(assignment, vm, effort);
  }
}

function easeHosts(assignment: Assignment, effort: Effort): void {
  for (let host = 0; host < assignment.dense.hostCount; host++) {
    if (!assignment.overloaded(host)) continue;
    for (const vm of assignment.vmsOn(host)) {
      if (!assignment.overloaded(host)) break;
      if (relieves(assignment, vm, host)) tryMove(assignment, vm, effort);
    }
  }
}

function relieves({ dense, load }: Assignment, vm: number, host: number): boolean {
  return dense.resources.some((_, r) => {
    const cell = host * dense.width + r;
    return (
      (load[cell] as number) > (dense.room[cell] as number) &&
      (dense.demand[vm * dense.width + r] as number) > 0
    );
  });
}

/** Moves one VM where it fits, if that leaves less wrong than before. */
function tryMove(assignment: Assignment, vm: number, effort: Effort): void {
  const from = assignment.at[vm] as number;
  if (assignment.dense.fixed[vm] === 1 && from >= 0) return;
  const before = strictExcess(assignment);
  effort.decide();
  assignment.remove(vm);
  const host = bestFit(assignment, vm, from);
  assignment.move(vm, host < 0 ? from : host);
  if (strictExcess(assignment) > before) assignment.move(vm, from);
}
