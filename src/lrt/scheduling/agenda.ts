/** The events that a partition handles: its own, and those that younger partitions have handed over to it. */
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import { type EventOutcome, type SchedulingEvent, type TravellingEvent, travelling } from "./event.ts";

export class Agenda {
  readonly #own: SchedulingEvent;
  readonly #taken: { readonly event: TravellingEvent; readonly at: Instant }[] = [];

  constructor(own: SchedulingEvent) {
    this.#own = own;
  }

  /** As old as they are now, the own one first. */
  all(now: Instant): TravellingEvent[] {
    const taken = this.#taken.map(({ event, at }) => ({ ...event, ageMs: event.ageMs + (now - at) }));
    return [travelling(this.#own, now), ...taken];
  }

  taken(): TravellingEvent[] {
    return this.#taken.map(({ event }) => event);
  }

  take(event: TravellingEvent, now: Instant): void {
    const known = event.id === this.#own.id || this.#taken.some((taken) => taken.event.id === event.id);
    if (!known) this.#taken.push({ event, at: now });
  }
}

/** What an event that was taken over came to: only where its host was looked at has it been handled. */
export function outcomeOfTaken(
  { cause, origin }: TravellingEvent,
  outcome: EventOutcome,
  considered: ReadonlySet<NodeId>,
): EventOutcome {
  const interrupted = (reason: string): EventOutcome => ({ kind: "interrupted", reason });
  if (outcome.kind === "handed-over") return interrupted("its partition gave way");
  if (outcome.kind === "cancelled") return interrupted("its partition was called off");
  const seen = cause.kind === "arrival" || considered.has(origin);
  return seen ? outcome : interrupted("its host did not join the partition that had taken it");
}
