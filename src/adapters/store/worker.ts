/**
 * The journal's thread: whatever has arrived while the disk was busy is committed together next time, in the
 * order in which it came.
 *
 *   open ──▶ committing ──no room──▶ waiting (ballast given up; tried again every second) ──room──▶ committing
 *                └── any other error ──▶ broken: nothing is written any more
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { present } from "../../lib/assert.ts";
import { DiscoveryError } from "../../lib/error.ts";
import type { PersistId } from "../../ports/effects.ts";
import { Database, type RowChange } from "./database.ts";
import { isDiskFull, openFailure, writeFailure } from "./failures.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { Space, type SpaceState } from "./space.ts";

const SURVEY_INTERVAL = 10_000;
const RETRY_INTERVAL = 1_000;
/** Changes in one commit: bounds how long the first of them waits for the last. */
const GROUP_CHANGES = 1_000;

class Committer {
  readonly #port: MessagePort;
  readonly #database: Database;
  readonly #space: Space;
  #state: SpaceState;
  #waiting: { readonly id: PersistId; readonly changes: readonly RowChange[] }[] = [];
  #scheduled = false;
  #closing = false;

  constructor(port: MessagePort, database: Database, space: Space) {
    this.#port = port;
    this.#database = database;
    this.#space = space;
    this.#state = space.survey();
    this.#say({ kind: "opened", restored: database.restored, space: this.#state });
    setInterval(() => this.#survey(), SURVEY_INTERVAL);
  }

  receive(message: ToWorker): void {
    if (message.kind === "write") this.#waiting.push(message);
    else this.#closing = true;
    this.#schedule((run) => setImmediate(run));
  }

  #schedule(later: (run: () => void) => void): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    later(() => this.#commit());
  }

  #commit(): void {
    this.#scheduled = false;
    const count = this.#groupSize();
    const group = this.#waiting.slice(0, count);
    try {
      if (group.length > 0) this.#database.commit(group.flatMap(({ changes }) => changes));
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#waiting.splice(0, count);
    if (group.length > 0) this.#say({ kind: "persisted", ids: group.map(({ id }) => id) });
    if (this.#state === "full") this.#survey();
    if (this.#waiting.length > 0) this.#schedule((run) => setImmediate(run));
    else if (this.#closing) this.#close();
  }

  /** At least one write, and as many as are small enough together. */
  #groupSize(): number {
    let changes = 0;
    const over = this.#waiting.findIndex((write) => {
      changes += write.changes.length;
      return changes > GROUP_CHANGES;
    });
    return over === -1 ? this.#waiting.length : Math.max(1, over);
  }

  /** No room: what has been asked stays asked, in order, until there is some. */
  #failed(error: unknown): void {
    if (!isDiskFull(error)) {
      this.#say({ kind: "broken", failure: writeFailure(error) });
      process.exit(1);
    }
    const roomier = this.#space.jettison();
    this.#enter(roomier ? "low" : "full");
    if (this.#closing && !roomier) this.#close();
    else this.#schedule((run) => (roomier ? setImmediate(run) : setTimeout(run, RETRY_INTERVAL)));
  }

  #survey(): void {
    if (this.#state !== "full" || this.#waiting.length === 0) this.#enter(this.#space.survey());
  }

  #enter(state: SpaceState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#say({ kind: "space", state });
  }

  #close(): void {
    this.#database.close();
    process.exit(0);
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

function run(port: MessagePort, directory: string): void {
  try {
    const committer = new Committer(port, new Database(directory), new Space(directory));
    port.on("message", (message: ToWorker) => committer.receive(message));
  } catch (error) {
    const { failure } = error instanceof DiscoveryError ? error : openFailure(directory, error);
    port.postMessage({ kind: "refused", failure } satisfies FromWorker);
  }
}

run(present(parentPort, "a parent thread"), (workerData as { readonly directory: string }).directory);
