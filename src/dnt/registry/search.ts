/**
 * Where a name is: everybody is asked twice. That it is nowhere is said only if nobody who cannot be asked could hold it
 * (`registry.ts` has the rule).
 */
import { byText, sortedEntries } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Found, Holding, HoldsAnswer, RegistryDependencies, RegistryTurn } from "./questions.ts";
import { ranksAbove } from "./rendezvous.ts";

/** What this member itself has and knows. */
export interface Own {
  readonly has: (name: string) => boolean;
  readonly holding: (name: string) => HoldsAnswer;
  readonly ceded: (name: string) => boolean;
  readonly acquainted: (id: NodeId) => boolean;
  /** It has taken its leave: what is answered until the process ends is of no use any more. */
  readonly left: () => boolean;
}

/** What everybody said in one round of questions. */
interface Round {
  readonly answers: ReadonlyMap<NodeId, HoldsAnswer>;
  readonly silent: readonly NodeId[];
}

type Dependencies = Pick<RegistryDependencies<never>, "self" | "members" | "unheard" | "strangers" | "ask">;

export class Search {
  readonly #deps: Dependencies;
  readonly #own: Own;
  readonly #creating = new Set<string>();

  constructor(deps: Dependencies, own: Own) {
    this.#deps = deps;
    this.#own = own;
  }

  /** Names that this member is creating just now. */
  get creating(): ReadonlySet<string> {
    return this.#creating;
  }

  /** Asks everybody for the name. With `claim` this member says, until `done` is called, that it is creating it. */
  find(
    name: string,
    claim: boolean,
    turn: RegistryTurn,
    done: (found: Found, later: RegistryTurn) => void,
  ): void {
    if (claim && this.#creating.has(name)) return done({ kind: "being-created", by: this.#deps.self }, turn);
    if (claim) this.#creating.add(name);
    const finish = (found: Found, later: RegistryTurn): void => {
      if (claim) this.#creating.delete(name);
      done(this.#own.left() ? { kind: "unsettled" } : found, later);
    };
    this.#askEverybody(name, claim, turn, (first, later) => {
      const found = this.#seen(name, first);
      if (found !== null) return finish(found, later);
      this.#askEverybody(name, claim, later, (second, last) => {
        finish(this.#seen(name, second) ?? this.#conclude(name, first, second), last);
      });
    });
  }

  /** One round; this member answers with the others. */
  #askEverybody(
    name: string,
    claim: boolean,
    turn: RegistryTurn,
    done: (round: Round, later: RegistryTurn) => void,
  ): void {
    const { self, members, unheard, ask } = this.#deps;
    const others = members().filter(({ id, state }) => id !== self && state !== "left");
    const dead = others.filter(({ state }) => state === "dead").map(({ id }) => id);
    const silent = [...dead, ...unheard()].sort(byText);
    const asked = others.filter(({ state }) => state !== "dead").map(({ id }) => id);
    const answers = new Map<NodeId, HoldsAnswer>([[self, this.#own.holding(name)]]);
    let open = asked.length;
    if (open === 0) return done({ answers, silent }, turn);
    for (const peer of asked.sort(byText)) {
      ask(peer, { type: "vet.holds", name, claim }, turn, (result, later) => {
        if (result.ok) answers.set(peer, result.value as HoldsAnswer);
        else silent.push(peer);
        if (--open === 0) done({ answers, silent: silent.sort(byText) }, later);
      });
    }
  }

  /** Whoever has it, or is making it. */
  #seen(name: string, { answers }: Round): Found | null {
    const { self } = this.#deps;
    if (this.#own.has(name)) return { kind: "held", by: self };
    const saying = (what: Holding): NodeId | undefined =>
      sortedEntries(answers).find(([id, { holding }]) => id !== self && holding === what)?.[0];
    const holder = saying("record");
    if (holder !== undefined) return { kind: "held", by: holder };
    const creator = saying("creating");
    return creator === undefined ? null : { kind: "being-created", by: creator };
  }

  #conclude(name: string, first: Round, second: Round): Found {
    const now = this.#own.holding(name);
    const own = second.answers.get(this.#deps.self)?.version === now.version;
    const same = [...second.answers].every(([id, { version }]) => first.answers.get(id)?.version === version);
    if (!own || !same) return { kind: "unsettled" };
    const others = sortedEntries(second.answers).filter(([, { circle }]) => circle !== now.circle);
    if (others.length > 0) return { kind: "unacquainted", with: others.map(([id]) => id) };
    const { self, members, strangers: unmet } = this.#deps;
    const silent = [...new Set([...first.silent, ...second.silent])].sort(byText);
    const strangers = unmet();
    const draining = members().some((member) => member.id === self && member.draining);
    const gone = draining || this.#own.ceded(name);
    const able = silent.filter((id) => gone || !this.#own.acquainted(id) || ranksAbove(name, id, self));
    const told = able.length === 0 && strangers.length === 0;
    return told ? { kind: "nobody" } : { kind: "unsure", silent: able, strangers };
  }
}
