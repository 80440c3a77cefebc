/**
 * What answers are made of. The agent's own views come from there; those named here are what the API promises
 * beyond them. Ages (`…AgoMs`) get a time (`…At`, RFC 3339) beside them on the way out (`times.ts`).
 */
import type { BalancingMode } from "../lrt/config.ts";
import type { OperationName } from "../model/operation.ts";
import type { DesiredState, ObservedState, VeName } from "../model/virtual-environment.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { VmRecord } from "../vet/lifecycle/record.ts";

export type {
  Coverage,
  DrainPreview,
  HistoryEntry,
  HostReport,
  HostView,
  OperationView,
  StatusView,
  VmView,
} from "../agent/views.ts";
export type { BalancingMode } from "../lrt/config.ts";
export type { OperationName } from "../model/operation.ts";
export type { Resources } from "../model/resources.ts";

/** Long work has begun; null: there was nothing to do. */
export interface Started {
  readonly operation: OperationName | null;
}

export interface VeView {
  readonly name: VeName;
  readonly handler: string;
  /** Name of the host its record lives on. */
  readonly home: string;
  readonly generation: number;
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  readonly adopted: boolean;
  readonly vms: readonly VeVmView[];
}

export interface VeVmView {
  readonly name: string;
  readonly id: VmId;
  readonly handler: string;
  readonly state: VmRecord["state"];
  /** The host's name. */
  readonly host: string | null;
}

/** One difference between what a manifest wants and what is. */
export interface VeChange {
  readonly action: "create" | "change" | "delete";
  /** The VM's name in the VE; null: the VE as a whole. */
  readonly vm: string | null;
  /** What changes, for people: `memory 2GiB → 4GiB`. */
  readonly what: string;
  readonly effect: "live" | "restart" | "recreate";
}

/** The answer to `ve apply`; with dryRun (`ve plan`) nothing was begun and `operation` is null. */
export interface VeApplied {
  readonly name: VeName;
  /** After the change; with dryRun, before it. 0: there is no such VE. */
  readonly generation: number;
  readonly changes: readonly VeChange[];
  readonly operation: OperationName | null;
}

/** Round trip from one host to another, as that host measured it. */
export interface RttView {
  readonly from: string;
  readonly to: string;
  readonly rttMs: number | null;
}

/** Why a VM is where it is, and why it does not go elsewhere. */
export interface ExplainView {
  readonly vm: string;
  /** The answer in one sentence. */
  readonly summary: string;
  /** What led to where it is now, newest last. */
  readonly decisions: readonly { readonly what: string; readonly reason: string; readonly agoMs: number }[];
  /** Per host: whether it could take the VM, and if not which rule or figure forbids it. */
  readonly hosts: readonly { readonly host: string; readonly possible: boolean; readonly why: string }[];
}

export interface BalanceView {
  readonly mode: BalancingMode;
  /** Per host: how much of what it has is wanted. */
  readonly hosts: readonly {
    readonly host: string;
    readonly condition: string;
    readonly cpu: { readonly wanted: number; readonly capacity: number };
    readonly memory: { readonly wanted: number; readonly capacity: number };
    /** The partition it is reserved for. */
    readonly partition: string | null;
  }[];
  /** Events that could not be solved lately, newest last. */
  readonly reasons: readonly { readonly event: string; readonly reason: string; readonly agoMs: number }[];
}

export interface DoctorView {
  readonly host: string;
  readonly checks: readonly {
    readonly name: string;
    readonly state: "ok" | "warning" | "failed";
    readonly message: string;
    readonly hint?: string;
  }[];
}

/** The program that answers. */
export interface VersionView {
  readonly version: string;
  readonly host: string;
  readonly node: string;
}

/** A line of the event stream. */
export type EventLine =
  | {
      readonly kind: "Event";
      /** Counts up from 1 since the agent started; `?since=` takes it. */
      readonly sequence: number;
      /** RFC 3339. */
      readonly time: string;
      /** Stable name, e.g. `action-ended`. */
      readonly event: string;
      readonly [field: string]: unknown;
    }
  /** Events between `?since=` and what is still kept are gone. */
  | { readonly kind: "Missed"; readonly time: string; readonly count: number }
  /** Nothing has happened for a while; the connection is alive. */
  | { readonly kind: "Heartbeat"; readonly time: string; readonly sequence: number }
  /** The last line: this listener was too slow, or the agent stops. */
  | { readonly kind: "Dropped"; readonly time: string; readonly reason: string; readonly sequence: number };
