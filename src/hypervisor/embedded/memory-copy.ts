import type { Instant, Millis } from "../../lib/instant.ts";

/**
 * Pre-copy in arithmetic: a round sends what is left while the guest writes on; what it wrote is the next
 * round. Integers, in KiB and KiB/s.
 */
export interface MemoryCopy {
  readonly total: number;
  /** Of this round. */
  remaining: number;
  /** Written by the guest since this round began. */
  dirtied: number;
  rate: number;
  settledAt: Instant;
  /** Complete passes so far. */
  rounds: number;
}

export function createMemoryCopy(memoryMib: number, now: Instant): MemoryCopy {
  const total = memoryMib * 1024;
  return { total, remaining: total, dirtied: 0, rate: 0, settledAt: now, rounds: 0 };
}

/** Brings the account up to `now`. */
export function settle(copy: MemoryCopy, now: Instant, sends: boolean, dirtyMibPerSecond: number): void {
  const elapsed = now - copy.settledAt;
  copy.settledAt = now;
  if (sends) copy.remaining = Math.max(0, copy.remaining - Math.floor((copy.rate * elapsed) / 1000));
  copy.dirtied = Math.min(copy.total, copy.dirtied + Math.floor((dirtyMibPerSecond * 1024 * elapsed) / 1000));
}

/** What was written meanwhile is to be sent now. */
export function nextRound(copy: MemoryCopy): void {
  copy.remaining = Math.min(copy.total, copy.remaining + copy.dirtied);
  copy.dirtied = 0;
}

export function timeLeft(copy: MemoryCopy): Millis {
  return Math.max(1, Math.ceil((copy.remaining * 1000) / copy.rate));
}

export function fitsDowntime(copy: MemoryCopy, downtimeMs: Millis): boolean {
  return copy.remaining * 1000 <= copy.rate * downtimeMs;
}
