import type { DiskSpace } from "../../model/disk-space.ts";
import type { PersistId, Write } from "../../ports/effects.ts";
import type { JournalPort } from "../../ports/ports.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

interface Pending {
  readonly id: PersistId;
  readonly writes: readonly { readonly key: string; readonly text: string | null }[];
}

/**
 * A host's disk: writes become durable in order, each after a sync. When the process dies, any number of the writes
 * that were under way, in order, have reached the disk nevertheless. Values are written as text and read back as
 * new objects.
 */
export class Disk {
  readonly #durable = new Map<string, string>();
  readonly #queue: EventQueue;
  readonly #syncMs: () => number;
  readonly #survivors: (pending: number) => number;
  #pending: Pending[] = [];
  /** Writes that are due, in order: they wait for room. */
  #held: (() => void)[] = [];
  #space: DiskSpace = "ample";
  /** Added to every sync. */
  slownessMs = 0;

  /** @param survivors how many of the pending writes survive the process's death. */
  constructor(queue: EventQueue, syncMs: () => number, survivors: (pending: number) => number) {
    this.#queue = queue;
    this.#syncMs = syncMs;
    this.#survivors = survivors;
  }

  get space(): DiskSpace {
    return this.#space;
  }

  /** While it is full, what is written waits; a process that dies meanwhile has written nothing of that. */
  set space(space: DiskSpace) {
    this.#space = space;
    if (space === "full") return;
    for (const written of this.#held.splice(0)) written();
  }

  restored(): Map<string, unknown> {
    return new Map([...this.#durable].map(([key, text]) => [key, JSON.parse(text) as unknown]));
  }

  /** The durable value under `key` as text, for checkers. */
  read(key: string): string | undefined {
    return this.#durable.get(key);
  }

  /** The durable keys under a prefix, for checkers. */
  keys(prefix: string): readonly string[] {
    return [...this.#durable.keys()].filter((key) => key.startsWith(prefix));
  }

  /** Counts the starts of the agent on this disk. */
  nextBoot(): number {
    const boot = Number(this.#durable.get("#boot") ?? "0") + 1;
    this.#durable.set("#boot", String(boot));
    return boot;
  }

  /** A small fact that is written once, before the agent begins; it may take it away. */
  once(key: string, value: () => unknown): unknown {
    const known = this.#durable.get(key);
    if (known !== undefined) return JSON.parse(known);
    const made = value();
    this.#durable.set(key, JSON.stringify(made));
    return made;
  }

  /** The journal of one process on this disk. */
  open(persisted: (id: PersistId) => void, alive: () => boolean): JournalPort {
    let last = 0;
    return {
      write: (id: PersistId, writes: readonly Write[]) => {
        const frozen = writes.map(({ key, value }) => ({
          key,
          text: value === null ? null : JSON.stringify(value),
        }));
        const pending = { id, writes: frozen };
        this.#pending.push(pending);
        last = Math.max(last, this.#queue.now + this.#syncMs() + this.slownessMs);
        const written = (): void => {
          if (!alive() || this.#pending[0] !== pending) return;
          this.#pending.shift();
          this.#apply(pending);
          persisted(id);
        };
        this.#queue.at(last, () => {
          if (this.#space === "full") this.#held.push(written);
          else written();
        });
      },
    };
  }

  /** The process that wrote has died. */
  processDied(): void {
    const survivors = this.#space === "full" ? 0 : this.#survivors(this.#pending.length);
    this.#held = [];
    for (const pending of this.#pending.slice(0, survivors)) this.#apply(pending);
    this.#pending = [];
  }

  #apply({ writes }: Pending): void {
    for (const { key, text } of writes) {
      if (text === null) this.#durable.delete(key);
      else this.#durable.set(key, text);
    }
  }
}
