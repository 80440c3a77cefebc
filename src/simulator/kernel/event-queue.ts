import { assert } from "../../lib/assert.ts";
import { Heap } from "../../lib/heap.ts";

interface Scheduled {
  readonly at: number;
  run: (() => void) | null;
}

/** The one clock of a simulation: runs what is scheduled in the order of time, ties in the order of scheduling. */
export class EventQueue {
  readonly #heap = new Heap<Scheduled>((a, b) => a.at - b.at);
  #now = 0;
  #executed = 0;

  /** Simulated milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  get executed(): number {
    return this.#executed;
  }

  /** Runs `run` at `at` (or next, when that has passed); returns how to call it off. */
  at(at: number, run: () => void): () => void {
    const scheduled: Scheduled = { at: Math.max(this.#now, at), run };
    this.#heap.push(scheduled);
    return () => {
      scheduled.run = null;
    };
  }

  after(delay: number, run: () => void): () => void {
    return this.at(this.#now + delay, run);
  }

  /** Runs the next event. @returns false: there is none until `end`; the time is then `end`. */
  step(end: number): boolean {
    for (let next = this.#heap.peek(); next !== undefined && next.at <= end; next = this.#heap.peek()) {
      this.#heap.pop();
      const { run } = next;
      if (run === null) continue;
      assert(next.at >= this.#now, "simulated time never goes back");
      this.#now = next.at;
      this.#executed++;
      run();
      return true;
    }
    this.#now = Math.max(this.#now, end);
    return false;
  }
}
