/**
 * The continuous rules on the way: a step is allowed when, with the VM on both hosts, none of them is further from
 * holding than before. A rule that holds at the start thus holds at every instant.
 */
import { compileConstraints } from "./constraints/compile.ts";
import type { Constraint } from "./constraints/constraint.ts";
import type { Dense } from "./dense.ts";

export class Transit {
  readonly at: Int32Array;
  readonly #constraints: readonly Constraint[];

  constructor(dense: Dense) {
    this.at = dense.home.slice();
    this.#constraints = continuousConstraints(dense, this);
    if (this.#constraints.length === 0) return;
    for (const [vm, host] of this.at.entries()) {
      if (host >= 0) for (const constraint of this.#heard(vm, host)) constraint.enter(vm, host);
    }
  }

  /** Whether there is anything to respect. */
  get idle(): boolean {
    return this.#constraints.length === 0;
  }

  admits(vm: number, to: number): boolean {
    return this.#heard(vm, to).every((constraint) => {
      const before = constraint.excess();
      constraint.enter(vm, to);
      const during = constraint.excess();
      constraint.leave(vm, to);
      return during <= before;
    });
  }

  /** The VM is now on `to` only; -1: nowhere. */
  move(vm: number, to: number): void {
    if (this.idle) return;
    const from = this.at[vm] as number;
    if (to >= 0) for (const constraint of this.#heard(vm, to)) constraint.enter(vm, to);
    if (from >= 0) for (const constraint of this.#heard(vm, from)) constraint.leave(vm, from);
    this.at[vm] = to;
  }

  #heard(vm: number, host: number): readonly Constraint[] {
    return this.#constraints.filter((constraint) => hears(constraint, vm, host));
  }
}

/** The strict continuous rules as constraints that count every VM there is, also those that will leave. */
export function continuousConstraints(
  dense: Dense,
  places: { readonly at: Int32Array },
): readonly Constraint[] {
  const { rules } = dense.problem;
  if (!rules.some((rule) => rule.continuous === true)) return [];
  return compileConstraints(dense, places, () => true).filter((constraint) => {
    const rule = rules[constraint.rule];
    return rule?.continuous === true && rule.preferred === undefined;
  });
}

export function hears(constraint: Constraint, vm: number, host: number): boolean {
  return constraint.hosts === undefined ? constraint.vms.includes(vm) : constraint.hosts.includes(host);
}
