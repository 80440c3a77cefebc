import type { Instant } from "../lib/instant.ts";
import type { LrtNotification } from "../lrt/notifications.ts";
import type { HistoryEntry } from "./views.ts";

type Ended = Extract<LrtNotification, { kind: "action-ended" }>;
type Unsolved = Extract<LrtNotification, { kind: "event-ended" }>;

/** What a host remembers of what happened on it: enough for `vm history` of a busy day, bounded. */
const MAX_ENTRIES = 1000;
/** Reasons why an event could not be solved, for `explain` and `balance status`. */
const MAX_REASONS = 50;

/** The decisions that this agent saw carried out, and those that came to nothing, newest last. */
export class History {
  readonly #entries: { readonly at: Instant; readonly ended: Ended }[] = [];
  readonly #reasons: { readonly at: Instant; readonly event: string; readonly reason: string }[] = [];
  readonly #nameOf: (node: string) => string;

  constructor(nameOf: (node: string) => string) {
    this.#nameOf = nameOf;
  }

  record(ended: Ended, now: Instant): void {
    this.#entries.push({ at: now, ended });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
  }

  unsolved(ended: Unsolved, now: Instant): void {
    const reason = "reason" in ended.outcome ? ended.outcome.reason : ended.outcome.kind;
    this.#reasons.push({ at: now, event: ended.event, reason });
    if (this.#reasons.length > MAX_REASONS) this.#reasons.shift();
  }

  /** Of a VM, by id or name. */
  of(vm: string, now: Instant): HistoryEntry[] {
    return this.#entries
      .filter(({ ended }) => ended.vm === vm || ended.name === vm)
      .map(({ at, ended }) => this.#view(at, ended, now));
  }

  reasons(now: Instant): { readonly event: string; readonly reason: string; readonly agoMs: number }[] {
    return this.#reasons.map(({ at, event, reason }) => ({ event, reason, agoMs: now - at }));
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
