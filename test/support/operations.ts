import type { Failure } from "../../src/lib/error.ts";
import type { Instant } from "../../src/lib/instant.ts";
import type { Operation, OperationLog } from "../../src/model/operation.ts";

/** Remembers operations for tests to read. */
export class Operations implements OperationLog {
  readonly #all = new Map<string, Operation>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  begin(kind: Operation["kind"], subject: string, reason: string, now: Instant): string {
    const name = `${this.#prefix}.${this.#all.size + 1}`;
    const rest = { progress: null, failure: null, startedAt: now, endedAt: null, reason };
    this.#all.set(name, { name, kind, subject, state: "running", message: "started", ...rest });
    return name;
  }

  progress(name: string, message: string): void {
    const operation = this.#all.get(name);
    if (operation !== undefined) this.#all.set(name, { ...operation, message });
  }

  end(name: string, message: string, failure: Failure | null, now: Instant): void {
    const operation = this.#all.get(name);
    const state = failure === null ? "succeeded" : failure.code === "cancelled" ? "cancelled" : "failed";
    if (operation !== undefined) this.#all.set(name, { ...operation, message, failure, state, endedAt: now });
  }

  get(name: string): Operation | undefined {
    return this.#all.get(name);
  }
}
