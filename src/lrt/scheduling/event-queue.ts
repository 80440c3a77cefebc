/**
 * The events of this node that are not ended yet, each with its age and its back-off. An event waits here while
 * another partition handles it (handed over), while it backs off, and while the node is busy with an older one.
 *
 *   raised ─▶ waiting ─▶ handled ─▶ ended ─▶ gone, or waiting again after a back-off, or parked
 *                └─▶ handed over ─▶ (told how it ended, or given up on after a while) ─▶ waiting
 *
 * Parked: no partition can solve it as things are. It is said once and tried again only when something changed
 * that could matter.
 */
import { assert } from "../../lib/assert.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import type { Random } from "../../lib/random.ts";
import type { LrtConfig } from "../config.ts";
import type { EventCause, EventId, EventOutcome, SchedulingEvent } from "./event.ts";

interface Entry {
  event: SchedulingEvent;
  failures: number;
  notBefore: Instant;
  state: "waiting" | "handled" | "handed-over" | "parked";
  /** The reason it was last said to have failed for: said again only when it is another one. */
  said: string | null;
}

/** A node has few events of its own at a time; more means a caller that does not stop. */
const MAX_EVENTS = 256;

export class EventQueue {
  readonly #entries = new Map<EventId, Entry>();
  readonly #config: LrtConfig;
  readonly #random: Random;
  #counter = 0;

  constructor(config: LrtConfig, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  /** @returns the event, or null when too many are waiting already. */
  raise(
    origin: string,
    boot: number,
    cause: EventCause,
    now: Instant,
    raisedAt: Instant = now,
  ): SchedulingEvent | null {
    if (this.#entries.size >= MAX_EVENTS) return null;
    const event = { id: `${origin}/${cause.kind}/${boot}.${++this.#counter}`, origin, raisedAt, cause };
    this.#entries.set(event.id, { event, failures: 0, notBefore: now, state: "waiting", said: null });
    return event;
  }

  all(): readonly SchedulingEvent[] {
    return [...this.#entries.values()].map(({ event }) => event);
  }

  get(id: EventId): SchedulingEvent | undefined {
    return this.#entries.get(id)?.event;
  }

  find(kind: EventCause["kind"]): SchedulingEvent | undefined {
    return this.all().find(({ cause }) => cause.kind === kind);
  }

  state(id: EventId): Entry["state"] | undefined {
    return this.#entries.get(id)?.state;
  }

  /** The cause as it is now (an overload's numbers change while it waits). */
  update(id: EventId, cause: EventCause): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.event = { ...entry.event, cause };
  }

  remove(id: EventId): void {
    this.#entries.delete(id);
  }

  /** The oldest event that may be handled now. */
  next(now: Instant): SchedulingEvent | undefined {
    return [...this.#entries.values()]
      .filter(({ state, notBefore }) => state === "waiting" && notBefore <= now)
      .map(({ event }) => event)
      .sort((a, b) => a.raisedAt - b.raisedAt || byText(a.id, b.id))[0];
  }

  /** When `next` will have something to offer that it has not now. */
  wakeAt(now: Instant): Instant | null {
    const later = [...this.#entries.values()].filter(
      ({ state, notBefore }) => (state === "waiting" || state === "handed-over") && notBefore > now,
    );
    return later.length === 0 ? null : Math.min(...later.map(({ notBefore }) => notBefore));
  }

  handled(id: EventId): void {
    this.#set(id, "handled");
  }

  /** Another leader has it; if its end is never told it is ours again after `patienceMs`. */
  handedOver(id: EventId, now: Instant, patienceMs: Millis): void {
    const entry = this.#set(id, "handed-over");
    if (entry !== undefined) entry.notBefore = now + patienceMs;
  }

  /** Handed-over events whose new leader has been silent for too long wait again. */
  reclaim(now: Instant): void {
    for (const entry of this.#entries.values()) {
      if (entry.state === "handed-over" && entry.notBefore <= now) entry.state = "waiting";
    }
  }

  /**
   * Something changed that could matter (a member came, room was freed, the demand is another): parked events
   * wait again.
   */
  unpark(now: Instant): void {
    for (const entry of this.#entries.values()) {
      if (entry.state !== "parked") continue;
      entry.state = "waiting";
      entry.notBefore = now + this.#random.jitter(this.#config.backoffMs, 0.5);
    }
  }

  /** Back-off with jitter, doubled each time: 1 s × 2ⁿ up to 5 min. @returns how long it waits, null when parked. */
  failed(
    id: EventId,
    outcome: EventOutcome,
    now: Instant,
  ): { readonly retryInMs: Millis | null; readonly news: boolean } {
    const entry = this.#entries.get(id);
    assert(entry !== undefined, "only a known event fails");
    const reason = "reason" in outcome ? outcome.reason : outcome.kind;
    const news = entry.said !== reason;
    entry.said = reason;
    if (outcome.kind === "no-plan" && outcome.final) {
      entry.state = "parked";
      return { retryInMs: null, news };
    }
    entry.state = "waiting";
    const wait = Math.min(
      this.#config.backoffMaxMs,
      this.#config.backoffMs * 2 ** Math.min(entry.failures, 20),
    );
    entry.failures++;
    const retryInMs = this.#random.jitter(wait, 0.5);
    entry.notBefore = now + retryInMs;
    return { retryInMs, news };
  }

  #set(id: EventId, state: Entry["state"]): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.state = state;
    return entry;
  }
}
