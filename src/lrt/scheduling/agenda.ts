/** The events that a partition handles: its own, and those that younger partitions have handed over to it. */
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import {
  type EventCause,
  type EventId,
  type EventOutcome,
  isCondition,
  type SchedulingEvent,
  type TravellingEvent,
  travelling,
} from "./event.ts";

export class Agenda {
  readonly #own: SchedulingEvent;
  #taken: readonly { readonly event: TravellingEvent; readonly at: Instant }[] = [];

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

  /** Those that arose there. */
  of(node: NodeId): EventId[] {
    const all = [this.#own, ...this.taken()];
    return all.filter(({ origin }) => origin === node).map(({ id }) => id);
  }

  /** Hosts without which they cannot be solved: where they arose, and where an operator wants a VM to go. */
  origins(): NodeId[] {
    const { cause } = this.#own;
    const wanted = cause.kind === "move" && cause.to !== null ? [cause.to] : [];
    return [...new Set([...this.#taken.map(({ event }) => event.origin), ...wanted])];
  }

  /** Whether the balancing mode rules all of them; an operator's event is always acted on. */
  get automatic(): boolean {
    return this.#causes().every(isCondition);
  }

  /** A host that is only emptied by half has gained nothing: its guests would wander for ever. */
  get worthHalf(): boolean {
    return this.#causes().some(({ kind }) => kind !== "underload");
  }

  #causes(): EventCause[] {
    return [this.#own.cause, ...this.#taken.map(({ event }) => event.cause)];
  }

  take(event: TravellingEvent, now: Instant): void {
    const known = event.id === this.#own.id || this.#taken.some((taken) => taken.event.id === event.id);
    if (!known) this.#taken = [...this.#taken, { event, at: now }];
  }

  /** Their origin has them no more. */
  drop(origin: NodeId, gone: readonly EventId[]): void {
    this.#taken = this.#taken.filter(({ event }) => event.origin !== origin || !gone.includes(event.id));
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
