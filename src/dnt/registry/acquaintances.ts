import { sortedEntries } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Write } from "../../ports/effects.ts";

const PREFIX = "registry/knows-me/";

/**
 * Members that have once answered, while they knew of the same members as this one, that they hold nothing of which it
 * would rather be the home. From then on no such record comes to them unless this member is told (`Ceded`), so that their
 * silence says nothing about names of which it is the home. True until this member leaves.
 */
export class Acquaintances {
  readonly #ids: Set<NodeId>;

  constructor(restored: ReadonlyMap<string, unknown>) {
    const keys = sortedEntries(restored).flatMap(([key]) => (key.startsWith(PREFIX) ? [key] : []));
    this.#ids = new Set(keys.map((key) => key.slice(PREFIX.length)));
  }

  get size(): number {
    return this.#ids.size;
  }

  has(id: NodeId): boolean {
    return this.#ids.has(id);
  }

  add(id: NodeId): readonly Write[] {
    if (this.#ids.has(id)) return [];
    this.#ids.add(id);
    return [{ key: PREFIX + id, value: true }];
  }

  /** Those for whom `gone` says so are forgotten. @returns what is to be written. */
  drop(gone: (id: NodeId) => boolean): readonly Write[] {
    const dropped = [...this.#ids].filter(gone);
    for (const id of dropped) this.#ids.delete(id);
    return dropped.map((id) => ({ key: PREFIX + id, value: null }));
  }
}
