import type { Instant, Millis } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { ResourceName, Resources } from "../../model/resources.ts";
import type { Stamp, VmId, VmSpec } from "../../model/virtual-machine.ts";

/** Names an event for its whole life, wherever it is handled: `<origin>/<kind>/<counter>`. */
export type EventId = string;

/** A VM that waits for a host. */
export interface ArrivingVm {
  readonly spec: VmSpec;
  readonly stamp: Stamp;
  /** What it is expected to want until it has been measured. */
  readonly demand: Resources;
}

export function originOf(event: EventId): NodeId {
  return event.slice(0, event.indexOf("/"));
}

/** What a partition is asked to do. `recover` and `resize` come with the host fence and live resizing. */
export type EventCause =
  | {
      readonly kind: "overload";
      readonly resource: ResourceName;
      readonly wanted: number;
      readonly limit: number;
    }
  | { readonly kind: "underload"; readonly wanted: number }
  | { readonly kind: "arrival"; readonly ve: string; readonly vms: readonly ArrivingVm[] }
  | { readonly kind: "drain" }
  | { readonly kind: "violation"; readonly vms: readonly VmId[]; readonly rule: string }
  /** An operator's `vm migrate`; `to` null: anywhere else. */
  | { readonly kind: "move"; readonly vm: VmId; readonly to: NodeId | null };

export type EventKind = EventCause["kind"];

/** What a host sees of itself: such an event is over when that is no longer so. The balancing mode rules them. */
export function isCondition({ kind }: EventCause): boolean {
  return kind === "overload" || kind === "underload" || kind === "violation";
}

/** An event on its origin; age is its priority and is never reset by a retry. */
export interface SchedulingEvent {
  readonly id: EventId;
  readonly origin: NodeId;
  readonly raisedAt: Instant;
  readonly cause: EventCause;
}

/** An event as it travels: clocks differ, so its age goes along instead of its instant. */
export interface TravellingEvent {
  readonly id: EventId;
  readonly origin: NodeId;
  readonly ageMs: Millis;
  readonly cause: EventCause;
}

/** How an event's partition ended (design 3, *Ends*). */
export type EventOutcome =
  /** A viable configuration was reached, or was there already. */
  | { readonly kind: "solved"; readonly migrations: number }
  /** Less violation than before, but some left. */
  | { readonly kind: "best-effort"; readonly migrations: number; readonly reason: string }
  /** Nothing can be done that helps, with the reason. */
  | { readonly kind: "no-plan"; readonly reason: string; readonly final: boolean }
  /** Somebody older took the hosts, or time ran out, or a leader died: it will be tried again. */
  | { readonly kind: "interrupted"; readonly reason: string }
  /** An older partition has taken it; its end will be told. */
  | { readonly kind: "handed-over"; readonly to: string }
  /** Called off by its owner. */
  | { readonly kind: "cancelled"; readonly reason: string };

/** Older first; ties (clocks differ by a little) by id. Both sides of a meeting see the same order. */
export const AGE_TIE_MS: Millis = 1000;

export interface Priority {
  readonly ageMs: Millis;
  readonly id: EventId;
}

/** Whether `a` goes before `b`. */
export function older(a: Priority, b: Priority): boolean {
  const difference = a.ageMs - b.ageMs;
  return Math.abs(difference) < AGE_TIE_MS ? a.id < b.id : difference > 0;
}

/** No event is believed older than this: a wrong clock must not rule the cluster. */
export const AGE_MAX_MS: Millis = 24 * 3_600_000;

export function clampAge(ageMs: Millis): Millis {
  return Number.isFinite(ageMs) ? Math.max(0, Math.min(AGE_MAX_MS, Math.floor(ageMs))) : 0;
}

export function travelling(event: SchedulingEvent, now: Instant): TravellingEvent {
  return { id: event.id, origin: event.origin, ageMs: now - event.raisedAt, cause: event.cause };
}
