/** Long work that operators started here: running ones, and the last few that ended, for `op list` and `op wait`. */
import type { Failure } from "../lib/error.ts";
import type { Instant } from "../lib/instant.ts";
import { sortedEntries } from "../lib/order.ts";
import type { NodeId } from "../model/node.ts";
import type { Operation, OperationKind, OperationLog, OperationName } from "../model/operation.ts";
import type { Write } from "../ports/effects.ts";
import type { Notification } from "./notifications.ts";

/** Ended operations that are remembered. */
const MAX_ENDED = 200;
const PREFIX = "agent/operation/";

export class Operations implements OperationLog {
  readonly #operations = new Map<OperationName, Operation>();
  readonly #changed: Notification[] = [];
  readonly #writes: Write[] = [];
  readonly #prefix: string;
  #counter = 0;

  /** What was running when the agent ended has failed, and says so; the work itself may go on under another name. */
  constructor(self: NodeId, boot: number, restored: ReadonlyMap<string, unknown>) {
    this.#prefix = `${shortId(self)}-${boot}.`;
    for (const [key, value] of sortedEntries(restored)) {
      if (key.startsWith(PREFIX)) this.#restore(value as Operation);
    }
  }

  begin(kind: OperationKind, subject: string, reason: string, now: Instant): OperationName {
    const name = `${this.#prefix}${++this.#counter}`;
    this.#put({
      name,
      kind,
      subject,
      state: "running",
      message: "started",
      progress: null,
      failure: null,
      startedAt: now,
      endedAt: null,
      reason,
    });
    return name;
  }

  progress(
    name: OperationName,
    message: string,
    progress?: { readonly done: number; readonly total: number },
  ): void {
    const operation = this.#operations.get(name);
    if (operation?.state !== "running") return;
    const { done, total } = progress ?? operation.progress ?? { done: 0, total: 0 };
    const same = operation.progress?.done === done && operation.progress.total === total;
    if (operation.message === message && same) return;
    this.#put({ ...operation, message, progress: progress ?? operation.progress });
  }

  end(name: OperationName, message: string, failure: Failure | null, now: Instant): void {
    const operation = this.#operations.get(name);
    if (operation?.state !== "running") return;
    const state = failure === null ? "succeeded" : failure.code === "cancelled" ? "cancelled" : "failed";
    const total = operation.progress?.total ?? 0;
    const progress = failure === null && total > 0 ? { done: total, total } : operation.progress;
    this.#put({ ...operation, message, failure, state, progress, endedAt: now });
    this.#forgetOldest();
  }

  get(name: OperationName): Operation | undefined {
    return this.#operations.get(name);
  }

  list(): readonly Operation[] {
    return [...this.#operations.values()];
  }

  running(): number {
    return this.list().filter(({ state }) => state === "running").length;
  }

  /** What changed since the last call, to be notified. */
  takeChanges(): Notification[] {
    return this.#changed.splice(0);
  }

  /** How the changed ones are to be kept; progress is not worth a write. */
  takeWrites(): Write[] {
    return this.#writes.splice(0);
  }

  #restore(operation: Operation): void {
    if (operation.state !== "running") {
      this.#operations.set(operation.name, operation);
      return;
    }
    const message = "the agent restarted meanwhile";
    const failure = {
      code: "failed",
      message,
      hint: "look whether it went on: discoveryctl op list",
    } as const;
    this.#put({ ...operation, state: "failed", message, failure, endedAt: operation.startedAt });
  }

  #put(operation: Operation): void {
    const before = this.#operations.get(operation.name);
    if (before?.state !== operation.state)
      this.#writes.push({ key: `${PREFIX}${operation.name}`, value: operation });
    this.#operations.set(operation.name, operation);
    this.#changed.push({ kind: "operation", operation });
  }

  #forgetOldest(): void {
    const ended = this.list().filter(({ state }) => state !== "running");
    for (const { name } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#operations.delete(name);
      this.#writes.push({ key: `${PREFIX}${name}`, value: null });
    }
  }
}

/** The last eight characters of a node id: enough to tell a cluster's hosts apart for people. */
export function shortId(node: NodeId): string {
  return node.slice(-8).toLowerCase();
}
