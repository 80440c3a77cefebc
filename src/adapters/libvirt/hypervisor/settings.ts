/** What the adapter is told, what it needs, and what it tells besides the port's own events. */
import type { Millis } from "../../../lib/instant.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import type { ClockPort, HypervisorSink } from "../../../ports/ports.ts";

export interface LibvirtHypervisorConfig {
  /** libvirtd's socket, e.g. `/run/libvirt/libvirt-sock`. */
  readonly socketPath: string;
  /** The hypervisor as the daemon names it, e.g. `qemu:///system`. */
  readonly uri: string;
  /** Where other hosts' daemons reach this host's: `qemu+tls://<host>/system`, `qemu+tcp://…`. */
  readonly migrationUri: string;
  /** How often usage is read. */
  readonly sampleMs: Millis;
  /** Default `auto`, see `domain-type.ts`. */
  readonly domainType?: "auto" | "kvm" | "qemu";
  readonly migration?: MigrationOptions;
}

export interface MigrationOptions {
  /** Slows the guest down when it writes faster than the network carries. Default true. */
  readonly autoConverge?: boolean;
  /** Also encrypts what QEMU sends (libvirt's certificates must be installed). Default false. */
  readonly tls?: boolean;
  /** For disks that libvirt cannot see to be shared. Data is lost when they are not. Default false. */
  readonly unsafe?: boolean;
}

/** A daemon that was away is found within two seconds of its return. */
export const RECONNECT = { firstMs: 100, maxMs: 2_000 } as const;

export interface LibvirtHypervisorDependencies {
  readonly clock: Pick<ClockPort, "now" | "at">;
  readonly sink: HypervisorSink;
  readonly report: (event: HypervisorReport) => void;
}

/** For logs. */
export type HypervisorReport =
  | { readonly event: "connect-failed"; readonly reason: string }
  /** Metadata in our namespace that is no stamp: the domain counts as foreign. */
  | { readonly event: "stamp-unreadable"; readonly vm: VmId }
  /** An event of the daemon could not be passed on; the next listing has it. */
  | { readonly event: "event-lost"; readonly vm: VmId; readonly reason: string }
  /** A reading of usage was not answered in time (a QEMU hangs, or libvirt is killing it): read past it. */
  | { readonly event: "usage-late"; readonly unanswered: number }
  | {
      readonly event: "domain-type";
      readonly type: "kvm" | "qemu";
      readonly emulator: string;
      readonly reason: string;
    };
