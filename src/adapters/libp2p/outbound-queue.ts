/**
 * What waits for one peer on one lane, bounded in number, bytes and age. When it is full a membership message
 * pushes out the oldest (news replaces news); on the other lanes the newest is refused (order and the sender's
 * own retry matter more).
 */
import type { Lane } from "../../ports/effects.ts";

export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Milliseconds a message may wait. */
  readonly lifetime: number;
}

export class OutboundQueue {
  readonly #lane: Lane;
  readonly #limits: QueueLimits;
  #waiting: { readonly bytes: Uint8Array; readonly since: number }[] = [];
  #bytes = 0;

  constructor(lane: Lane, limits: QueueLimits) {
    this.#lane = lane;
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Returns how many messages were dropped for it: itself, or older ones. */
  push(bytes: Uint8Array, now: number): number {
    let dropped = 0;
    while (!this.#fits(bytes)) {
      if (this.#lane !== "membership" || this.#waiting.length === 0) return 1;
      this.#drop(1);
      dropped += 1;
    }
    this.#waiting.push({ bytes, since: now });
    this.#bytes += bytes.length;
    return dropped;
  }

  shift(): Uint8Array | undefined {
    const next = this.#waiting[0];
    if (next !== undefined) this.#drop(1);
    return next?.bytes;
  }

  /** Drops what has waited too long; returns how many. */
  expire(now: number): number {
    const fresh = this.#waiting.findIndex(({ since }) => now - since < this.#limits.lifetime);
    return this.#drop(fresh === -1 ? this.#waiting.length : fresh);
  }

  clear(): number {
    return this.#drop(this.#waiting.length);
  }

  #fits(bytes: Uint8Array): boolean {
    const { messages, bytes: most } = this.#limits;
    return this.#waiting.length < messages && this.#bytes + bytes.length <= most;
  }

  #drop(count: number): number {
    for (const { bytes } of this.#waiting.splice(0, count)) this.#bytes -= bytes.length;
    return count;
  }
}
