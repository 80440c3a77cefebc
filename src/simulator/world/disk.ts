import type { PersistId, Write } from "../../ports/effects.ts";
import type { JournalPort } from "../../ports/ports.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

export interface DiskSettings {
  readonly syncMs: number;
  readonly jitterMs: number;
}

/**
 * A host's disk: writes become durable in order, after a sync; a crash loses what has not been synced. Values are
 * written as text and read back as new objects.
 */
export class Disk {
  readonly #durable = new Map<string, string>();
  readonly #queue: EventQueue;
  readonly #delayMs: () => number;

  constructor(queue: EventQueue, delayMs: () => number) {
    this.#queue = queue;
    this.#delayMs = delayMs;
  }

  restored(): Map<string, unknown> {
    return new Map([...this.#durable].map(([key, text]) => [key, JSON.parse(text) as unknown]));
  }

  /** Counts the starts of the agent on this disk. */
  nextBoot(): number {
    const boot = Number(this.#durable.get("#boot") ?? "0") + 1;
    this.#durable.set("#boot", String(boot));
    return boot;
  }

  wipe(): void {
    this.#durable.clear();
  }

  /** The journal of one process on this disk; it dies with the process. */
  open(persisted: (id: PersistId) => void, alive: () => boolean): JournalPort {
    let last = 0;
    return {
      write: (id: PersistId, writes: readonly Write[]) => {
        const frozen = writes.map(({ key, value }) => ({
          key,
          text: value === null ? null : JSON.stringify(value),
        }));
        last = Math.max(last, this.#queue.now + this.#delayMs());
        this.#queue.at(last, () => {
          if (!alive()) return;
          for (const { key, text } of frozen) {
            if (text === null) this.#durable.delete(key);
            else this.#durable.set(key, text);
          }
          persisted(id);
        });
      },
    };
  }
}
