/**
 * What a plan that is not known to be the cheapest can do without. The search has put VMs elsewhere for the sake of what
 * it did not achieve in the end, or let them make way for others that have no steps any more.
 */
import type { Assignment } from "./assignment.ts";
import { type Dense, FATE } from "./dense.ts";
import type { Effort } from "./effort.ts";
import { growsInPlace, Passage } from "./passage.ts";
import type { Step } from "./step.ts";
import { strictExcess } from "./violation.ts";

/** VMs whose steps are left out for a trial, in all. Only a plan with that many idle ones keeps some. */
const MOST_TRIED = 200;

/**
 * The steps without those of VMs that may as well stay where they are: all others are still legal one after the other,
 * no host has more too much, no VM and no strict rule is worse off, and the charge is no higher.
 * @param assignment where all steps lead; is changed to where those that are left lead.
 */
export function withoutIdle(
  assignment: Assignment,
  steps: readonly Step[],
  load: Float64Array,
  effort: Effort,
): readonly Step[] {
  const { dense } = assignment;
  // Rules about the plan tie migrations to one another; a sequence alone does not tell whether they hold.
  if (!dense.planRules.none) return steps;
  let left = steps;
  let tried = 0;
  for (let before = -1; before !== left.length; ) {
    before = left.length;
    for (const vm of moved(dense, left)) {
      const from = assignment.at[vm] as number;
      if (tried >= MOST_TRIED || !goesHome(assignment, vm)) continue;
      tried++;
      effort.decide();
      const rest = left.filter((step) => step.vm !== vm);
      if (isLegal(dense, rest, load)) left = rest;
      else assignment.move(vm, from);
    }
  }
  return left;
}

/** Those that stand somewhere at the start and are not there for ever, the dearest first. */
function moved(dense: Dense, steps: readonly Step[]): readonly number[] {
  const { home, fate, charges } = dense;
  return [...new Set(steps.map(({ vm }) => vm))]
    .filter((vm) => (home[vm] as number) >= 0 && fate[vm] === FATE.stands)
    .filter((vm) => !growsInPlace(dense, vm, home[vm] as number))
    .sort((a, b) => (charges.once[b] as number) - (charges.once[a] as number) || a - b);
}

/** Puts the VM where it was at the start; false, and nothing changed, when that is worse. */
function goesHome(assignment: Assignment, vm: number): boolean {
  const { dense, charge } = assignment;
  const home = dense.home[vm] as number;
  const at = assignment.at[vm] as number;
  if (at === home) return true;
  if (!dense.mayEnd(vm, home)) return false;
  const excess = strictExcess(assignment);
  assignment.remove(vm);
  const fits = assignment.fits(vm, home);
  assignment.place(vm, home);
  if (fits && strictExcess(assignment) <= excess && assignment.charge <= charge) return true;
  assignment.move(vm, at);
  return false;
}

/** Whether these steps can be taken one after the other. */
function isLegal(dense: Dense, steps: readonly Step[], load: Float64Array): boolean {
  const passage = new Passage(dense, { load });
  return steps.every((step) => {
    const { kind, vm, to } = step;
    const admitted = kind === "allocate" ? passage.admitsRaise(vm, to) : to < 0 || passage.admits(vm, to);
    if (admitted) passage.take(step);
    return admitted;
  });
}
