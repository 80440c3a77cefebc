/**
 * One call of the solver, from the first bound to the ordered plan. See README.md for the whole way.
 */
import { assert } from "../lib/assert.ts";
import { Random } from "../lib/random.ts";
import { EMPTY_PLAN } from "../model/plan.ts";
import { injectAbsoluteRules } from "./absolute.ts";
import { Assignment } from "./assignment.ts";
import { type Bound, lowerBound } from "./bound.ts";
import { construct } from "./construct.ts";
import { Dense } from "./dense.ts";
import { Effort } from "./effort.ts";
import { Improvement, type Incumbent } from "./improve.ts";
import { startingLoad } from "./passage.ts";
import type { Limits, Problem } from "./problem.ts";
import { relieve } from "./relieve.ts";
import { Repair } from "./repair.ts";
import { schedule } from "./schedule.ts";
import { type Sequence, sequenceTo } from "./sequence.ts";
import { quickProofs } from "./shortage.ts";
import type { Explanation, Solution } from "./solution.ts";
import { problemFaults } from "./validate.ts";
import { violationOf } from "./violation.ts";

/** @throws AssertionError when the problem is not well formed (see `problemFaults`). */
export function solve(problem: Problem, limits: Limits): Solution {
  const faults = problemFaults(problem);
  assert(faults.length === 0, `a well-formed problem (${faults[0]})`);
  return new Solver(problem, limits).run();
}

class Solver {
  readonly #dense: Dense;
  readonly #effort: Effort;
  readonly #limits: Limits;
  readonly #assignment: Assignment;
  readonly #load: Float64Array;
  readonly #bound: Bound;

  constructor(problem: Problem, limits: Limits) {
    this.#limits = limits;
    this.#effort = new Effort(limits);
    this.#dense = new Dense(problem);
    injectAbsoluteRules(this.#dense);
    this.#assignment = new Assignment(this.#dense);
    this.#load = startingLoad(this.#dense);
    this.#bound = lowerBound(this.#dense, this.#assignment);
  }

  run(): Solution {
    const proofs = quickProofs(this.#dense);
    if (proofs.length > 0) return this.#without("infeasible", proofs);
    const before = violationOf(this.#assignment);
    const repair = new Repair(this.#assignment, this.#effort);
    const wrongs = construct(this.#assignment, repair, this.#bound.homes, this.#effort);
    const incumbent = { wrongs, sequence: this.#sequence() };
    this.#improve(incumbent, repair);
    const done = incumbent.wrongs.length === 0 && incumbent.sequence.steps !== null;
    return done ? this.#found(incumbent.sequence) : this.#without("limit", [], before);
  }

  #improve(incumbent: Incumbent, repair: Repair): void {
    const random = new Random(`solve ${this.#limits.seed ?? 0}`);
    const search = new Improvement(incumbent, this.#assignment, repair, this.#load, this.#effort, random);
    if (search.executable) this.#effort.improved(search.cost, this.#bound.charge);
    search.run(this.#bound.charge, this.#limits.firstPlan === true);
  }

  #sequence(): Sequence {
    return sequenceTo(this.#dense, this.#assignment.at, this.#load, Number.POSITIVE_INFINITY);
  }

  #found(sequence: Sequence): Solution {
    const bound = this.#bound.charge;
    const plan = sequence.steps?.length === 0 ? EMPTY_PLAN : schedule(this.#dense, sequence.steps ?? []);
    const status = sequence.charge <= bound ? "optimal" : "feasible";
    return { status, plan, cost: sequence.charge, bound, ...this.#spent() };
  }

  /** No viable plan: what helps a little, if that is asked for. */
  #without(status: "infeasible" | "limit", explanation: readonly Explanation[], before?: number): Solution {
    const reduced = this.#limits.bestEffort === true ? this.#reduce(explanation, before) : null;
    return reduced ?? { status, explanation, ...this.#spent() };
  }

  #reduce(
    explanation: readonly Explanation[],
    before = violationOf(new Assignment(this.#dense)),
  ): Solution | null {
    const relief = relieve(this.#dense, this.#assignment, this.#load, this.#effort);
    if (relief === null || relief.violation >= before) return null;
    return {
      status: "reduced",
      plan: schedule(this.#dense, relief.steps),
      cost: relief.charge,
      violationBefore: before,
      violationAfter: relief.violation,
      explanation,
      ...this.#spent(),
    };
  }

  #spent() {
    const { decisions, failures, trace } = this.#effort;
    return { decisions, failures, trace };
  }
}
