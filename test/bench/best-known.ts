/** The cheapest executable plans ever found, per instance: a file in the repository that only improves. */
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("best-known.json", import.meta.url);

export class BestKnown {
  readonly #costs: Map<string, number>;

  constructor() {
    this.#costs = new Map(Object.entries(JSON.parse(readFileSync(FILE, "utf8")) as Record<string, number>));
  }

  get(instance: string): number | undefined {
    return this.#costs.get(instance);
  }

  /** Takes a cost in, if it is better; returns the best. */
  offer(instance: string, cost: number): number {
    const best = Math.min(cost, this.#costs.get(instance) ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(best)) this.#costs.set(instance, best);
    return best;
  }

  save(): void {
    const sorted = [...this.#costs].sort(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
  }
}
