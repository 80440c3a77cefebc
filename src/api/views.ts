/**
 * What answers are made of. The agent's own views come from there; those named here are what the API promises
 * beyond them. Ages (`…AgoMs`) get a time (`…At`, RFC 3339) beside them on the way out (`times.ts`).
 */
import type { BalancingMode } from "../lrt/config.ts";
import type { OperationName } from "../model/operation.ts";

export type {
  CaptureView,
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

export type { Change, Effect } from "../vet/lifecycle/difference.ts";
export type { VeAnswer, VeView, VeVmView } from "../vet/views.ts";

/** Long work has begun; null: there was nothing to do. */
export interface Started {
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
  /** What is not solved, why, and how long ago that was found; the latest last. */
  readonly reasons: readonly {
    readonly event: string;
    /** The event in words. */
    readonly about: string;
    readonly reason: string;
    readonly agoMs: number;
  }[];
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
