import type { MigrationPolicy, Stamp, VmId, VmSpec } from "../model/virtual-machine.ts";
import type { Domain, HypervisorInfo, UsageSample } from "./domain.ts";

/**
 * The bare-hardware wrapper's small common interface: what the agent can ask of a hypervisor, as data.
 * Commands run concurrently; each ends in exactly one outcome (`driver`, operation ids). Embedded and libvirt
 * implementations pass one contract suite (`test/contract/hypervisor`).
 */
export type HypervisorCommand =
  /** Every domain on this host, foreign ones included. */
  | { readonly kind: "list" }
  /** One domain, read now. */
  | { readonly kind: "inspect"; readonly vm: VmId }
  /** Creates a transient domain and starts it. Fails with `exists` when its id or name is taken here. */
  | { readonly kind: "start"; readonly spec: VmSpec; readonly stamp: Stamp }
  /** Asks the guest to power off; destroys it when it has not within `graceMs`. Ends when it is gone. */
  | { readonly kind: "stop"; readonly vm: VmId; readonly graceMs: number }
  /** Unpauses a domain: one that arrived by a migration that ended well, or whose migration ended without a word. */
  | { readonly kind: "resume"; readonly vm: VmId }
  /** Ends a domain at once; also a leftover shell. */
  | { readonly kind: "destroy"; readonly vm: VmId }
  /**
   * Live, peer to peer: it goes on when the caller dies, so after a restart one must look. The guest arrives paused
   * (`user`); it is resumed there by whoever knows that this has ended well. Else it goes on here, and the destination
   * may be left with a whole copy, paused.
   */
  | {
      readonly kind: "migrate";
      readonly vm: VmId;
      /** The destination's `HypervisorInfo.migrationUri`. */
      readonly uri: string;
      readonly policy: MigrationPolicy;
      /** Move the persistent definition along (adopted domains). */
      readonly persistent: boolean;
    }
  /** Waits for a migration of this domain that an earlier agent process began, and reports how it ended. */
  | { readonly kind: "await-migration"; readonly vm: VmId }
  | { readonly kind: "abort-migration"; readonly vm: VmId }
  /** Writes or (null) removes our metadata. Never restarts anything. */
  | { readonly kind: "stamp"; readonly vm: VmId; readonly stamp: Stamp | null };

export type HypervisorFailureCode =
  | "no-such-domain"
  | "exists"
  /** A migration was aborted on request or at its timeout; the guest runs on at the source. */
  | "aborted"
  /** The other side of a migration could not be reached. */
  | "unreachable"
  /** The call was not answered or the connection was lost: it may still take effect. One must look. */
  | "unknown"
  | "invalid"
  | "failed";

export interface HypervisorFailure {
  readonly code: HypervisorFailureCode;
  readonly message: string;
}

/** What a command answers: `domains` for list, `domain` for inspect, nothing else for the rest. */
export type HypervisorOutcome =
  | { readonly ok: true; readonly domains?: readonly Domain[]; readonly domain?: Domain | null }
  | { readonly ok: false; readonly failure: HypervisorFailure };

/** How far a migration is. */
export interface MigrationProgress {
  readonly elapsedMs: number;
  readonly totalMib: number;
  readonly remainingMib: number;
  /** Passes over the guest's memory so far. */
  readonly iterations: number;
}

/** What a hypervisor says unasked. */
export type HypervisorEvent =
  /** A connection opened: everything known before must be listed again (events were lost). */
  | { readonly kind: "connected"; readonly info: HypervisorInfo }
  | { readonly kind: "disconnected"; readonly reason: string }
  /** Sent once a sample interval; an unchanged sample may be left out ("no news is no change"). */
  | { readonly kind: "usage"; readonly sample: UsageSample }
  /** Usage cannot be read at present: what was known is stale. */
  | { readonly kind: "usage-unavailable"; readonly reason: string }
  /** A domain changed; `domain` is its state now, or null when it is gone. */
  | {
      readonly kind: "domain-changed";
      readonly vm: VmId;
      readonly domain: Domain | null;
      readonly cause: DomainCause;
    };

export type DomainCause =
  | "started"
  | "stopped"
  | "crashed"
  | "paused"
  | "resumed"
  | "migrated-in"
  | "migrated-out"
  /** An incoming migration came to nothing: not a guest crash. */
  | "migration-in-failed"
  | "changed";
