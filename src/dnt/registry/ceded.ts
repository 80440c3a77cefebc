import { sortedEntries } from "../../lib/order.ts";
import type { Write } from "../../ports/effects.ts";

const PREFIX = "registry/ceded/";
/** More than the records of a cluster; a name is forgotten when its record comes back or is made here. */
const MOST = 16_384;

/**
 * Names that went to lower-ranked members while this one, which would rather be their home, was draining: their
 * records may still be with somebody who cannot be asked when it is a home again. Durable before the other one goes on.
 */
export class Ceded {
  readonly #names: Set<string>;

  constructor(restored: ReadonlyMap<string, unknown>) {
    const keys = sortedEntries(restored).flatMap(([key]) => (key.startsWith(PREFIX) ? [key] : []));
    this.#names = new Set(keys.map((key) => key.slice(PREFIX.length)));
  }

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Whether one more can be remembered. */
  room(name: string): boolean {
    return this.#names.has(name) || this.#names.size < MOST;
  }

  add(name: string): Write {
    this.#names.add(name);
    return { key: PREFIX + name, value: true };
  }

  /** What is to be written when this member has the name again. */
  remove(name: string): readonly Write[] {
    return this.#names.delete(name) ? [{ key: PREFIX + name, value: null }] : [];
  }
}
