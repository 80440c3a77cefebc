import type { HypervisorCommand } from "../hypervisor/command.ts";
import type { Result } from "../lib/error.ts";
import type { Instant, Millis } from "../lib/instant.ts";
import type { NodeId } from "../model/node.ts";
import type { Limits, Problem } from "../solver/problem.ts";

/** Names a durable write; effects that depend on it carry it in `after` and are held until it is on disk. */
export type PersistId = number;
/** Names slow work; its completion comes back as an input with the same id. */
export type OperationId = number;
/** Names a request of the control API or of a peer; answered exactly once. */
export type RequestId = string;
/** `<tracker>/<purpose>[/<subject>]`. */
export type TimerName = string;

/** A class of messages with its own stream per peer: order is kept within a lane, not across lanes. */
export type Lane = "membership" | "partition" | "control";

/** A durable change of one key; `null` deletes it. Values are JSON. */
export interface Write {
  readonly key: string;
  readonly value: unknown;
}

/** Everything an agent can ask of the outside in one step, in order. */
export type Effect<Message, Notification> =
  | { readonly kind: "persist"; readonly id: PersistId; readonly writes: readonly Write[] }
  | { readonly kind: "send"; readonly to: NodeId; readonly message: Message; readonly after?: PersistId }
  | { readonly kind: "timer-set"; readonly timer: TimerName; readonly token: number; readonly at: Instant }
  | { readonly kind: "timer-clear"; readonly timer: TimerName }
  | {
      readonly kind: "hypervisor";
      readonly operation: OperationId;
      readonly command: HypervisorCommand;
      readonly after?: PersistId;
      /** Not begun later than this: it fails instead (its write took too long, or the process stood still). */
      readonly by?: Instant;
    }
  | {
      readonly kind: "solve";
      readonly operation: OperationId;
      readonly problem: Problem;
      readonly limits: Limits;
    }
  | { readonly kind: "solve-cancel"; readonly operation: OperationId }
  | {
      readonly kind: "reply";
      readonly request: RequestId;
      readonly result: Result<unknown>;
      readonly after?: PersistId;
    }
  | { readonly kind: "notify"; readonly notification: Notification }
  /** Dial an address whose peer is not known yet; `address-answered` comes back. */
  | { readonly kind: "dial"; readonly address: string }
  /** Where a peer can be reached; an empty list: forget it. */
  | { readonly kind: "addresses"; readonly peer: NodeId; readonly addresses: readonly string[] };

/**
 * Collects the effects of one step. Trackers see only this; what they put in is executed in order once the
 * step has returned.
 */
export interface Turn<Message, Notification> {
  readonly now: Instant;
  send(to: NodeId, message: Message, after?: PersistId): void;
  persist(writes: readonly Write[]): PersistId;
  /** Sets (or moves) the timer of that name; it fires once, as `timer-fired` with its name. */
  setTimer(timer: TimerName, after: Millis): void;
  clearTimer(timer: TimerName): void;
  hypervisor(command: HypervisorCommand, after?: PersistId, by?: Instant): OperationId;
  solve(problem: Problem, limits: Limits): OperationId;
  cancelSolve(operation: OperationId): void;
  reply(request: RequestId, result: Result<unknown>, after?: PersistId): void;
  notify(notification: Notification): void;
  dial(address: string): void;
  setAddresses(peer: NodeId, addresses: readonly string[]): void;
}
