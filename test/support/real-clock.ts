import { performance } from "node:perf_hooks";
import type { ClockPort } from "../../src/ports/ports.ts";

/** The machine's clock behind the port, for tests of adapters. */
export const REAL_CLOCK: ClockPort = {
  now: () => Math.floor(performance.now()),
  at(at, fire) {
    const timer = setTimeout(fire, Math.max(0, Math.ceil(at - performance.now())));
    return () => clearTimeout(timer);
  },
};

/** Polls until the condition holds. @throws when it does not within `limitMs`. */
export async function eventually(condition: () => boolean, what: string, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
