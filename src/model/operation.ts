import type { Failure } from "../lib/error.ts";
import type { Instant } from "../lib/instant.ts";

/** Names a piece of long work for operators: `<short node>-<boot>.<counter>`. */
export type OperationName = string;

export type OperationKind =
  | "ve-apply"
  | "ve-start"
  | "ve-stop"
  | "ve-delete"
  | "ve-adopt"
  | "vm-migrate"
  | "host-drain";

/** Long work that an operator started: it can be watched, waited for and called off. */
export interface Operation {
  readonly name: OperationName;
  readonly kind: OperationKind;
  /** The VE, VM or host it is about. */
  readonly subject: string;
  readonly state: "running" | "succeeded" | "failed" | "cancelled";
  /** What is happening, or how it ended, for people. */
  readonly message: string;
  /** Parts done and parts in all, where that can be said. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly failure: Failure | null;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly reason: string;
}

/** How trackers keep an operator informed of long work. */
export interface OperationLog {
  begin(kind: OperationKind, subject: string, reason: string, now: Instant): OperationName;
  progress(
    name: OperationName,
    message: string,
    progress?: { readonly done: number; readonly total: number },
  ): void;
  /** `failure` null: it succeeded. */
  end(name: OperationName, message: string, failure: Failure | null, now: Instant): void;
  get(name: OperationName): Operation | undefined;
}
