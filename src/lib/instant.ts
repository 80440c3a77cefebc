/**
 * A point in time: integer milliseconds since this host booted (CLOCK_BOOTTIME: it goes on while the host
 * sleeps and never jumps). Instants of different hosts are never compared; only durations travel.
 */
export type Instant = number;

/** A span of time in integer milliseconds. */
export type Millis = number;

export const seconds = (n: number): Millis => n * 1000;
export const minutes = (n: number): Millis => n * 60_000;
