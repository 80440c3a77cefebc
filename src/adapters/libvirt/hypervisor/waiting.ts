/** Waiting by the port's clock, and for what is heard of a domain. */
import type { Millis } from "../../../lib/instant.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import type { ClockPort } from "../../../ports/ports.ts";

export type Clock = Pick<ClockPort, "now" | "at">;

/** Resolves after that time, or at once when the signal is given up. */
export function after(clock: Clock, ms: Millis, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.at(clock.now() + ms, done);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done, { once: true });
  });
}

export const LATE = Symbol("late");

/** What the question answers, or `LATE`: then nobody waits for its answer any more, and its error is nobody's. */
export async function within<T>(clock: Clock, ms: Millis, question: Promise<T>): Promise<T | typeof LATE> {
  const answered = new AbortController();
  question.catch(() => undefined);
  try {
    return await Promise.race([question, after(clock, ms, answered.signal).then((): typeof LATE => LATE)]);
  } finally {
    answered.abort();
  }
}

/** Tells those who wait for a domain that something was heard of it. */
export class Bells {
  readonly #waiting = new Map<VmId, Set<() => void>>();

  ring(vm: VmId): void {
    for (const wake of this.#waiting.get(vm) ?? []) wake();
  }

  /** Resolves at the next ring, after `ms`, or when the signal is given up. */
  async next(vm: VmId, clock: Clock, ms: Millis, signal: AbortSignal): Promise<void> {
    const rung = new AbortController();
    const wake = (): void => rung.abort();
    const waiting = this.#waiting.get(vm) ?? new Set();
    this.#waiting.set(vm, waiting.add(wake));
    await after(clock, ms, AbortSignal.any([rung.signal, signal]));
    waiting.delete(wake);
    if (waiting.size === 0) this.#waiting.delete(vm);
  }
}

/** Maps with at most `width` at work at a time; the order of the results is that of the items. */
export async function mapInParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of rest) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
