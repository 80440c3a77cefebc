import type { Millis } from "../lib/instant.ts";
import type { BalancingMode } from "../lrt/config.ts";
import type { Condition } from "../lrt/monitoring/monitor.ts";
import type { EventKind } from "../lrt/scheduling/event.ts";
import type { MemberState } from "../model/member.ts";
import type { Labels, NodeId } from "../model/node.ts";
import type { Operation } from "../model/operation.ts";
import type { Resources } from "../model/resources.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Problem } from "../solver/problem.ts";

/**
 * What agents answer, as the API shows it. Times are ages in milliseconds: clocks differ between hosts, and the
 * API puts its own wall clock on them.
 */

/** Who answered a question to everybody, and who did not. */
export interface Coverage {
  readonly hostsKnown: number;
  readonly hostsAnswered: number;
  readonly unreachable: readonly {
    readonly host: string;
    readonly state: MemberState;
    readonly lastHeardMs: Millis | null;
  }[];
}

export interface HostView {
  readonly id: NodeId;
  readonly name: string;
  readonly state: MemberState;
  readonly labels: Labels;
  readonly version: string;
  readonly rttMs: number | null;
  readonly drain: "no" | "draining" | "drained";
  /** Absent when the host did not answer. */
  readonly report: HostReport | null;
}

/** A host's own part of the answer. */
export interface HostReport {
  readonly capacity: Resources;
  readonly wanted: Resources;
  readonly condition: Condition;
  readonly vms: number;
  readonly managedVms: number;
  readonly hypervisor: string | null;
  readonly sampleAgoMs: Millis | null;
  readonly drain: "no" | "draining" | "drained";
  /** The partition it is reserved for, if any. */
  readonly partition: string | null;
  readonly events: readonly { readonly kind: EventKind; readonly ageMs: Millis; readonly state: string }[];
}

export interface VmView {
  readonly id: VmId;
  /** The domain's name. */
  readonly name: string;
  readonly ve: string | null;
  readonly host: string;
  readonly state: string;
  readonly cpus: number;
  readonly demand: Resources;
  /** null: it may be moved; otherwise why not. */
  readonly pinned: string | null;
  readonly migration: { readonly from: string; readonly to: string; readonly reason: string } | null;
}

/** One thing that happened to a VM, as a host that took part remembers. */
export interface HistoryEntry {
  /** As in the logs. */
  readonly action: string;
  readonly vm: VmId;
  readonly name: string;
  readonly what: "migrate" | "run";
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
  readonly outcome: string;
  readonly agoMs: Millis;
  readonly durationMs: Millis | null;
}

export interface OperationView extends Omit<Operation, "startedAt" | "endedAt"> {
  readonly host: string;
  readonly startedAgoMs: Millis;
  readonly endedAgoMs: Millis | null;
}

export interface StatusView {
  readonly id: NodeId;
  readonly name: string;
  readonly version: string;
  readonly members: { readonly [state in MemberState]: number };
  readonly isolated: boolean;
  readonly mode: BalancingMode;
  readonly report: HostReport;
  readonly operationsRunning: number;
}

/** The live infrastructure as an instance that the solver reads; hosts and VMs have their names as ids. */
export interface CaptureView {
  readonly instance: Problem & { readonly format: "vmr-instance/2" };
  /** What is not as it may seem: hosts that did not answer, names that were taken twice, VMs that stay. */
  readonly warnings: readonly string[];
}

/** What a drain would do, VM by VM. */
export interface DrainPreview {
  readonly host: string;
  readonly vms: readonly {
    readonly name: string;
    readonly target: string | null;
    readonly blocker: string | null;
  }[];
  /** Domains that are not managed, by name: they stay, and the drain does not wait for them. */
  readonly stay: readonly string[];
  /** VE records whose home this host is. */
  readonly records: number;
}
