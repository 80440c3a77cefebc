import { byText, sortedEntries } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Write } from "../../ports/effects.ts";
import type { CircleAnswer, RegistryDependencies, RegistryTurn } from "./questions.ts";

const PREFIX = "registry/knows-me/";
/** How many are asked at a time. */
const ASKED_AT_ONCE = 64;

type Dependencies = Pick<
  RegistryDependencies<never>,
  "self" | "members" | "unheard" | "shared" | "circle" | "ask"
>;

/**
 * Members that have once answered, while they knew of the same members as this one, that they hold nothing of which it
 * would rather be the home. From then on no such record comes to them unless this member is told (`Ceded`), so that their
 * silence says nothing about names of which it is the home. True until this member leaves.
 */
export class Acquaintances {
  readonly #deps: Dependencies;
  readonly #ids: Set<NodeId>;
  /** Who is asked next: those after this one. */
  #asked: NodeId = "";
  #left = false;

  constructor(deps: Dependencies, restored: ReadonlyMap<string, unknown>) {
    this.#deps = deps;
    const keys = sortedEntries(restored).flatMap(([key]) => (key.startsWith(PREFIX) ? [key] : []));
    this.#ids = new Set(keys.map((key) => key.slice(PREFIX.length)));
  }

  get size(): number {
    return this.#ids.size;
  }

  has(id: NodeId): boolean {
    return this.#deps.shared || this.#ids.has(id);
  }

  /** Asks some of those who are there, time and again, until they all are acquainted with this member. */
  make(turn: RegistryTurn): void {
    const { self, members, unheard, shared } = this.#deps;
    if (shared) return;
    const others = members().filter(({ id, state }) => id !== self && state !== "left");
    const known = new Set([...others.map(({ id }) => id), ...unheard()]);
    const gone = this.#drop((id) => !known.has(id));
    if (gone.length > 0) turn.persist(gone);
    const strange = others
      .filter(({ id, state }) => state !== "dead" && !this.#ids.has(id))
      .map(({ id }) => id)
      .sort(byText);
    const next = [...strange.filter((id) => id > this.#asked), ...strange].slice(0, ASKED_AT_ONCE);
    for (const id of new Set(next)) this.#meet(id, turn);
    this.#asked = next.at(-1) ?? "";
  }

  /** This member leaves. @returns what is written before that is told. */
  leave(): readonly Write[] {
    this.#left = true;
    return this.#drop(() => true);
  }

  #meet(id: NodeId, turn: RegistryTurn): void {
    this.#deps.ask(id, { type: "vet.circle" }, turn, (result, later) => {
      if (!result.ok || this.#left || this.#ids.has(id)) return;
      const { circle, owes } = result.value as CircleAnswer;
      if (owes || circle !== this.#deps.circle().print) return;
      this.#ids.add(id);
      later.persist([{ key: PREFIX + id, value: true }]);
    });
  }

  #drop(gone: (id: NodeId) => boolean): readonly Write[] {
    const dropped = [...this.#ids].filter(gone);
    for (const id of dropped) this.#ids.delete(id);
    return dropped.map((id) => ({ key: PREFIX + id, value: null }));
  }
}
