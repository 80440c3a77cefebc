import type { Instant } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";

type Deed = (now: Instant) => void;

/** What a host has to do later, by name. Few entries at a time: a host at rest has none. */
export class Agenda {
  readonly #entries = new Map<string, { at: Instant; deed: Deed }>();

  set(name: string, at: Instant, deed: Deed): void {
    this.#entries.set(name, { at, deed });
  }

  clear(name: string): void {
    this.#entries.delete(name);
  }

  at(name: string): Instant | null {
    return this.#entries.get(name)?.at ?? null;
  }

  next(): Instant | null {
    let least: Instant | null = null;
    for (const { at } of this.#entries.values()) if (least === null || at < least) least = at;
    return least;
  }

  /** Does what is due, earliest first (ties by name), and what becomes due by that. */
  run(now: Instant): void {
    for (let name = this.#due(now); name !== null; name = this.#due(now)) {
      const entry = this.#entries.get(name);
      this.#entries.delete(name);
      entry?.deed(now);
    }
  }

  #due(now: Instant): string | null {
    let first: string | null = null;
    let firstAt = now;
    for (const [name, { at }] of this.#entries) {
      if (at > firstAt) continue;
      if (first !== null && at === firstAt && byText(first, name) < 0) continue;
      first = name;
      firstAt = at;
    }
    return first;
  }
}
