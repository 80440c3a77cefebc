/**
 * The next event, or the next host that joined: the problem with a few things changed is solved again. What was
 * prepared for the previous call is patched where that suffices, which leaves the work of the search alone.
 */
import type { Rule } from "../model/constraint.ts";
import type { NodeId } from "../model/node.ts";
import type { VmId } from "../model/virtual-machine.ts";
import { type Prepared, patch, prepare, restore } from "./prepared.ts";
import type { Limits, Problem, ProblemHost, ProblemVm } from "./problem.ts";
import type { Solution } from "./solution.ts";
import { solvePrepared } from "./solve.ts";

/** What is different now. Hosts and VMs with a known id replace that one, others are added. */
export interface Change {
  readonly hosts?: readonly ProblemHost[];
  readonly vms?: readonly ProblemVm[];
  /** Ids that are no longer there; rules must not name them any more. */
  readonly gone?: { readonly hosts?: readonly NodeId[]; readonly vms?: readonly VmId[] };
  /** All rules from now on. Absent: as before. */
  readonly rules?: readonly Rule[];
}

/** What one call leaves for the next. */
export interface Previous {
  readonly problem: Problem;
  /** Absent at the first call, and when it was lost on the way between threads. It belongs to one chain of calls. */
  readonly memory?: Prepared;
}

export interface Resolved extends Previous {
  readonly solution: Solution;
}

/** @throws AssertionError when the changed problem is not well formed. */
export function resolve(previous: Previous, change: Change, limits: Limits): Resolved {
  const problem = changed(previous.problem, change, previous.memory);
  const memory = patched(previous, problem, change) ?? prepare(problem);
  const solution = solvePrepared(memory, limits);
  restore(memory);
  return { problem, solution, memory };
}

function patched(
  { memory }: Previous,
  problem: Problem,
  { hosts, vms, gone, rules }: Change,
): Prepared | null {
  if (memory === undefined || hosts !== undefined || gone !== undefined || rules !== undefined) return null;
  return patch(memory, problem, vms ?? []);
}

function changed(problem: Problem, change: Change, memory: Prepared | undefined): Problem {
  const gone = { hosts: new Set(change.gone?.hosts), vms: new Set(change.gone?.vms) };
  return {
    ...problem,
    hosts: replaced(problem.hosts, change.hosts ?? [], gone.hosts, memory?.dense.hostIndex),
    vms: replaced(problem.vms, change.vms ?? [], gone.vms, memory?.dense.vmIndex),
    rules: change.rules ?? problem.rules,
  };
}

/** @param index where each id is, if known already. */
function replaced<T extends { readonly id: string }>(
  items: readonly T[],
  changes: readonly T[],
  gone: ReadonlySet<string>,
  index: ReadonlyMap<string, number> | undefined,
): readonly T[] {
  if (changes.length === 0 && gone.size === 0) return items;
  const at = index ?? new Map(items.map((item, i) => [item.id, i]));
  const next = items.slice();
  for (const item of changes) next[at.get(item.id) ?? next.length] = item;
  return gone.size === 0 ? next : next.filter((item) => !gone.has(item.id));
}
