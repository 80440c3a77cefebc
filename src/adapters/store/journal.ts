/**
 * The journal: durable writes by key, kept by a worker thread so that the disk never holds up the agent. A write
 * is reported when it has been fsynced; writes are durable in the order of the calls, each whole or not at all.
 *
 * A full disk is not an error here: writes wait, in order, and so does what depends on them, while the agent
 * takes on nothing new (`space`). Anything else that fails is final (`broken`): the process must stop, since only
 * a new start, which reads the disk again, can know what is on it.
 */
import { Worker } from "node:worker_threads";
import { assert, unreachable } from "../../lib/assert.ts";
import { DiscoveryError, type Failure } from "../../lib/error.ts";
import type { PersistId, Write } from "../../ports/effects.ts";
import type { JournalPort, JournalSink } from "../../ports/ports.ts";
import type { Restored, RowChange } from "./database.ts";
import { writeFailure } from "./failures.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import type { SpaceState } from "./space.ts";

/** Keys are names, not data. */
const MAX_KEY_LENGTH = 512;
/** Longer values, in UTF-16 units of their JSON, are a defect: the largest record a host keeps is far smaller. */
const MAX_VALUE_LENGTH = 16 << 20;
/** Writes that may wait for a disk without room; beyond that the agent cannot keep up with itself. */
const MAX_WAITING = 100_000;
const CLOSE_TIMEOUT = 5_000;

export interface JournalEvents extends JournalSink {
  /** How much room there is has changed. */
  space(state: SpaceState): void;
  /** Nothing will ever be persisted again; called once. The process must stop. */
  broken(failure: Failure): void;
}

/** What an agent starts from. */
export interface OpenedJournal {
  readonly journal: SqliteJournal;
  readonly rows: ReadonlyMap<string, unknown>;
  /** Keys that were there and can no longer be read. What they said is unknown, which is not the same as absent. */
  readonly corrupt: readonly string[];
  readonly storeId: string;
  readonly bootCount: number;
  readonly space: SpaceState;
}

export class SqliteJournal implements JournalPort {
  readonly #worker: Worker;
  readonly #events: JournalEvents;
  readonly #exited: Promise<void>;
  #waiting = 0;
  #over = false;

  private constructor(worker: Worker, events: JournalEvents) {
    this.#worker = worker;
    this.#events = events;
    this.#exited = new Promise((resolve) => worker.once("exit", () => resolve()));
    worker.on("message", (message: FromWorker) => this.#received(message));
    worker.on("error", (error) => this.#broken(writeFailure(error)));
    worker.on("exit", () => this.#broken(writeFailure("its thread has ended")));
  }

  /**
   * Opens the store in a directory, or makes it.
   * @throws DiscoveryError `conflict` when another agent uses it, `unsafe` when it is damaged, `invalid` when a
   * later version wrote it, `failed` when it cannot be read or written.
   */
  static open(directory: string, events: JournalEvents): Promise<OpenedJournal> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: { directory } });
    return new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (message: FromWorker) => {
        worker.off("error", reject);
        if (message.kind === "opened")
          resolve(opened(new SqliteJournal(worker, events), message.restored, message.space));
        else if (message.kind === "refused") reject(new DiscoveryError(message.failure));
      });
    });
  }

  write(id: PersistId, writes: readonly Write[]): void {
    assert(!this.#over, "nothing is written to a journal that is closed or broken");
    assert(this.#waiting < MAX_WAITING, "the journal keeps up with what is written");
    this.#waiting += 1;
    this.#say({ kind: "write", id, changes: writes.map(rowChange) });
  }

  /** Writes what is still waiting and closes the file; takes a few seconds at most. */
  async close(): Promise<void> {
    if (!this.#over) {
      this.#over = true;
      this.#say({ kind: "close" });
    }
    const impatience = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT);
    await this.#exited;
    clearTimeout(impatience);
  }

  /** Ends at once, as a power cut would. */
  async abandon(): Promise<void> {
    this.#over = true;
    await this.#worker.terminate();
  }

  #received(message: FromWorker): void {
    switch (message.kind) {
      case "persisted":
        this.#waiting -= message.ids.length;
        for (const id of message.ids) this.#events.persisted(id);
        return;
      case "space":
        this.#events.space(message.state);
        return;
      case "broken":
        this.#broken(message.failure);
        return;
      case "opened":
      case "refused":
        return;
      default:
        unreachable(message);
    }
  }

  #broken(failure: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.broken(failure);
  }

  #say(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function opened(journal: SqliteJournal, restored: Restored, space: SpaceState): OpenedJournal {
  const { corrupt, storeId, bootCount } = restored;
  const rows = new Map(restored.rows.map(([key, text]) => [key, JSON.parse(text) as unknown]));
  return { journal, rows, corrupt, storeId, bootCount, space };
}

function rowChange({ key, value }: Write): RowChange {
  assert(key.length > 0 && key.length <= MAX_KEY_LENGTH, `a key has 1 to ${MAX_KEY_LENGTH} characters`);
  const text = value === null ? null : JSON.stringify(value);
  assert(text !== undefined, `the value of ${key} is JSON`);
  assert(text === null || text.length <= MAX_VALUE_LENGTH, `the value of ${key} is not too long`);
  return { key, value: text };
}
