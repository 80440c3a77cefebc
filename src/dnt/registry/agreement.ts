import type { NodeId } from "../../model/node.ts";
import type { CircleAnswer, RegistryDependencies, RegistryTurn } from "./questions.ts";

type Dependencies = Pick<RegistryDependencies<never>, "self" | "members" | "shared" | "circle" | "ask">;

/** Whether all who are there know the same members as this one: whoever has something from here is known to others, too. */
export class Agreement {
  readonly #deps: Dependencies;
  /** This member's circle when they last did, and who they were. */
  #last: { readonly print: string; readonly by: ReadonlySet<NodeId> } | null = null;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  get holds(): boolean {
    const last = this.#last;
    if (last?.print !== this.#deps.circle().print) return false;
    return this.#there().every((id) => last.by.has(id));
  }

  /** Asks them all; `agreed` is called if they do. */
  seek(turn: RegistryTurn, agreed: (later: RegistryTurn) => void): void {
    const { circle, ask } = this.#deps;
    const { print } = circle();
    const asked = this.#there();
    let open = asked.length;
    let same = true;
    const over = (later: RegistryTurn): void => {
      if (!same || circle().print !== print) return;
      this.#last = { print, by: new Set(asked) };
      agreed(later);
    };
    if (open === 0) return over(turn);
    for (const id of asked) {
      ask(id, { type: "vet.circle" }, turn, (result, later) => {
        same &&= result.ok && (result.value as CircleAnswer).circle === print;
        if (--open === 0) over(later);
      });
    }
  }

  /** Others who are not known to be dead, or to have left; where all read one list, nobody needs to be asked. */
  #there(): NodeId[] {
    const { self, members, shared } = this.#deps;
    if (shared) return [];
    return members().flatMap(({ id, state }) =>
      id === self || state === "left" || state === "dead" ? [] : [id],
    );
  }
}
