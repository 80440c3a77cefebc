/** Long work that operators started here: running ones, and the last few that ended, for `op list` and `op wait`. */
import type { Failure } from "../lib/error.ts";
import type { Instant } from "../lib/instant.ts";
import type { NodeId } from "../model/node.ts";
import type { Operation, OperationKind, OperationLog, OperationName } from "../model/operation.ts";
import type { Notification } from "./notifications.ts";

/** Ended operations that are remembered. */
const MAX_ENDED = 200;

export class Operations implements OperationLog {
  readonly #operations = new Map<OperationName, Operation>();
  readonly #changed: Notification[] = [];
  readonly #prefix: string;
  #counter = 0;

  constructor(self: NodeId, boot: number) {
    this.#prefix = `${shortId(self)}-${boot}.`;
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
    this.#put({ ...operation, message, progress: progress ?? operation.progress });
  }

  end(name: OperationName, message: string, failure: Failure | null, now: Instant): void {
    const operation = this.#operations.get(name);
    if (operation?.state !== "running") return;
    const state = failure === null ? "succeeded" : failure.code === "cancelled" ? "cancelled" : "failed";
    this.#put({ ...operation, message, failure, state, endedAt: now });
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

  #put(operation: Operation): void {
    this.#operations.set(operation.name, operation);
    this.#changed.push({ kind: "operation", operation });
  }

  #forgetOldest(): void {
    const ended = this.list().filter(({ state }) => state !== "running");
    for (const { name } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED)))
      this.#operations.delete(name);
  }
}

/** The last eight characters of a node id: enough to tell a cluster's hosts apart for people. */
export function shortId(node: NodeId): string {
  return node.slice(-8).toLowerCase();
}
