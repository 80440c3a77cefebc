/**
 * Room on the disk: a ballast file is given up when the disk is full, so that an agent that must stop virtual
 * machines or give back reservations can still write that down.
 */
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

const BALLAST_BYTES = 16 << 20;
/** Below this much, an agent takes on nothing new. */
const LOW_BYTES = 64 << 20;
const CHUNK = new Uint8Array(1 << 20);

/** `low`: take on nothing new. `full`: writes wait for room. */
export type SpaceState = "ample" | "low" | "full";

export class Space {
  readonly #directory: string;
  readonly #ballast: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#ballast = join(directory, "ballast");
  }

  /** Looks at the disk, and takes the ballast aboard when there is room for it. */
  survey(): SpaceState {
    const { bavail, bsize } = statfsSync(this.#directory);
    const free = bavail * bsize;
    const aboard = this.#aboard();
    if (!aboard && free >= LOW_BYTES + BALLAST_BYTES) this.#load();
    return free >= LOW_BYTES && (aboard || this.#aboard()) ? "ample" : "low";
  }

  /** Makes room; false when there is none left to make. */
  jettison(): boolean {
    const aboard = this.#aboard();
    rmSync(this.#ballast, { force: true });
    return aboard;
  }

  #aboard(): boolean {
    return statSync(this.#ballast, { throwIfNoEntry: false }) !== undefined;
  }

  #load(): void {
    const file = openSync(this.#ballast, "w", 0o600);
    try {
      for (let written = 0; written < BALLAST_BYTES; ) written += writeSync(file, CHUNK);
      fsyncSync(file);
    } catch {
      rmSync(this.#ballast, { force: true });
    } finally {
      closeSync(file);
    }
  }
}
