import type { OperationId } from "../../ports/effects.ts";
import type { SolverPort } from "../../ports/ports.ts";
import { type Limits, type Problem, type Solution, solve } from "../../solver/index.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

/** Simulated milliseconds that a run takes, by its problem and the decisions it came to. */
export type SolverCost = (decisions: number, problem: Problem) => number;

/** A host's solver: the real one, charged with simulated time for its decisions; it can be slow, or hang. */
/** So much for each decision, and at least one millisecond. */
export function perDecision(ms: number): SolverCost {
  return (decisions) => Math.max(1, Math.ceil(decisions * ms));
}

export class SimulatedSolver {
  readonly #queue: EventQueue;
  readonly #cost: SolverCost;
  #waiting: (() => void)[] = [];
  #stalled = false;
  /** Added to every run. */
  slownessMs = 0;

  constructor(queue: EventQueue, cost: SolverCost) {
    this.#queue = queue;
    this.#cost = cost;
  }

  /** The port of one process. */
  open(solved: (operation: OperationId, solution: Solution | null) => void): SolverPort {
    const running = new Set<OperationId>();
    const answer = (operation: OperationId, solution: Solution): void => {
      if (running.delete(operation)) solved(operation, solution);
    };
    return {
      solve: (operation: OperationId, problem: Problem, limits: Limits) => {
        running.add(operation);
        const solution = solve(problem, limits);
        this.#queue.after(this.#cost(solution.decisions, problem) + this.slownessMs, () => {
          if (this.#stalled) this.#waiting.push(() => answer(operation, solution));
          else answer(operation, solution);
        });
      },
      cancel: (operation) => running.delete(operation),
    };
  }

  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    this.#stalled = false;
    for (const answer of this.#waiting.splice(0)) answer();
  }
}
