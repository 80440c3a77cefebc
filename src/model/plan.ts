import type { Millis } from "../lib/instant.ts";
import type { NodeId } from "./node.ts";
import type { VmId } from "./virtual-machine.ts";

/** The switches a VM can make (Entropy's actions). */
export type ActionKind = "migrate" | "run" | "stop" | "suspend" | "resume" | "allocate";

/** One step of a plan. In every order that respects `after`, no action puts a host over a limit. */
export interface Action {
  /** Unique in its plan, counted from 0 in a legal order. */
  readonly id: number;
  readonly kind: ActionKind;
  readonly vm: VmId;
  /** The host it leaves; null for run. */
  readonly from: NodeId | null;
  /** The host it arrives at; null for stop and suspend. */
  readonly to: NodeId | null;
  /** Earliest start from the plan's beginning, estimated. */
  readonly start: Millis;
  /** Estimated by the migration-time model (`solver/durations.ts`). */
  readonly duration: Millis;
  /** Actions that must have ended before this one starts. */
  readonly after: readonly number[];
}

/** A reconfiguration plan: a graph of actions. */
export interface Plan {
  readonly actions: readonly Action[];
}

export const EMPTY_PLAN: Plan = { actions: [] };
