/** Scheduling events as they travel. */
import type { ArrivingVm, EventCause, EventOutcome, TravellingEvent } from "../lrt/scheduling/event.ts";
import type { VmSnapshot } from "../lrt/scheduling/snapshot.ts";
import { COUNTS, LENGTHS } from "./limits.ts";
import { object, union } from "./object.ts";
import { BOOLEAN, choice, id, list, named, noted, nullable } from "./schema.ts";
import {
  AMOUNT,
  COUNTER,
  MILLIS,
  NODE_ID,
  PROSE,
  RESOURCES,
  STAMP,
  TEXT,
  VE_NAME,
  VM_ID,
  VM_SPEC,
} from "./vocabulary.ts";

export const EVENT_ID = noted(named("event id", id(LENGTHS.eventId)), "`<origin>/<kind>/<counter>`");
export const PARTITION_ID = noted(
  named("partition id", id(LENGTHS.partitionId)),
  "`<initiator>#<boot>.<counter>`",
);

export const DEPARTURE = object<VmSnapshot["left"][number]>("Departure", { host: NODE_ID, agoMs: MILLIS });
export const FAILED_MOVE = object<VmSnapshot["failed"][number]>("FailedMove", {
  host: NODE_ID,
  forMs: MILLIS,
});

const ARRIVING_VM = object<ArrivingVm>("ArrivingVm", {
  spec: VM_SPEC,
  stamp: STAMP,
  demand: noted(RESOURCES, "until it has been measured"),
});

const CAUSE = union<EventCause, "kind">("EventCause", "kind", {
  overload: {
    about: "The host is over a limit.",
    fields: { resource: choice("cpu", "memory"), wanted: AMOUNT, limit: AMOUNT },
  },
  underload: { about: "The host could be emptied.", fields: { wanted: AMOUNT } },
  arrival: {
    about: "VMs of a VE wait for hosts.",
    fields: { ve: VE_NAME, vms: list(ARRIVING_VM, COUNTS.veVms) },
  },
  drain: { about: "The host is to be emptied.", fields: {} },
  violation: {
    about: "A placement rule does not hold.",
    fields: { vms: list(VM_ID, COUNTS.hostVms), rule: TEXT },
  },
  move: {
    about: "An operator wants it elsewhere.",
    fields: { vm: VM_ID, to: noted(nullable(NODE_ID), "null: anywhere else") },
  },
});

export const TRAVELLING_EVENT = object<TravellingEvent>("TravellingEvent", {
  id: EVENT_ID,
  origin: NODE_ID,
  ageMs: noted(MILLIS, "believed up to 24 h"),
  cause: CAUSE,
});

export const EVENT_OUTCOME = union<EventOutcome, "kind">("EventOutcome", "kind", {
  solved: { about: "A viable configuration was reached.", fields: { migrations: COUNTER } },
  "best-effort": { about: "Less violation than before.", fields: { migrations: COUNTER, reason: PROSE } },
  "no-plan": { about: "Nothing helps.", fields: { reason: PROSE, final: BOOLEAN } },
  interrupted: { about: "It will be tried again.", fields: { reason: PROSE } },
  "handed-over": { about: "An older partition has taken it.", fields: { to: PARTITION_ID } },
  cancelled: { about: "Its owner called it off.", fields: { reason: PROSE } },
});
