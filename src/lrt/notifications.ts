import type { MigrationProgress } from "../hypervisor/command.ts";
import type { Millis } from "../lib/instant.ts";
import type { DiskSpace } from "../model/disk-space.ts";
import type { NodeId } from "../model/node.ts";
import type { Plan } from "../model/plan.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Turn } from "../ports/effects.ts";
import type { Explanation, Solution } from "../solver/solution.ts";
import type { ActionKey, ActionOutcome, BookingToken, PartitionId, PartitionMessage } from "./messages.ts";
import type { Condition } from "./monitoring/monitor.ts";
import type { EventId, EventOutcome, SchedulingEvent } from "./scheduling/event.ts";

/** How long the parts of an event's handling took, for `docs/benchmarks.md` and `explain`. */
export interface PartitionTimes {
  /** From the event being raised to the partition's start: waiting for the own node, back-off. */
  readonly waitMs: Millis;
  /** Asking neighbours. */
  readonly buildMs: Millis;
  /** Waiting for the solver. */
  readonly computeMs: Millis;
  /** From the first action's order to the last one's end. */
  readonly applyMs: Millis;
}

/** What became true in the local resources tracker. The daemon logs it, the simulator traces and checks it. */
export type LrtNotification =
  | { readonly kind: "condition"; readonly condition: Condition }
  | { readonly kind: "disk-space"; readonly state: DiskSpace }
  | { readonly kind: "event-raised"; readonly event: SchedulingEvent }
  | { readonly kind: "event-cleared"; readonly event: EventId; readonly reason: string }
  | {
      readonly kind: "event-ended";
      readonly event: EventId;
      readonly outcome: EventOutcome;
      readonly retryInMs: Millis | null;
    }
  | { readonly kind: "partition-started"; readonly pid: PartitionId; readonly event: EventId }
  | {
      readonly kind: "partition-joined";
      readonly pid: PartitionId;
      readonly node: NodeId;
      readonly hosts: number;
    }
  | {
      readonly kind: "partition-busy";
      readonly pid: PartitionId;
      readonly node: NodeId;
      readonly holder: PartitionId;
      readonly slotted: boolean;
    }
  | {
      readonly kind: "partition-planned";
      readonly pid: PartitionId;
      readonly partitionEpoch: number;
      readonly plan: Plan;
      readonly status: string;
      readonly cost: number;
      readonly bound: number;
      readonly hosts: readonly NodeId[];
      readonly reason: string;
      /** In `recommend` mode a plan is said, not carried out. */
      readonly applied: boolean;
    }
  | {
      readonly kind: "partition-searched";
      readonly pid: PartitionId;
      readonly status: Solution["status"];
      readonly decisions: number;
      readonly failures: number;
      readonly hosts: number;
      readonly vms: number;
      readonly bestEffort: boolean;
      readonly durationMs: Millis;
    }
  | {
      readonly kind: "partition-unsolved";
      readonly pid: PartitionId;
      readonly explanation: readonly Explanation[];
      readonly hosts: readonly NodeId[];
    }
  | {
      readonly kind: "partition-ended";
      readonly pid: PartitionId;
      readonly outcome: EventOutcome;
      readonly hosts: readonly NodeId[];
      readonly times: PartitionTimes;
      readonly messages: number;
    }
  | { readonly kind: "wounded"; readonly pid: PartitionId; readonly by: PartitionId }
  | {
      readonly kind: "handed-over";
      readonly event: EventId;
      readonly from: PartitionId;
      readonly to: PartitionId;
    }
  | {
      readonly kind: "took-over";
      readonly pid: PartitionId;
      readonly partitionEpoch: number;
      readonly dead: NodeId;
    }
  | { readonly kind: "booked"; readonly pid: PartitionId; readonly token: BookingToken }
  | {
      readonly kind: "booking-ended";
      readonly pid: PartitionId;
      readonly token: BookingToken;
      readonly why: "released" | "lapsed" | "leader-dead" | "restarted";
    }
  | {
      readonly kind: "action-started";
      readonly key: ActionKey;
      readonly action: "migrate" | "run";
      readonly vm: VmId;
      readonly name: string;
      readonly from: NodeId | null;
      readonly to: NodeId;
      readonly event: EventId;
      readonly reason: string;
    }
  | {
      readonly kind: "action-progress";
      readonly key: ActionKey;
      readonly vm: VmId;
      readonly progress: MigrationProgress;
    }
  | {
      readonly kind: "action-ended";
      readonly key: ActionKey;
      readonly action: "migrate" | "run";
      readonly vm: VmId;
      readonly name: string;
      readonly from: NodeId | null;
      readonly to: NodeId;
      readonly event: EventId;
      readonly reason: string;
      readonly outcome: ActionOutcome;
      /** Whether this node carried it out or only received the guest. */
      readonly role: "source" | "destination";
    }
  | { readonly kind: "action-looking"; readonly key: ActionKey; readonly vm: VmId; readonly why: string };

export type LrtTurn = Turn<PartitionMessage, LrtNotification>;
