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
  #nextPoll = POLL_EVERY;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#observer = limits.observer;
  }

  /** Counts placement decisions. */
  decide(count = 1): void {
    this.decisions += count;
    if (this.decisions < this.#nextPoll) return;
    this.#nextPoll = this.decisions + POLL_EVERY;
    if (this.#observer?.shouldStop?.() === true) this.#stopped = true;
  }

  /** Decisions that may still be made. */
  get left(): number {
    return Math.max(0, this.#limits.decisions - this.decisions);
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
