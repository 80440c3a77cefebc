import type { Instant } from "../lib/instant.ts";
import type { Resources } from "../model/resources.ts";
import type { Stamp, VmId } from "../model/virtual-machine.ts";

/** A domain's state as the hypervisor tells it; `shutoff` only of persistent domains. */
export type DomainState = "running" | "paused" | "shutoff" | "crashed";

/**
 * Why a domain is paused. `migrating-in`: the shell of an incoming migration, no guest yet. `migrating-out`:
 * the last phase of an outgoing one. `post-migration`: libvirt could not tell how the migration ended and
 * waits for somebody who can.
 */
export type PauseReason = "user" | "migrating-in" | "migrating-out" | "post-migration" | "other";

/** A domain (guest) on this host: what runs is what the hypervisor says runs, and nothing else. */
export interface Domain {
  readonly vm: VmId;
  readonly name: string;
  readonly state: DomainState;
  readonly pauseReason: PauseReason | null;
  readonly cpus: number;
  /** MiB it may use at most. */
  readonly memory: number;
  readonly persistent: boolean;
  /** null: not ours. */
  readonly stamp: Stamp | null;
  readonly job: "none" | "migrating-out" | "migrating-in" | "other";
}

/** How much CPU a domain got and how much it wanted (got plus waited for), averaged since the last sample. */
export interface DomainUsage {
  readonly vm: VmId;
  /** milli-CPU. */
  readonly used: number;
  /** milli-CPU; at least `used`. */
  readonly wanted: number;
  /** MiB the host must hold for it. */
  readonly memory: number;
}

export interface UsageSample {
  readonly sampledAt: Instant;
  readonly domains: readonly DomainUsage[];
}

/** What a hypervisor can do and is, told when a connection to it opens. */
export interface HypervisorInfo {
  /** e.g. `libvirt 9.0.0, QEMU 7.2.22` or `embedded`. */
  readonly description: string;
  /** Where other hosts send migrations to: a libvirt URI or an embedded side-channel address. */
  readonly migrationUri: string;
  /** What the hypervisor believes the host has; configuration may declare less. */
  readonly capacity: Resources;
}
