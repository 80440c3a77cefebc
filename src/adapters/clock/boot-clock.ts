/**
 * Boot time: CLOCK_BOOTTIME, which goes on while the host sleeps. Node offers only CLOCK_MONOTONIC, which does
 * not; /proc/uptime has boot time, but to 10 ms. So: the monotonic clock plus how far boot time is ahead of it.
 * That lead is what the two samples prove at least, and it only ever grows: after a sleep by the time slept, else
 * by the few milliseconds that a better sample adds. Time never goes backward.
 */
import { readFileSync } from "node:fs";
import { Heap } from "../../lib/heap.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import type { ClockPort } from "../../ports/ports.ts";

/** How much running time may pass before a sleep is noticed. */
const RECHECK: Millis = 100;
/** Timers of the kernel stand still while the host sleeps: none is set for longer than this. */
const LONGEST_WAIT: Millis = 1_000;
/** Timers called off may lie in the heap until they are this many and the majority. */
const CALLED_OFF_MIN = 64;

export interface TimeSources {
  /** Milliseconds, with fractions; stands still while the host sleeps. */
  monotonic(): number;
  /** Milliseconds since boot, rounded down to 10; null where the system does not tell. */
  uptime(): number | null;
}

interface Alarm {
  readonly at: Instant;
  readonly fire: () => void;
  calledOff: boolean;
}

export class BootClock implements ClockPort {
  readonly #sources: TimeSources;
  #lead: number;
  #checkedAt: number;
  #alarms = new Heap<Alarm>((a, b) => a.at - b.at);
  #calledOff = 0;
  #timer: NodeJS.Timeout | undefined;
  #firing = false;

  constructor(sources: TimeSources = SYSTEM) {
    this.#sources = sources;
    this.#lead = 0;
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    const mono = sources.monotonic();
    this.#lead = (sources.uptime() ?? mono) - sources.monotonic();
    this.#checkedAt = mono;
  }

  now(): Instant {
    const mono = this.#sources.monotonic();
    if (mono - this.#checkedAt >= RECHECK) this.#check();
    return Math.floor(mono + this.#lead);
  }

  at(at: Instant, fire: () => void): () => void {
    const alarm: Alarm = { at, fire, calledOff: false };
    this.#alarms.push(alarm);
    if (this.#alarms.peek() === alarm) this.#arm();
    return () => this.#callOff(alarm);
  }

  /** Calls every alarm off. */
  close(): void {
    this.#alarms = new Heap((a, b) => a.at - b.at);
    clearTimeout(this.#timer);
  }

  /** The lead is at least uptime less the monotonic time after it was read. */
  #check(): void {
    const uptime = this.#sources.uptime();
    this.#checkedAt = this.#sources.monotonic();
    if (uptime !== null) this.#lead = Math.max(this.#lead, uptime - this.#checkedAt);
  }

  #callOff(alarm: Alarm): void {
    if (alarm.calledOff) return;
    alarm.calledOff = true;
    this.#calledOff += 1;
    if (this.#calledOff >= CALLED_OFF_MIN && this.#calledOff * 2 > this.#alarms.size) this.#sweep();
  }

  #sweep(): void {
    const alarms = new Heap<Alarm>((a, b) => a.at - b.at);
    for (let next = this.#alarms.pop(); next !== undefined; next = this.#alarms.pop())
      if (!next.calledOff) alarms.push(next);
    this.#alarms = alarms;
    this.#calledOff = 0;
  }

  #arm(): void {
    if (this.#firing) return;
    clearTimeout(this.#timer);
    const next = this.#alarms.peek();
    if (next === undefined) return;
    const wait = Math.min(LONGEST_WAIT, Math.max(0, next.at - this.now()));
    this.#timer = setTimeout(() => this.#fireDue(), wait);
  }

  #fireDue(): void {
    const now = this.now();
    this.#firing = true;
    try {
      for (let next = this.#alarms.peek(); next !== undefined; next = this.#alarms.peek()) {
        if (!next.calledOff && next.at > now) break;
        this.#alarms.pop();
        if (next.calledOff) this.#calledOff -= 1;
        else this.#ring(next);
      }
    } finally {
      this.#firing = false;
      this.#arm();
    }
  }

  /** Rung once; calling it off afterwards does nothing. */
  #ring(alarm: Alarm): void {
    alarm.calledOff = true;
    alarm.fire();
  }
}

const SYSTEM: TimeSources = {
  monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
  uptime: () => {
    try {
      return Math.round(Number(readFileSync("/proc/uptime", "latin1").split(" ", 1)[0]) * 1_000);
    } catch {
      return null;
    }
  },
};
