/** A binary min-heap; equal keys leave in the order they came (ties are part of a deterministic protocol). */
export class Heap<T> {
  readonly #items: { value: T; sequence: number }[] = [];
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
    const items = this.#items;
    items.push({ value, sequence: this.#sequence++ });
    let child = items.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined) return undefined;
    if (items.length > 0) {
      items[0] = last;
      this.#sink();
    }
    return top.value;
  }

  #sink(): void {
    const size = this.#items.length;
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      let least = parent;
      if (left < size && this.#before(left, least)) least = left;
      if (left + 1 < size && this.#before(left + 1, least)) least = left + 1;
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #before(i: number, j: number): boolean {
    const a = this.#items[i];
    const b = this.#items[j];
    if (a === undefined || b === undefined) return false;
    const order = this.#compare(a.value, b.value);
    return order !== 0 ? order < 0 : a.sequence < b.sequence;
  }

  #swap(i: number, j: number): void {
    const items = this.#items;
    [items[i], items[j]] = [
      items[j] as { value: T; sequence: number },
      items[i] as { value: T; sequence: number },
    ];
  }
}
