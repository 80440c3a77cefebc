import type { VeName } from "./virtual-environment.ts";

/** A VM's identity: its libvirt domain UUID, lower case. It never changes, wherever the VM goes. */
export type VmId = string;

/**
 * What DISCOVERY writes into a domain's metadata. A domain without a stamp is foreign: it is counted, never
 * touched. A stamp names the VE, the VM in it and its handler (VMH, `<node>-<k>-<n>`).
 */
export interface Stamp {
  readonly ve: VeName;
  /** The VM's name inside its VE, e.g. `web-0`. */
  readonly vm: string;
  readonly handler: string;
  /** The VE generation this VM was last brought to. */
  readonly generation: number;
  /** Adopted domains keep their persistent definition when they move; ours are transient. */
  readonly adopted: boolean;
  /** What the scheduler must know of this VM wherever it runs. */
  readonly policy: VmPolicy;
}

/** The part of a VE's manifest that travels with each of its VMs. */
export interface VmPolicy {
  /** VMs (by id) that must never share this VM's host. */
  readonly apart: readonly VmId[];
  /** VMs (by id) that must share this VM's host. */
  readonly together: readonly VmId[];
  /** Host labels that must be present, e.g. `{ site: "rennes" }`. */
  readonly require: { readonly [label: string]: string };
  /** Whether overload may move it: `off` pins it except for drain and operators. */
  readonly balancing: "auto" | "recommend" | "off";
  /** What a drain does with it. */
  readonly drain: "live" | "stay";
  readonly migration: MigrationPolicy;
  readonly priority: number;
}

export interface MigrationPolicy {
  /** MiB/s; 0: as fast as the host's configuration allows. */
  readonly bandwidthMibPerSecond: number;
  /** A migration that takes longer is aborted and counts as failed. */
  readonly timeoutMs: number;
}

export const DEFAULT_MIGRATION: MigrationPolicy = { bandwidthMibPerSecond: 0, timeoutMs: 300_000 };

export const DEFAULT_POLICY: VmPolicy = {
  apart: [],
  together: [],
  require: {},
  balancing: "auto",
  drain: "live",
  migration: DEFAULT_MIGRATION,
  priority: 50,
};

/** What it takes to create a VM's domain on a host. */
export interface VmSpec {
  readonly id: VmId;
  /** The libvirt domain name, `<ve>.<vm>`. */
  readonly name: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly boot?: { readonly kernel: string; readonly initrd?: string; readonly cmdline?: string };
  readonly disks: readonly {
    readonly path: string;
    readonly format: "raw" | "qcow2";
    readonly readOnly: boolean;
  }[];
  readonly nics: readonly { readonly network: string; readonly mac?: string }[];
  /** A whole domain document, given instead of the short fields (`domain.fromFile`). */
  readonly domainXml?: string;
}
