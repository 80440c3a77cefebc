import type { TimerName, Turn } from "../../ports/effects.ts";
import type { MembershipMessage } from "./messages.ts";

/** Membership notifies nobody: what happened is taken from it with `takeChanges`. */
export type MembershipTurn = Turn<MembershipMessage, never>;

export const ROUND_TIMER: TimerName = "dnt/membership-round";
export const GOSSIP_TIMER: TimerName = "dnt/membership-gossip";
