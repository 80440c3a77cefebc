import type { Limits, Observer } from "./problem.ts";
import type { TracePoint } from "./solution.ts";

const POLL_EVERY = 64;

/** What one call may spend and what it has spent: decisions, dead ends, and the trace of its improvements. */
export class Effort {
  decisions = 0;
  failures = 0;
  readonly trace: TracePoint[] = [];
  readonly #limits: Limits;
  readonly #observer: Observer | undefined;
  #stopped = false;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#observer = limits.observer;
  }

  /** Counts one placement decision. */
  decide(): void {
    this.decisions++;
    if (this.decisions % POLL_EVERY === 0 && this.#observer?.shouldStop?.() === true) this.#stopped = true;
  }

  /** Counts one dead end. */
  fail(): void {
    this.failures++;
  }

  get exhausted(): boolean {
    return (
      this.#stopped ||
      this.decisions >= this.#limits.decisions ||
      this.failures >= (this.#limits.failures ?? this.#limits.decisions)
    );
  }

  /** Notes a better executable plan. */
  improved(cost: number, bound: number): void {
    const point = { decisions: this.decisions, cost, bound };
    this.trace.push(point);
    this.#observer?.improved?.(point);
  }
}
