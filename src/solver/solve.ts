/**
 * One call of the solver, from the first bound to the ordered plan. See README.md for the whole way.
 */
import { Random } from "../lib/random.ts";
import { EMPTY_PLAN } from "../model/plan.ts";
import { Assignment } from "./assignment.ts";
import { type Bound, lowerBound } from "./bound.ts";
import { Configurations } from "./configurations.ts";
import { construct } from "./construct.ts";
import { orderProof } from "./deadlock.ts";
import type { Dense } from "./dense.ts";
import { Effort } from "./effort.ts";
import { explainExhaustion } from "./exhaustion.ts";
import { hallProof } from "./hall.ts";
import { withoutIdle } from "./idle.ts";
import { Improvement, type Incumbent } from "./improve.ts";
import { leastCost, shown } from "./objective.ts";
import { pigeonholeProof } from "./pigeonhole.ts";
import { pivotBound } from "./pivots.ts";
import { survey } from "./placements.ts";
import { type Prepared, prepare } from "./prepared.ts";
import type { Limits, Problem } from "./problem.ts";
import { relieve } from "./relieve.ts";
import { Repair } from "./repair.ts";
import { schedule } from "./schedule.ts";
import { orderTo, type Sequence } from "./sequence.ts";
import { quickProofs } from "./shortage.ts";
import type { Explanation, Solution } from "./solution.ts";

/** @throws AssertionError when the problem is not well formed (see `problemFaults`). */
export function solve(problem: Problem, limits: Limits): Solution {
  return solvePrepared(prepare(problem), limits);
}

/** Changes the prepared assignment. */
export function solvePrepared(prepared: Prepared, limits: Limits): Solution {
  return new Solver(prepared, limits).run();
}

/** Configurations opened by the complete search, and moves tried by the survey of placements, at most. */
const MOST_CONFIGURATIONS = 20_000;
const SURVEY_NODES = 3000;
/** Beyond these the survey of placements ends by itself only where the bound had settled the matter anyway. */
const MOST_SURVEYED_HOSTS = 16;

class Solver {
  readonly #dense: Dense;
  readonly #effort: Effort;
  readonly #limits: Limits;
  readonly #assignment: Assignment;
  readonly #load: Float64Array;
  readonly #bound: Bound;
  /** No plan is cheaper; grows as more is proved. */
  #least: number;

  constructor({ dense, assignment, load }: Prepared, limits: Limits) {
    this.#limits = limits;
    this.#effort = new Effort(limits);
    this.#dense = dense;
    this.#assignment = assignment;
    this.#load = load;
    this.#bound = lowerBound(this.#dense, this.#assignment);
    const charge = this.#bound.charge + pivotBound(dense, assignment, load, this.#bound.homes);
    this.#least = leastCost(dense, this.#bound.homes, charge);
  }

  run(): Solution {
    const proofs = quickProofs(this.#dense, this.#assignment, this.#bound.homes);
    if (proofs.length > 0) return this.#without("infeasible", proofs);
    const repair = new Repair(this.#assignment, this.#effort);
    const wrongs = construct(this.#assignment, repair, this.#bound.homes, this.#effort);
    const search = this.#search({ wrongs, sequence: this.#sequence() }, repair);
    if (search.executable)
      this.#effort.improved(shown(this.#dense, search.cost), shown(this.#dense, this.#least));
    if (this.#satisfied(search)) return this.#found(search);
    const impossible = search.executable ? [] : this.#hardProofs();
    if (impossible.length > 0) return this.#without("infeasible", impossible);
    const settled = this.#settle(search);
    if (settled !== null) return settled;
    search.run(this.#least, this.#limits.firstPlan === true);
    return search.executable ? this.#found(search) : this.#without("limit", []);
  }

  #search(incumbent: Incumbent, repair: Repair): Improvement {
    const random = new Random(`solve ${this.#limits.seed ?? 0}`);
    return new Improvement(
      incumbent,
      this.#assignment,
      repair,
      this.#load,
      this.#effort,
      random,
      this.#bound.homes,
    );
  }

  #satisfied(search: Improvement): boolean {
    return search.cost <= this.#least || (search.executable && this.#limits.firstPlan === true);
  }

  #hardProofs(): readonly Explanation[] {
    for (const prove of [pigeonholeProof, hallProof]) {
      const proof = prove(this.#dense);
      if (proof.length > 0) return proof;
    }
    return orderProof(this.#dense, this.#load, this.#bound.homes);
  }

  /** The complete searches, as far as they go: an answer that nothing can improve, or null. */
  #settle(search: Improvement): Solution | null {
    if (this.#dense.problem.objective === "makespan") return null;
    const fresh = new Assignment(this.#dense);
    const configurations = new Configurations(this.#dense, fresh, this.#effort);
    if (configurations.small) {
      const outcome = configurations.run(search.cost, MOST_CONFIGURATIONS);
      if (outcome.kind === "cheapest") search.adopt(outcome.at, outcome.steps);
      if (outcome.kind !== "limit") this.#least = search.cost;
      if (outcome.kind === "none" && !search.executable)
        return this.#without("infeasible", this.#exhausted());
      return outcome.kind === "limit" ? null : this.#found(search);
    }
    if (this.#dense.hostCount > MOST_SURVEYED_HOSTS) return null;
    const { complete, cheapest } = survey(fresh, this.#effort, search.cost, SURVEY_NODES);
    if (!complete) return null;
    if (cheapest === Number.POSITIVE_INFINITY && !search.executable) {
      return this.#without("infeasible", this.#exhausted());
    }
    const wishes = fresh.constraints.some((constraint) => constraint.weight > 0);
    if (!wishes) this.#least = Math.max(this.#least, Math.min(search.cost, cheapest));
    return this.#satisfied(search) ? this.#found(search) : null;
  }

  /** What can be said when every possibility was tried. */
  #exhausted(): readonly Explanation[] {
    const { complete, cheapest } = survey(
      new Assignment(this.#dense),
      this.#effort,
      Number.POSITIVE_INFINITY,
      SURVEY_NODES,
    );
    return explainExhaustion(this.#dense, complete && cheapest === Number.POSITIVE_INFINITY);
  }

  #sequence(): Sequence {
    return orderTo(this.#dense, this.#assignment.at, this.#load, Number.POSITIVE_INFINITY);
  }

  #found(search: Improvement): Solution {
    if (search.cost > this.#least) this.#leaveOutIdle(search);
    const { steps } = search;
    const cost = shown(this.#dense, search.cost);
    const bound = shown(this.#dense, this.#least);
    const plan = steps.length === 0 ? EMPTY_PLAN : schedule(this.#dense, steps);
    const broken = this.#assignment.brokenWishes();
    return { status: cost <= bound ? "optimal" : "feasible", plan, cost, bound, broken, ...this.#spent() };
  }

  /** What is not proved to be the cheapest may still move somebody for nothing. */
  #leaveOutIdle(search: Improvement): void {
    const { steps, cost } = search;
    const at = this.#assignment.at.slice();
    const left = withoutIdle(this.#assignment, steps, this.#load, this.#effort);
    if (left.length === steps.length) return;
    search.adopt(this.#assignment.at.slice(), left);
    // With fewer steps a makespan may be longer: others get other slots.
    if (search.cost > cost) search.adopt(at, steps);
  }

  /** No viable plan: what helps a little, if that is asked for. */
  #without(status: "infeasible" | "limit", explanation: readonly Explanation[]): Solution {
    const reduced = this.#limits.bestEffort === true ? this.#reduce(explanation) : null;
    return reduced ?? { status, explanation, ...this.#spent() };
  }

  #reduce(explanation: readonly Explanation[]): Solution | null {
    const relief = relieve(this.#dense, this.#assignment, this.#load, this.#effort);
    if (relief === null) return null;
    return {
      status: "reduced",
      plan: schedule(this.#dense, relief.steps),
      cost: relief.charge,
      violationBefore: relief.before,
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
