/**
 * The first placement: what is wrong at the start is cleared one wrong after the other, the largest first. Hosts
 * that hold too much first try their cheapest cover (which the lower bound knows); whatever has no easy way goes
 * to the repair search, with growing width.
 */
import { MOST_ANNEALED } from "./anneal.ts";
import type { Assignment } from "./assignment.ts";
import type { HomeBound } from "./bound.ts";
import type { Dense } from "./dense.ts";
import type { Effort } from "./effort.ts";
import { NARROW, type Repair, type Width, type Wrong } from "./repair.ts";
import { isMisplaced } from "./violation.ts";

/** Budgets tried one after the other, as multiples of what the wrong costs at least. */
const GENEROSITY = [1, 1.05, 1.15, 1.5, 2.5];
/** Hosts that repair may fail to relieve before the rest is left to annealing. */
const MOST_HOPELESS = 1;
const STEP: Width = { ...NARROW, nodes: 60 };
const LAST_ATTEMPT: Width = { ...NARROW, nodes: 60, depth: 14 };

/** Clears what it can; returns what it could not. */
export function construct(
  assignment: Assignment,
  repair: Repair,
  homes: readonly HomeBound[],
  effort: Effort,
): readonly Wrong[] {
  const misplaced = takeOff(assignment, homes);
  const left: Wrong[] = [];
  for (const vm of misplaced) if (!settle(assignment, repair, vm, effort)) left.push(repair.vmWrong(vm));
  const patience = assignment.dense.vmCount <= MOST_ANNEALED ? MOST_HOPELESS : Number.POSITIVE_INFINITY;
  let hopeless = 0;
  for (const { wrong, home } of otherWrongs(assignment, repair, homes)) {
    if (!repair.isWrong(wrong) || (home !== undefined && !effort.exhausted && shed(assignment, home, effort)))
      continue;
    const skipped = effort.exhausted || (home !== undefined && hopeless >= patience);
    if (!skipped && repairStepwise(assignment, repair, wrong, home?.charge)) continue;
    left.push(wrong);
    hopeless++;
  }
  const back = putBack(assignment, misplaced);
  const again = back.length === 0 ? [] : broken(assignment, repair);
  return [...new Set([...left, ...again])].filter((wrong) => repair.isWrong(wrong));
}

/** Hosts and rules: who was put back may have made one wrong that was right while he was off. */
function broken(assignment: Assignment, repair: Repair): readonly Wrong[] {
  const { constraints, dense } = assignment;
  const rules = [...constraints.keys()].filter((i) => constraints[i]?.weight === 0);
  const hosts = Array.from({ length: dense.hostCount }, (_, host) => repair.hostWrong(host));
  return [...rules.map((i) => repair.constraintWrong(i)), ...hosts];
}

/** Takes off all that may not stand where it is, so that its room counts; fewest choices first, then largest. */
function takeOff(assignment: Assignment, homes: readonly HomeBound[]): readonly number[] {
  const { dense } = assignment;
  const vms = [...homes.flatMap(({ forced }) => forced), ...dense.arriving()];
  for (const vm of vms) if (dense.fixed[vm] === 0) assignment.remove(vm);
  return vms
    .map((vm) => ({ vm, choices: dense.choices(vm), size: sizeOf(dense, vm) }))
    .sort((a, b) => a.choices - b.choices || b.size - a.size || a.vm - b.vm)
    .map(({ vm }) => vm);
}

function settle(assignment: Assignment, repair: Repair, vm: number, effort: Effort): boolean {
  if (!isMisplaced(assignment, vm)) return true;
  if (effort.exhausted) return false;
  effort.decide();
  const host = bestFit(assignment, vm, -1);
  if (host >= 0 && assignment.at[vm] === -1) assignment.place(vm, host);
  return host >= 0 || repairStepwise(assignment, repair, repair.vmWrong(vm));
}

/** Those that have found no place go home; returns them. */
function putBack(assignment: Assignment, vms: readonly number[]): readonly number[] {
  const back = vms.filter((vm) => assignment.at[vm] === -1);
  for (const vm of back) assignment.move(vm, assignment.dense.home[vm] as number);
  return back;
}

/** Small budgets first: they keep the search near the wrong, and what they find is cheap. */
function repairStepwise(
  assignment: Assignment,
  repair: Repair,
  wrong: Wrong,
  least = repair.atLeast(wrong),
): boolean {
  for (const factor of least > 0 ? GENEROSITY : []) {
    if (repair.run([wrong], assignment.charge + Math.ceil(least * factor) + 1, STEP)) return true;
  }
  return repair.run([wrong], Number.POSITIVE_INFINITY, LAST_ATTEMPT);
}

interface Initial {
  readonly wrong: Wrong;
  readonly home?: HomeBound;
  readonly size: number;
}

function otherWrongs(
  assignment: Assignment,
  repair: Repair,
  homes: readonly HomeBound[],
): readonly Initial[] {
  const rules = assignment.constraints.map((constraint, i) => ({
    constraint,
    wrong: repair.constraintWrong(i),
    size: 0,
  }));
  const overloaded = homes.filter((home) => home.cover?.length !== 0);
  const hosts = overloaded.map((home) => ({ wrong: repair.hostWrong(home.host), home, size: home.charge }));
  return [
    ...rules.filter(({ constraint }) => constraint.weight === 0),
    ...hosts.sort((a, b) => b.size - a.size || a.wrong - b.wrong),
  ];
}

/** The VM's largest share of an average host. */
export function sizeOf(dense: Dense, vm: number): number {
  let size = 0;
  for (let r = 0; r < dense.width; r++) {
    const share = (dense.demand[vm * dense.width + r] as number) / (dense.meanRoom[r] as number);
    size = Math.max(size, share);
  }
  return size;
}

/** Moves the host's cheapest cover to where it fits best; false, and nothing changed, when one has no place. */
function shed(assignment: Assignment, home: HomeBound, effort: Effort): boolean {
  const { dense } = assignment;
  const vms = (home.cover ?? []).filter((vm) => assignment.at[vm] === home.host);
  vms.sort((a, b) => sizeOf(dense, b) - sizeOf(dense, a) || a - b);
  for (const vm of vms) assignment.remove(vm);
  const placed: number[] = [];
  for (const vm of vms) {
    effort.decide();
    const host = bestFit(assignment, vm, home.host);
    if (host < 0) break;
    assignment.place(vm, host);
    placed.push(vm);
  }
  if (placed.length === vms.length && !assignment.overloaded(home.host)) return true;
  for (const vm of vms) assignment.move(vm, home.host);
  return false;
}

/** The cheapest host that takes the VM (standing nowhere) as it is, the fullest of those; -1: none. */
export function bestFit(assignment: Assignment, vm: number, except: number): number {
  const { charges, hostCount, width, image } = assignment.dense;
  const lies = image[vm] as number;
  if (lies >= 0 && lies !== except && takes(assignment, vm, lies)) return lies;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let host = 0; host < hostCount; host++) {
    const charge = charges.level ? 0 : charges.standing(vm, host);
    const score = charge + assignment.slack(host) / (width + 1);
    if (score >= least || host === except || !takes(assignment, vm, host)) continue;
    least = score;
    best = host;
  }
  return best;
}

function takes(assignment: Assignment, vm: number, host: number): boolean {
  const { dense } = assignment;
  if (!assignment.fits(vm, host) || !dense.mayEnd(vm, host) || !dense.mayEnter(vm, host)) return false;
  return assignment.admitted(vm, host);
}
