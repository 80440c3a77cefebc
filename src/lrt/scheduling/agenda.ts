/** The events that a partition handles: its own, and those that younger partitions have handed over to it. */
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { BalancingMode } from "../config.ts";
import {
  type EventCause,
  type EventId,
  type EventOutcome,
  isCondition,
  type SchedulingEvent,
  type TravellingEvent,
  travelling,
} from "./event.ts";
import type { Names } from "./reason.ts";

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

  /**
   * What a plan is made for. Where the balancing mode does not let conditions act, what people asked for goes first, alone,
   * if it can be seen to by these hosts; else the conditions are planned for, to be recommended.
   */
  toPlan(mode: BalancingMode, inside: ReadonlySet<NodeId>, now: Instant): TravellingEvent[] {
    const all = this.all(now);
    if (mode === "auto") return all;
    const asked = all.filter(
      ({ cause, origin }) => !isCondition(cause) && (cause.kind === "arrival" || inside.has(origin)),
    );
    return asked.length > 0 ? asked : all;
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

/** What a partition has looked at, the last time that it asked for a plan. */
export interface Considered {
  readonly hosts: ReadonlySet<NodeId>;
  readonly events: ReadonlySet<EventId>;
  /** Where VMs were then, or have been moved to since. */
  readonly places: ReadonlyMap<VmId, NodeId>;
}

/** What an event that was taken over came to: only where its host was looked at has it been handled. */
export function outcomeOfTaken(
  event: TravellingEvent,
  outcome: EventOutcome,
  considered: Considered,
  nameOf: Names["node"],
): EventOutcome {
  if (outcome.kind === "handed-over") return interrupted("its partition gave way");
  if (outcome.kind === "cancelled") return interrupted("its partition was called off");
  const seen = event.cause.kind === "arrival" || considered.hosts.has(event.origin);
  return seen
    ? outcomeOf(event, outcome, considered, nameOf)
    : interrupted("its host did not join the partition that had taken it");
}

/**
 * What an event came to by the end of its partition, which may have been about others. An operator's migration is solved
 * where its VM is where it was wanted: while it waited, another plan may have taken that VM elsewhere.
 */
export function outcomeOf(
  { id, cause, origin }: Pick<TravellingEvent, "id" | "cause" | "origin">,
  outcome: EventOutcome,
  { events, places }: Considered,
  nameOf: Names["node"],
): EventOutcome {
  const judged = outcome.kind === "solved" || outcome.kind === "best-effort" || outcome.kind === "no-plan";
  if (judged && events.size > 0 && !events.has(id))
    return interrupted("only what people asked for was planned: balancing mode is not auto");
  if (cause.kind !== "move" || outcome.kind !== "solved") return outcome;
  const at = places.get(cause.vm);
  const there = cause.to === null ? at !== undefined && at !== origin : at === cause.to;
  return there ? outcome : { kind: "no-plan", reason: `it is no longer on ${nameOf(origin)}`, final: false };
}

function interrupted(reason: string): EventOutcome {
  return { kind: "interrupted", reason };
}
