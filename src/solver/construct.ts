/**
 * The first placement: what is wrong at the start is cleared one wrong after the other, the largest first. Hosts
 * that hold too much first try their cheapest cover (which the lower bound knows); whatever has no easy way goes
 * to the repair search, with growing width.
 */
import type { Assignment } from "./assignment.ts";
import type { HomeBound } from "./bound.ts";
import type { Dense } from "./dense.ts";
import type { Effort } from "./effort.ts";
import { NARROW, type Repair, type Width, type Wrong } from "./repair.ts";
import { isMisplaced } from "./violation.ts";

const WIDER: Width = { direct: 6, ejecting: 8, culprits: 16, nodes: 6000, depth: 14 };

/** Clears what it can; returns what it could not. */
export function construct(
  assignment: Assignment,
  repair: Repair,
  homes: readonly HomeBound[],
  effort: Effort,
): readonly Wrong[] {
  const wrongs = initialWrongs(assignment, repair, homes);
  const left: Wrong[] = [];
  for (const { wrong, home } of wrongs) {
    if (!repair.isWrong(wrong) || (home !== undefined && shed(assignment, home, effort))) continue;
    if (!repair.run([wrong], Number.POSITIVE_INFINITY, NARROW)) left.push(wrong);
  }
  return left.filter(
    (wrong) => repair.isWrong(wrong) && !repair.run([wrong], Number.POSITIVE_INFINITY, WIDER),
  );
}

interface Initial {
  readonly wrong: Wrong;
  readonly home?: HomeBound;
  readonly size: number;
}

function initialWrongs(
  assignment: Assignment,
  repair: Repair,
  homes: readonly HomeBound[],
): readonly Initial[] {
  const { dense, constraints } = assignment;
  const wrongs: Initial[] = [];
  for (let v = 0; v < dense.vmCount; v++) {
    if (isMisplaced(assignment, v)) wrongs.push({ wrong: repair.vmWrong(v), size: sizeOf(dense, v) });
  }
  wrongs.sort((a, b) => b.size - a.size || a.wrong - b.wrong);
  constraints.forEach((constraint, i) => {
    if (constraint.weight === 0) wrongs.push({ wrong: repair.constraintWrong(i), size: 0 });
  });
  const overloaded = homes.filter((home) => home.cover === null || home.cover.length > 0);
  const hosts = overloaded.map((home) => ({ wrong: repair.hostWrong(home.host), home, size: home.charge }));
  return [...wrongs, ...hosts.sort((a, b) => b.size - a.size || a.wrong - b.wrong)];
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
  const { dense } = assignment;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let host = 0; host < dense.hostCount; host++) {
    if (host === except || !assignment.fits(vm, host)) continue;
    if (!dense.mayEnd(vm, host) || !dense.mayEnter(vm, host) || !assignment.admitted(vm, host)) continue;
    const score = dense.charges.standing(vm, host) + assignment.slack(host) / (dense.width + 1);
    if (score < least) {
      least = score;
      best = host;
    }
  }
  return best;
}
