/**
 * The cheapest set of items that together weigh at least what is needed in every resource (a knapsack cover):
 * which VMs a host that holds too much must lose. Branch and bound; its relaxation takes items fractionally, one
 * resource at a time.
 */
export interface CoverItem {
  /** What choosing it costs, ≥ 0. */
  readonly cost: number;
  /** What it brings, per resource. */
  readonly amounts: readonly number[];
}

export interface Cover {
  /** Indices of the chosen items; null when all of them together are not enough. */
  readonly chosen: readonly number[] | null;
  readonly cost: number;
  /** No cover is cheaper; equal to `cost` when the search ended by itself. */
  readonly bound: number;
}

const NODE_LIMIT = 4000;

export function cheapestCover(items: readonly CoverItem[], needs: readonly number[]): Cover {
  return new CoverSearch(items, needs).run();
}

class CoverSearch {
  readonly #items: readonly CoverItem[];
  readonly #needs: number[];
  /** Items by efficiency over all resources: the order of branching. */
  readonly #order: readonly number[];
  /** Per resource, positions in `#order` by efficiency in that resource alone. */
  readonly #byResource: readonly (readonly number[])[];
  /** Greatest common divisor of the costs. */
  readonly #grain: number;
  readonly #taken: number[] = [];
  #best: number[] | null = null;
  #bestCost = Number.POSITIVE_INFINITY;
  #nodes = 0;

  constructor(items: readonly CoverItem[], needs: readonly number[]) {
    this.#items = items;
    this.#needs = needs.map((need) => Math.max(0, need));
    const use = (item: CoverItem) =>
      this.#needs.reduce(
        (sum, need, r) => (need > 0 ? sum + Math.min(1, (item.amounts[r] ?? 0) / need) : sum),
        0,
      );
    const price = items.map((item) => item.cost / Math.max(use(item), 1e-12));
    this.#order = [...items.keys()]
      .filter((i) => use(items[i] as CoverItem) > 0)
      .sort((a, b) => (price[a] as number) - (price[b] as number) || a - b);
    this.#grain = Math.max(
      1,
      items.reduce((grain, item) => divisor(grain, item.cost), 0),
    );
    this.#byResource = this.#needs.map((_, r) => this.#efficientIn(r));
  }

  run(): Cover {
    const relaxed = this.#relaxation(0);
    if (relaxed === Number.POSITIVE_INFINITY) return { chosen: null, cost: relaxed, bound: relaxed };
    this.#search(0, 0);
    const bound = this.#nodes < NODE_LIMIT ? this.#bestCost : Math.min(relaxed, this.#bestCost);
    return { chosen: this.#best, cost: this.#bestCost, bound };
  }

  #efficientIn(r: number): readonly number[] {
    const amount = (position: number) => this.#at(position).amounts[r] ?? 0;
    const ratio = (position: number) => this.#at(position).cost / amount(position);
    return [...this.#order.keys()].filter((p) => amount(p) > 0).sort((a, b) => ratio(a) - ratio(b) || a - b);
  }

  #at(position: number): CoverItem {
    return this.#items[this.#order[position] as number] as CoverItem;
  }

  #search(position: number, cost: number): void {
    if (this.#needs.every((need) => need <= 0)) {
      this.#record(cost);
      return;
    }
    if (position >= this.#order.length || ++this.#nodes >= NODE_LIMIT) return;
    if (cost + this.#relaxation(position) >= this.#bestCost) return;
    const item = this.#at(position);
    this.#taken.push(this.#order[position] as number);
    this.#add(item, -1);
    this.#search(position + 1, cost + item.cost);
    this.#add(item, 1);
    this.#taken.pop();
    this.#search(position + 1, cost);
  }

  #record(cost: number): void {
    if (cost >= this.#bestCost) return;
    this.#bestCost = cost;
    this.#best = [...this.#taken];
  }

  #add(item: CoverItem, sign: number): void {
    for (let r = 0; r < this.#needs.length; r++) {
      this.#needs[r] = (this.#needs[r] as number) + sign * (item.amounts[r] ?? 0);
    }
  }

  /** What the items from `position` on cost at least, rounded up to what sums of costs can be. */
  #relaxation(position: number): number {
    let bound = 0;
    for (let r = 0; r < this.#needs.length; r++) {
      const need = this.#needs[r] as number;
      if (need > 0) bound = Math.max(bound, this.#fractional(r, need, position));
    }
    return Math.ceil(bound / this.#grain - 1e-9) * this.#grain;
  }

  #fractional(r: number, need: number, position: number): number {
    let cost = 0;
    let missing = need;
    for (const p of this.#byResource[r] as readonly number[]) {
      if (p < position) continue;
      const item = this.#at(p);
      const amount = item.amounts[r] as number;
      if (amount >= missing) return cost + (item.cost * missing) / amount;
      cost += item.cost;
      missing -= amount;
    }
    return Number.POSITIVE_INFINITY;
  }
}

function divisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
