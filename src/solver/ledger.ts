/**
 * One host's books while a sequence becomes a graph. The k-th arrival waits for the shortest prefix of the departures
 * that makes room for the first k arrivals together. Prefixes only grow with k, so whatever subset of arrivals has
 * started, the departures that the last of them waits for make room for all of them.
 */
export class Ledger {
  /** Load minus ceiling, per resource: negative where there is room. */
  readonly #excess: number[];
  readonly #departures: { readonly id: number; readonly amounts: readonly number[] }[] = [];
  #awaited = 0;

  constructor(excess: readonly number[]) {
    this.#excess = [...excess];
  }

  /** The departures that this arrival waits for. @throws RangeError when the sequence was not legal. */
  arrive(amounts: readonly number[]): readonly number[] {
    this.#add(amounts, 1);
    while (amounts.some((amount, r) => amount > 0 && (this.#excess[r] as number) > 0)) {
      const departure = this.#departures[this.#awaited++];
      if (departure === undefined) throw new RangeError("the sequence is not legal");
      this.#add(departure.amounts, -1);
    }
    return this.#departures.slice(0, this.#awaited).map((departure) => departure.id);
  }

  depart(id: number, amounts: readonly number[]): void {
    this.#departures.push({ id, amounts });
  }

  #add(amounts: readonly number[], sign: number): void {
    for (const [r, amount] of amounts.entries())
      this.#excess[r] = (this.#excess[r] as number) + sign * amount;
  }
}
