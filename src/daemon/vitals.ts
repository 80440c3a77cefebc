/**
 * Whether this process is alive in every part: what the watchdog is told, and how late the event loop runs.
 *
 * Unhealthy is only what a new start could mend. A hypervisor that is away is not, its adapter says so and tries again; a
 * listing that is neither answered nor refused is. A full disk is not, writes wait for room; writes that wait without
 * that are. That the event loop turns is shown by the watchdog's sign itself, which comes from it.
 */
import type { HypervisorCommand, HypervisorEvent } from "../hypervisor/command.ts";
import type { Millis } from "../lib/instant.ts";
import type { DiskSpace } from "../model/disk-space.ts";
import type { OperationId, PersistId } from "../ports/effects.ts";

/** How often the event loop's lag is sampled. */
const SAMPLE_MS: Millis = 1_000;
/** The agent lists all domains every minute; each of the adapter's calls has a deadline of 30 s. */
const ANSWER_MS: Millis = 90_000;
/** A commit takes milliseconds; a disk that needs this long is one that must be looked at. */
const STUCK_MS: Millis = 30_000;

export interface VitalsDependencies {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Told once per sample how late the event loop came. */
  readonly lag: (ms: Millis) => void;
}

export class Vitals {
  readonly #dependencies: VitalsDependencies;
  readonly #writing = new Set<PersistId>();
  /** When the journal last got further, or had nothing to do. */
  #writtenAt = 0;
  #full = false;
  /** The listing that is not answered yet, and since when. */
  #asked: { readonly operation: OperationId; readonly at: number } | null = null;
  #ticker: NodeJS.Timeout | undefined;

  constructor(dependencies: VitalsDependencies) {
    this.#dependencies = dependencies;
  }

  start(): void {
    const { now, lag } = this.#dependencies;
    let due = now() + SAMPLE_MS;
    this.#ticker = setInterval(() => {
      const at = now();
      lag(Math.max(0, at - due));
      due = at + SAMPLE_MS;
    }, SAMPLE_MS);
    this.#ticker.unref();
  }

  stop(): void {
    clearInterval(this.#ticker);
  }

  writing(id: PersistId): void {
    if (this.#writing.size === 0) this.#writtenAt = this.#dependencies.now();
    this.#writing.add(id);
  }

  persisted(id: PersistId): void {
    this.#writing.delete(id);
    this.#writtenAt = this.#dependencies.now();
  }

  space(state: DiskSpace): void {
    this.#full = state === "full";
    this.#writtenAt = this.#dependencies.now();
  }

  asking(operation: OperationId, command: HypervisorCommand): void {
    if (command.kind === "list") this.#asked = { operation, at: this.#dependencies.now() };
  }

  answered(operation: OperationId): void {
    if (this.#asked?.operation === operation) this.#asked = null;
  }

  heard(event: HypervisorEvent): void {
    if (event.kind === "disconnected") this.#asked = null;
  }

  /** What a new start could mend, or null. */
  problem(): string | null {
    const now = this.#dependencies.now();
    const writing = this.#writing.size > 0 && !this.#full ? now - this.#writtenAt : 0;
    if (writing > STUCK_MS) return `the journal has written nothing for ${seconds(writing)}`;
    const asking = this.#asked === null ? 0 : now - this.#asked.at;
    return asking > ANSWER_MS ? `the hypervisor was asked ${seconds(asking)} ago what it runs` : null;
  }
}

function seconds(ms: Millis): string {
  return `${Math.floor(ms / 1000)} s`;
}
