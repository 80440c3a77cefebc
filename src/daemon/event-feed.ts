import type { LogEntry } from "../adapters/logging/log-entry.ts";

/** What is worth a line in the log is worth an event, under the same name. */
export type FeedEvent = { readonly event: string; readonly [field: string]: unknown };

/** Passes what the agent says happened on to whoever listens. */
export class EventFeed {
  readonly #listeners = new Set<(event: FeedEvent) => void>();

  publish({ event, level, message, fields }: LogEntry): void {
    for (const listener of this.#listeners) listener({ ...fields, event, level, message });
  }

  /** @returns how to stop listening. */
  subscribe(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
