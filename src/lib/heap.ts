interface Item<T> {
  readonly value: T;
  readonly sequence: number;
}

/** A binary min-heap; equal keys leave in the order they came (ties are part of a deterministic protocol). */
export class Heap<T> {
  readonly #items: Item<T>[] = [];
  readonly #compare: (a: T, b: T) => number;
  #sequence = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0]?.value;
  }

  push(value: T): void {
    const item = { value, sequence: this.#sequence++ };
    this.#items.push(item);
    this.#raise(item, this.#items.length - 1);
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (top === undefined || last === undefined) return undefined;
    if (this.#items.length > 0) this.#sink(last);
    return top.value;
  }

  /** Makes room for the item on the way up from `child`. */
  #raise(item: Item<T>, child: number): void {
    const items = this.#items;
    let hole = child;
    while (hole > 0) {
      const up = (hole - 1) >> 1;
      const parent = items[up] as Item<T>;
      if (!this.#before(item, parent)) break;
      items[hole] = parent;
      hole = up;
    }
    items[hole] = item;
  }

  /** Makes room for the item on the way down from the top. */
  #sink(item: Item<T>): void {
    const items = this.#items;
    const size = items.length;
    let hole = 0;
    for (let least = 1; least < size; least = 2 * hole + 1) {
      const right = least + 1;
      if (right < size && this.#before(items[right] as Item<T>, items[least] as Item<T>)) least = right;
      const child = items[least] as Item<T>;
      if (!this.#before(child, item)) break;
      items[hole] = child;
      hole = least;
    }
    items[hole] = item;
  }

  #before(a: Item<T>, b: Item<T>): boolean {
    const order = this.#compare(a.value, b.value);
    return order !== 0 ? order < 0 : a.sequence < b.sequence;
  }
}
