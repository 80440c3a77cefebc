import type { Instant } from "../../lib/instant.ts";
import type { HypervisorCommand, MigrationProgress } from "../command.ts";
import { executes, type Guest } from "./guest.ts";
import { createMemoryCopy, type MemoryCopy, settle } from "./memory-copy.ts";

/**
 * preparing: the destination makes a shell. copying: a round of memory. syncing: the rest would fit the
 * downtime; a ping's answer shows that the stream still flows. switching: the guest is paused, the rest goes
 * over. finishing: `finish` is sent, from here only the destination knows.
 */
type Phase = "preparing" | "copying" | "syncing" | "switching" | "finishing";

/** One migration as its source sees it. */
export interface Outgoing {
  readonly id: string;
  readonly guest: Guest;
  readonly to: string;
  /** KiB/s by policy. */
  readonly limit: number;
  readonly persistent: boolean;
  readonly startedAt: Instant;
  readonly copy: MemoryCopy;
  /** The migration's own operation and those that await it. */
  readonly operations: number[];
  phase: Phase;
  heardAt: Instant;
  /** KiB/s that the destination's link has for it. */
  theirShare: number;
  /** Names the shell at the destination. */
  ticket: string;
  sequence: number;
}

export type MigrateCommand = Extract<HypervisorCommand, { readonly kind: "migrate" }>;

export function createOutgoing(
  id: string,
  operation: number,
  { uri, policy, persistent }: MigrateCommand,
  guest: Guest,
  linkMibPerSecond: number,
  now: Instant,
): Outgoing {
  return {
    id,
    guest,
    to: uri,
    limit: kibPerSecond(policy.bandwidthMibPerSecond || linkMibPerSecond),
    persistent,
    startedAt: now,
    copy: createMemoryCopy(guest.memory, now),
    operations: [operation],
    phase: "preparing",
    heardAt: now,
    theirShare: 0,
    ticket: "",
    sequence: 0,
  };
}

/** Brings its account of copied and written memory up to `now`. */
export function account({ copy, guest, phase }: Outgoing, now: Instant): void {
  const writes = (phase === "copying" || phase === "syncing") && executes(guest);
  settle(copy, now, phase === "copying" || phase === "switching", writes ? guest.dirtyRate : 0);
}

export function usesLink({ phase }: Outgoing): boolean {
  return phase !== "preparing" && phase !== "finishing";
}

export function progressOf({ copy, guest, startedAt }: Outgoing, now: Instant): MigrationProgress {
  return {
    elapsedMs: now - startedAt,
    totalMib: guest.memory,
    remainingMib: Math.ceil(copy.remaining / 1024),
    iterations: copy.rounds,
  };
}

export function kibPerSecond(mibPerSecond: number): number {
  return mibPerSecond * 1024;
}
