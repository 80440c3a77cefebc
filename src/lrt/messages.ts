import type { MigrationProgress } from "../hypervisor/command.ts";
import type { Millis } from "../lib/instant.ts";
import type { NodeId } from "../model/node.ts";
import type { MigrationPolicy, Stamp, VmId, VmSpec } from "../model/virtual-machine.ts";
import type { EventId, EventOutcome, TravellingEvent } from "./scheduling/event.ts";
import type { NodeSnapshot } from "./scheduling/snapshot.ts";

/** A partition's stable identity: `<initiator>#<boot>.<counter>`. */
export type PartitionId = string;
/** A node's durable counter, one up at every booking: an action under an old one is refused. */
export type BookingToken = number;
/** Names one action of one plan: `<partition>@<plan epoch>/<action id>`. */
export type ActionKey = string;

/** Who speaks: the partition and its epoch. A lower epoch than the node knows is answered *stale*. */
export interface PartitionRef {
  readonly pid: PartitionId;
  readonly partitionEpoch: number;
}

/** An action as it goes to the nodes that carry it out. */
export interface ActionOrder {
  readonly key: ActionKey;
  readonly vm: VmId;
  readonly name: string;
  readonly what:
    | {
        readonly kind: "migrate";
        readonly from: NodeId;
        readonly to: NodeId;
        readonly memory: number;
        readonly cpu: number;
        readonly policy: MigrationPolicy;
        readonly adopted: boolean;
        /** Hosts it left lately, so that its new host can go on remembering. */
        readonly left: readonly { readonly host: NodeId; readonly agoMs: Millis }[];
      }
    | {
        readonly kind: "run";
        readonly to: NodeId;
        readonly spec: VmSpec;
        readonly stamp: Stamp;
        readonly cpu: number;
      };
  /** The event that caused it, and why, for histories and `explain`. */
  readonly event: EventId;
  readonly reason: string;
}

/** How an action ended, as seen by the node that carried it out. */
export type ActionOutcome =
  | { readonly kind: "done"; readonly durationMs: Millis }
  | { readonly kind: "failed"; readonly reason: string }
  /** Both hosts answered and neither has the guest: it died on the way. */
  | { readonly kind: "lost"; readonly reason: string };

/** Requests of the partition protocol; each is answered by one `partition.reply` with `re` = `id`. */
export type PartitionRequest =
  /** Leader → node: join my partition, or (again) how are you now? Answers: joined, busy, refused, unsettled. */
  | (PartitionRef & {
      readonly type: "partition.reserve";
      readonly id: number;
      readonly event: EventId;
      readonly ageMs: Millis;
      /** The node's own event is among those the partition handles: a draining node then joins, too. */
      readonly own: boolean;
    })
  /** Leader → member: I am alive, this is the state. Answers: renewed, stale, not-mine. */
  | (PartitionRef & {
      readonly type: "partition.renew";
      readonly id: number;
      readonly phase: PartitionPhase;
      readonly members: readonly NodeId[];
    })
  /** Leader → member: you are free (once your actions have ended). Answers: released. */
  | (PartitionRef & { readonly type: "partition.release"; readonly id: number; readonly reason: string })
  /** Leader → member: is this plan right for you as you are now? Answers: checked, stale, not-mine. */
  | (PartitionRef & {
      readonly type: "partition.check";
      readonly id: number;
      /** The inventory version of the snapshot the plan was made on. */
      readonly version: number;
      /** Members in join order: who leads when the leader dies. */
      readonly members: readonly NodeId[];
      /** The member's own that the plan is for: handed over, they may be over by now. */
      readonly events: readonly EventId[];
      readonly orders: readonly ActionOrder[];
    })
  /** Leader → origin of an arrival: write down that this VM goes there, before it may start. Answers: noted, refused. */
  | (PartitionRef & {
      readonly type: "partition.assign";
      readonly id: number;
      readonly event: EventId;
      readonly vm: VmId;
      readonly host: NodeId;
    })
  /** Leader → destination: this VM will come to you. Answers: prepared, refused, stale, not-mine. */
  | (PartitionRef & {
      readonly type: "partition.prepare";
      readonly id: number;
      readonly token: BookingToken;
      readonly order: ActionOrder;
    })
  /** Leader → source (or the host that runs it): do it now. Answers: accepted, refused, stale, not-mine. */
  | (PartitionRef & {
      readonly type: "partition.execute";
      readonly id: number;
      readonly token: BookingToken;
      readonly order: ActionOrder;
      readonly uri: string;
    })
  /** Leader → source: give this action up. Answers: seen (open: its end will be told). */
  | (PartitionRef & { readonly type: "partition.abort"; readonly id: number; readonly key: ActionKey })
  /** Executing node → leader and destination: it has ended. Answers: noted. */
  | (PartitionRef & {
      readonly type: "partition.ended";
      readonly id: number;
      readonly key: ActionKey;
      readonly outcome: ActionOutcome;
    })
  /** Node with an open intent → the other side: what do you see of this VM? Answers: seen. */
  | (PartitionRef & {
      readonly type: "partition.inquire";
      readonly id: number;
      readonly key: ActionKey;
      readonly vm: VmId;
    })
  /** Younger leader → older leader: take my event. Answers: taken, refused. */
  | (PartitionRef & {
      readonly type: "partition.hand-over";
      readonly id: number;
      readonly to: PartitionId;
      readonly event: TravellingEvent;
    })
  /** Leader → origin of an event it had taken: this is how it ended. Answers: noted. */
  | (PartitionRef & {
      readonly type: "partition.event-ended";
      readonly id: number;
      readonly event: EventId;
      readonly outcome: EventOutcome;
    })
  /** Member → members, after the leader died: I lead under this epoch. Answers: followed, stale, not-mine. */
  | (PartitionRef & { readonly type: "partition.propose"; readonly id: number; readonly leader: NodeId });

export type PartitionPhase = "growing" | "applying";

/** Notices: not answered, not repeated; losing one costs time only. */
export type PartitionNotice =
  /** Node → leader of the younger partition that holds it: an older one wants me. */
  | {
      readonly type: "partition.wound";
      readonly pid: PartitionId;
      readonly by: {
        readonly pid: PartitionId;
        readonly leader: NodeId;
        readonly event: EventId;
        readonly ageMs: Millis;
      };
    }
  /** Node → leader that holds its hand-over slot: I am free, for you. */
  | { readonly type: "partition.turn"; readonly pid: PartitionId; readonly slotMs: Millis }
  /** Leader → node: I no longer want the slot you keep for me. */
  | { readonly type: "partition.pass"; readonly pid: PartitionId }
  /** Source → leader: how far a migration is. */
  | {
      readonly type: "partition.progress";
      readonly pid: PartitionId;
      readonly key: ActionKey;
      readonly progress: MigrationProgress;
    };

export interface PartitionReply {
  readonly type: "partition.reply";
  readonly re: number;
  readonly body: ReplyBody;
}

export type ReplyBody =
  | {
      readonly kind: "joined";
      readonly token: BookingToken;
      readonly leaseMs: Millis;
      readonly snapshot: NodeSnapshot;
    }
  | {
      readonly kind: "busy";
      readonly holder: PartitionId;
      readonly phase: PartitionPhase;
      /** The asker now has the node's hand-over slot. */
      readonly slotted: boolean;
    }
  | { readonly kind: "refused"; readonly reason: string }
  /** An action is still open here: what a snapshot would say could be wrong in a moment. Ask again. */
  | { readonly kind: "unsettled" }
  | { readonly kind: "renewed"; readonly leaseMs: Millis }
  | { readonly kind: "released"; readonly settling: boolean }
  | {
      readonly kind: "checked";
      readonly ok: boolean;
      readonly reason: string;
      /** Of the events that it was asked about, those that are over: nothing is to be done for them any more. */
      readonly gone: readonly EventId[];
      readonly snapshot: NodeSnapshot | null;
    }
  | { readonly kind: "prepared"; readonly uri: string }
  | { readonly kind: "accepted" }
  | { readonly kind: "noted" }
  | {
      readonly kind: "seen";
      readonly vm: "running" | "migrating" | "paused" | "absent";
      readonly open: boolean;
      /** How the order ended here, as far as it is remembered. */
      readonly outcome: "done" | "failed" | null;
    }
  | { readonly kind: "taken" }
  | { readonly kind: "followed"; readonly open: number }
  /** Your epoch is over. */
  | { readonly kind: "stale"; readonly partitionEpoch: number }
  /** I am not, or no longer, in that partition. */
  | { readonly kind: "not-mine" };

export type PartitionMessage = PartitionRequest | PartitionNotice | PartitionReply;
