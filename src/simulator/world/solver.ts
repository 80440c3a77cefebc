import type { OperationId } from "../../ports/effects.ts";
import type { SolverPort } from "../../ports/ports.ts";
import { type Limits, type Problem, type Solution, solve } from "../../solver/index.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

/** A host's solver: the real one, charged with simulated time for its decisions; it can be slow, or hang. */
export class SimulatedSolver {
  readonly #queue: EventQueue;
  readonly #cost: (decisions: number) => number;
  #waiting: (() => void)[] = [];
  #stalled = false;
  /** Added to every run. */
  slownessMs = 0;

  constructor(queue: EventQueue, cost: (decisions: number) => number) {
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
        this.#queue.after(this.#cost(solution.decisions) + this.slownessMs, () => {
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
