import type { Instant, Millis } from "../lib/instant.ts";
import type { LrtNotification } from "../lrt/notifications.ts";
import type { EventId, EventOutcome } from "../lrt/scheduling/event.ts";
import type { HistoryEntry } from "./views.ts";

type Ended = Extract<LrtNotification, { kind: "action-ended" }>;

/** What a host remembers of what happened on it: enough for `vm history` of a busy day, bounded. */
const MAX_ENTRIES = 1000;
/** Reasons why events are not solved, for `balance status`. */
const MAX_REASONS = 50;

/** Why an event is not solved, and what it is about in words. */
export interface Reason {
  readonly event: EventId;
  readonly about: string;
  readonly reason: string;
  readonly agoMs: Millis;
}

/** The decisions that this agent saw carried out, and those that came to nothing, newest last. */
export class History {
  readonly #entries: { readonly at: Instant; readonly ended: Ended }[] = [];
  /** The last one of each event, newest last. */
  readonly #reasons = new Map<
    EventId,
    { readonly at: Instant; readonly about: string; readonly reason: string }
  >();
  readonly #nameOf: (node: string) => string;

  constructor(nameOf: (node: string) => string) {
    this.#nameOf = nameOf;
  }

  get kept(): { readonly history: number; readonly reasons: number } {
    return { history: this.#entries.length, reasons: this.#reasons.size };
  }

  record(ended: Ended, now: Instant): void {
    this.#entries.push({ at: now, ended });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
  }

  /** How an event has fared, again and again until it is over or called off (the load fell, the VE was deleted). */
  tried(event: EventId, about: string, outcome: EventOutcome, now: Instant): void {
    this.#reasons.delete(event);
    if (outcome.kind === "solved" || outcome.kind === "cancelled" || outcome.kind === "handed-over") return;
    this.#reasons.set(event, { at: now, about, reason: outcome.reason });
    const [oldest] = this.#reasons.keys();
    if (this.#reasons.size > MAX_REASONS && oldest !== undefined) this.#reasons.delete(oldest);
  }

  /** Of a VM, by id or name. */
  of(vm: string, now: Instant): HistoryEntry[] {
    return this.#entries
      .filter(({ ended }) => ended.vm === vm || ended.name === vm)
      .map(({ at, ended }) => this.#view(at, ended, now));
  }

  reasons(now: Instant): Reason[] {
    return [...this.#reasons].map(([event, { at, ...said }]) => ({ event, ...said, agoMs: now - at }));
  }

  #view(at: Instant, ended: Ended, now: Instant): HistoryEntry {
    const { outcome } = ended;
    return {
      action: ended.key,
      vm: ended.vm,
      name: ended.name,
      what: ended.action,
      from: ended.from === null ? null : this.#nameOf(ended.from),
      to: this.#nameOf(ended.to),
      reason: ended.reason,
      outcome: outcome.kind === "done" ? "done" : `${outcome.kind}: ${outcome.reason}`,
      agoMs: now - at,
      durationMs: outcome.kind === "done" ? outcome.durationMs : null,
    };
  }
}
