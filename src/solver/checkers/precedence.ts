import type { Plan } from "../../model/plan.ts";
import { type Bits, hasBit, noBits, setBit, uniteInto } from "../bits.ts";

/** Which actions must have ended before which others start, in every order that the plan's graph allows. */
export class Precedence {
  readonly #ancestors: Bits[] = [];

  /** @param plan its `after` point backwards (checked by the caller). */
  constructor(plan: Plan) {
    for (const action of plan.actions) {
      const ancestors = noBits(plan.actions.length);
      for (const earlier of action.after) {
        setBit(ancestors, earlier);
        uniteInto(ancestors, this.#ancestors[earlier] as Bits);
      }
      this.#ancestors.push(ancestors);
    }
  }

  /** Whether `first` has always ended when `then` starts. */
  ordered(first: number, then: number): boolean {
    return hasBit(this.#ancestors[then] as Bits, first);
  }
}
