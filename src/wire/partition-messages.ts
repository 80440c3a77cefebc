import type { MigrationProgress } from "../hypervisor/command.ts";
import type { ActionOrder, ActionOutcome, PartitionMessage, PartitionNotice } from "../lrt/messages.ts";
import { DEPARTURE, EVENT_ID, EVENT_OUTCOME, PARTITION_ID, TRAVELLING_EVENT } from "./events.ts";
import { COUNTS, HIGHEST_EPOCH, LENGTHS } from "./limits.ts";
import { object, union, type Variants } from "./object.ts";
import { REPLY_BODY } from "./partition-replies.ts";
import { BOOLEAN, choice, id, integer, list, named, noted, text } from "./schema.ts";
import {
  AMOUNT,
  COUNTER,
  MIGRATION_POLICY,
  MILLIS,
  NAME,
  NODE_ID,
  PROSE,
  STAMP,
  VM_ID,
  VM_SPEC,
} from "./vocabulary.ts";

const ACTION_KEY = noted(named("action key", id(LENGTHS.actionKey)), "`<partition>@<epoch>/<action>`");
const URI = named("URI", text(LENGTHS.uri));
const EPOCH = named("epoch", integer(0, HIGHEST_EPOCH));
const PHASE = choice("growing", "applying");
const MEMBERS = noted(list(NODE_ID, COUNTS.partitionHosts), "in the order in which they joined");

const ORDER = object<ActionOrder>("ActionOrder", {
  key: ACTION_KEY,
  vm: VM_ID,
  name: noted(NAME, "of the domain, for people"),
  what: union<ActionOrder["what"], "kind">("Action", "kind", {
    migrate: {
      about: "Move it, live.",
      fields: {
        from: NODE_ID,
        to: NODE_ID,
        memory: noted(AMOUNT, "MiB"),
        cpu: noted(AMOUNT, "milli-CPU"),
        policy: MIGRATION_POLICY,
        adopted: BOOLEAN,
        left: noted(list(DEPARTURE, COUNTS.departures), "hosts it left lately"),
      },
    },
    run: {
      about: "Start it.",
      fields: { to: NODE_ID, spec: VM_SPEC, stamp: STAMP, cpu: noted(AMOUNT, "milli-CPU") },
    },
  }),
  event: EVENT_ID,
  reason: PROSE,
});

const OUTCOME = union<ActionOutcome, "kind">("ActionOutcome", "kind", {
  done: { about: "It was carried out.", fields: { durationMs: MILLIS } },
  failed: { about: "It was not.", fields: { reason: PROSE } },
  lost: { about: "Both hosts answered and neither has the guest.", fields: { reason: PROSE } },
});

const PROGRESS = object<MigrationProgress>("MigrationProgress", {
  elapsedMs: MILLIS,
  totalMib: AMOUNT,
  remainingMib: AMOUNT,
  iterations: COUNTER,
});

type Wound = Extract<PartitionNotice, { type: "partition.wound" }>;

const REF = { pid: PARTITION_ID, partitionEpoch: EPOCH, id: COUNTER };

export const PARTITION: Variants<PartitionMessage, "type"> = {
  "partition.reserve": {
    about: "Leader → node: join my partition. Answers: joined, busy, refused.",
    fields: {
      ...REF,
      event: EVENT_ID,
      ageMs: noted(MILLIS, "believed up to 24 h"),
      own: noted(BOOLEAN, "the node's own event is among those the partition handles"),
    },
  },
  "partition.renew": {
    about: "Leader → member: I am alive, this is the state. Answers: renewed, stale, not-mine.",
    fields: { ...REF, phase: PHASE, members: MEMBERS },
  },
  "partition.release": {
    about: "Leader → member: you are free once your actions have ended. Answers: released.",
    fields: { ...REF, reason: PROSE },
  },
  "partition.check": {
    about: "Leader → member: is this plan right for you as you are now? Answers: checked, stale, not-mine.",
    fields: {
      ...REF,
      version: noted(COUNTER, "of the snapshot the plan was made on"),
      members: MEMBERS,
      events: noted(list(EVENT_ID, COUNTS.events), "the member's own that the plan is for"),
      orders: list(ORDER, COUNTS.orders),
    },
  },
  "partition.assign": {
    about: "Leader → origin of an arrival: write down that this VM goes there. Answers: noted, refused.",
    fields: { ...REF, event: EVENT_ID, vm: VM_ID, host: NODE_ID },
  },
  "partition.prepare": {
    about: "Leader → destination: this VM will come to you. Answers: prepared, refused, stale, not-mine.",
    fields: { ...REF, token: COUNTER, order: ORDER },
  },
  "partition.execute": {
    about:
      "Leader → source, or the host that runs it: do it now. Answers: accepted, refused, stale, not-mine.",
    fields: { ...REF, token: COUNTER, order: ORDER, uri: URI },
  },
  "partition.abort": {
    about: "Leader → source: give this action up. Answers: seen.",
    fields: { ...REF, key: ACTION_KEY },
  },
  "partition.ended": {
    about: "Executing node → leader and destination: it has ended. Answers: noted.",
    fields: { ...REF, key: ACTION_KEY, outcome: OUTCOME },
  },
  "partition.inquire": {
    about: "Node with an open intent → the other side: what do you see of this VM? Answers: seen.",
    fields: { ...REF, key: ACTION_KEY, vm: VM_ID },
  },
  "partition.hand-over": {
    about: "Younger leader → older leader: take my event. Answers: taken, refused.",
    fields: { ...REF, to: PARTITION_ID, event: TRAVELLING_EVENT },
  },
  "partition.event-ended": {
    about: "Leader → origin of an event it had taken: this is how it ended. Answers: noted.",
    fields: { ...REF, event: EVENT_ID, outcome: EVENT_OUTCOME },
  },
  "partition.propose": {
    about:
      "Member → members after the leader died: I lead under this epoch. Answers: followed, stale, not-mine.",
    fields: { ...REF, leader: NODE_ID },
  },
  "partition.wound": {
    about: "Node → leader of the younger partition that holds it: an older one wants me. Not answered.",
    fields: {
      pid: PARTITION_ID,
      by: object<Wound["by"]>("Wounder", {
        pid: PARTITION_ID,
        leader: NODE_ID,
        event: EVENT_ID,
        ageMs: noted(MILLIS, "believed up to 24 h"),
      }),
    },
  },
  "partition.turn": {
    about: "Node → leader that holds its hand-over slot: I am free, for you. Not answered.",
    fields: { pid: PARTITION_ID, slotMs: MILLIS },
  },
  "partition.pass": {
    about: "Leader → node: I no longer want the slot you keep for me. Not answered.",
    fields: { pid: PARTITION_ID },
  },
  "partition.progress": {
    about: "Source → leader: how far a migration is. Not answered.",
    fields: { pid: PARTITION_ID, key: ACTION_KEY, progress: PROGRESS },
  },
  "partition.reply": {
    about: "Answers the request whose `id` is `re`.",
    fields: { re: COUNTER, body: REPLY_BODY },
  },
};
