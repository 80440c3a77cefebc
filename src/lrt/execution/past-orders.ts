import type { ActionKey } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";

const KEY_GIVEN_UP = "lrt/given-up";
/** Orders of a few plans: an order on its way is answered, or not repeated any more, within seconds. */
const REMEMBERED_GIVEN_UP = 64;
/** Orders whose end is remembered; one lease can hold far fewer. */
const REMEMBERED_ORDERS = 2048;

/** `void`: it never began and never will, or it is forgotten who knows how it ended. */
type End = "done" | "failed" | "void";

/** Orders that have ended, or never began and never will: refused if they come again; told if asked. */
export class PastOrders {
  readonly #ends = new Map<ActionKey, End>();
  /** The latest of those that never began: durable, for as long as one of them could still be on its way. */
  readonly #givenUp: ActionKey[];

  constructor(restored: ReadonlyMap<string, unknown>) {
    this.#givenUp = [...((restored.get(KEY_GIVEN_UP) as ActionKey[] | undefined) ?? [])];
    for (const key of this.#givenUp) this.add(key, "void");
  }

  get size(): number {
    return this.#ends.size;
  }

  has(key: ActionKey): boolean {
    return this.#ends.has(key);
  }

  of(key: ActionKey): End | undefined {
    return this.#ends.get(key);
  }

  /** The first word stands: an order that was done is not made undone by a late question. */
  add(key: ActionKey, how: End): void {
    if (this.#ends.has(key)) return;
    this.#ends.set(key, how);
    if (this.#ends.size <= REMEMBERED_ORDERS) return;
    const oldest = this.#ends.keys().next().value;
    if (oldest !== undefined) this.#ends.delete(oldest);
  }

  /**
   * From its answer on the order will never begin here: not after a restart either.
   *
   * @returns the write that must be kept before anybody is told; null: it is over already
   */
  giveUp(key: ActionKey, turn: LrtTurn): number | null {
    if (this.has(key)) return null;
    this.add(key, "void");
    this.#givenUp.push(key);
    if (this.#givenUp.length > REMEMBERED_GIVEN_UP) this.#givenUp.shift();
    return turn.persist([{ key: KEY_GIVEN_UP, value: [...this.#givenUp] }]);
  }
}
