import type { ReplyBody } from "../lrt/messages.ts";
import type { NodeSnapshot, VmSnapshot } from "../lrt/scheduling/snapshot.ts";
import { DEPARTURE, EVENT_ID, FAILED_MOVE, PARTITION_ID } from "./events.ts";
import { COUNTS, HIGHEST_EPOCH, LENGTHS } from "./limits.ts";
import { object, union } from "./object.ts";
import { BOOLEAN, choice, integer, list, named, noted, nullable, text } from "./schema.ts";
import { COUNTER, LABELS, MILLIS, NAME, NODE_ID, PROSE, RESOURCES, VM_ID, VM_POLICY } from "./vocabulary.ts";

const VM_SNAPSHOT = object<VmSnapshot>("VmSnapshot", {
  id: VM_ID,
  name: NAME,
  demand: RESOURCES,
  pinned: noted(nullable(PROSE), "why it may not be moved; null: it may"),
  adopted: BOOLEAN,
  policy: VM_POLICY,
  left: noted(list(DEPARTURE, COUNTS.departures), "hosts it left lately"),
  failed: noted(
    list(FAILED_MOVE, COUNTS.failedMoves),
    "hosts it could not be moved to lately, and for how long that is not tried again",
  ),
  restsForMs: noted(
    nullable(MILLIS),
    "several hosts could not get it: for how long no condition moves it; null: it may be moved",
  ),
});

const NODE_SNAPSHOT = object<NodeSnapshot>("NodeSnapshot", {
  node: NODE_ID,
  name: NAME,
  capacity: RESOURCES,
  labels: LABELS,
  draining: BOOLEAN,
  version: noted(COUNTER, "of the inventory it was taken from"),
  vms: list(VM_SNAPSHOT, COUNTS.hostVms),
});

const NO_FIELDS = {};

export const REPLY_BODY = union<ReplyBody, "kind">("Reply", "kind", {
  joined: {
    about: "I am yours for the lease.",
    fields: { token: COUNTER, leaseMs: MILLIS, snapshot: NODE_SNAPSHOT },
  },
  busy: {
    about: "I am in another partition.",
    fields: {
      holder: PARTITION_ID,
      phase: choice("growing", "applying"),
      slotted: noted(BOOLEAN, "the asker now has the hand-over slot"),
    },
  },
  refused: { about: "No, and why.", fields: { reason: PROSE } },
  unsettled: { about: "An action is still open here: ask again.", fields: NO_FIELDS },
  renewed: { about: "The lease begins anew.", fields: { leaseMs: MILLIS } },
  released: { about: "I am free.", fields: { settling: noted(BOOLEAN, "actions are still open") } },
  checked: {
    about: "What the member says of the plan.",
    fields: {
      ok: BOOLEAN,
      reason: PROSE,
      gone: noted(list(EVENT_ID, COUNTS.events), "events of its own that it has no more"),
      snapshot: noted(nullable(NODE_SNAPSHOT), "what it looks like now, if the plan is not right"),
    },
  },
  prepared: { about: "Send it here.", fields: { uri: named("URI", text(LENGTHS.uri)) } },
  accepted: { about: "It has begun.", fields: NO_FIELDS },
  noted: { about: "It is written down.", fields: NO_FIELDS },
  seen: {
    about: "What this side sees of the VM.",
    fields: {
      vm: choice("running", "migrating", "paused", "absent"),
      open: noted(BOOLEAN, "its action has not ended here"),
      outcome: noted(nullable(choice("done", "failed")), "how it ended here, as far as that is remembered"),
    },
  },
  taken: { about: "The event is mine now.", fields: NO_FIELDS },
  followed: { about: "You lead.", fields: { open: noted(COUNTER, "actions still open here") } },
  stale: { about: "Your epoch is over.", fields: { partitionEpoch: integer(0, HIGHEST_EPOCH) } },
  "not-mine": { about: "I am not, or no longer, in that partition.", fields: NO_FIELDS },
});
