/**
 * A problem made ready for the search: dense, with everyone where he is now. Kept between calls, it is patched when
 * only VMs have changed that no rule names, and built anew otherwise.
 */
import { assert, present } from "../lib/assert.ts";
import type { Rule } from "../model/constraint.ts";
import { injectAbsoluteRules } from "./absolute.ts";
import { Assignment } from "./assignment.ts";
import { Dense } from "./dense.ts";
import { startingLoad } from "./passage.ts";
import type { Problem, ProblemVm } from "./problem.ts";
import { problemFaults, vmFaults } from "./validate.ts";

export interface Prepared {
  readonly dense: Dense;
  /** Everyone at home; whoever changes it puts it back (`restore`). */
  readonly assignment: Assignment;
  /** Loads of all that runs now. */
  readonly load: Float64Array;
}

/** @throws AssertionError when the problem is not well formed. */
export function prepare(problem: Problem): Prepared {
  const faults = problemFaults(problem);
  assert(faults.length === 0, `a well-formed problem (${faults[0]})`);
  const dense = new Dense(problem);
  injectAbsoluteRules(dense);
  return { dense, assignment: new Assignment(dense), load: startingLoad(dense) };
}

/** Puts everyone back where he is. */
export function restore({ dense, assignment }: Prepared): void {
  for (let vm = 0; vm < dense.vmCount; vm++) {
    const home = dense.standsAt(vm);
    if (assignment.at[vm] !== home) assignment.move(vm, home);
  }
}

/** The same for `problem`, which differs from the prepared one in these VMs only; null: it has to be built anew. */
export function patch(prepared: Prepared, problem: Problem, changed: readonly ProblemVm[]): Prepared | null {
  const { dense } = prepared;
  if (problem.rules.some((rule) => WHOLE.has(rule.kind))) return null;
  if (changed.some((vm) => !patchable(dense, vm, problem.rules))) return null;
  for (const vm of changed) replaceVm(prepared, vm);
  dense.adopt(problem);
  return prepared;
}

/** Rules whose compiled form depends on every VM. */
const WHOLE: ReadonlySet<string> = new Set([
  "quarantine",
  "lonely",
  "running-capacity",
  "resource-capacity",
  "max-online",
]);

function patchable(dense: Dense, vm: ProblemVm, rules: readonly Rule[]): boolean {
  const faults = vmFaults(vm, `vms[${dense.vmIndex.get(vm.id)}]`, dense.hostIndex);
  assert(faults.length === 0, `a well-formed change (${faults[0]})`);
  const known =
    dense.vmIndex.has(vm.id) && Object.keys(vm.demand).every((name) => dense.resources.includes(name));
  return known && !rules.some((rule) => names(rule, vm.id));
}

function names(rule: Rule, vm: string): boolean {
  if ("vms" in rule) return rule.vms.includes(vm);
  if ("groups" in rule) return rule.groups.some((group) => group.includes(vm));
  return rule.kind === "precedence" && (rule.before.includes(vm) || rule.after.includes(vm));
}

function replaceVm({ dense, assignment, load }: Prepared, vm: ProblemVm): void {
  const v = present(dense.vmIndex.get(vm.id), vm.id);
  assignment.withdraw(v);
  shift(dense, load, v, -1);
  dense.takeVm(vm, v);
  shift(dense, load, v, 1);
  assignment.admit(v);
}

function shift({ width, home, held }: Dense, load: Float64Array, vm: number, sign: number): void {
  const host = home[vm] as number;
  if (host < 0) return;
  for (let r = 0; r < width; r++) {
    load[host * width + r] = (load[host * width + r] as number) + sign * (held[vm * width + r] as number);
  }
}
