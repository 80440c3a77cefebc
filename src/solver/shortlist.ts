/** The few best-scored hosts seen so far, in order; equal scores keep the order they came in. */
export class Shortlist {
  readonly hosts: number[] = [];
  readonly #scores: number[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** The score from which on an offer is of no use. */
  get limit(): number {
    return this.hosts.length < this.#size ? Number.POSITIVE_INFINITY : (this.#scores[this.#size - 1] ?? -1);
  }

  offer(host: number, score: number): void {
    if (score >= this.limit) return;
    let place = Math.min(this.hosts.length, this.#size - 1);
    for (; place > 0 && (this.#scores[place - 1] as number) > score; place--) {
      this.hosts[place] = this.hosts[place - 1] as number;
      this.#scores[place] = this.#scores[place - 1] as number;
    }
    this.hosts[place] = host;
    this.#scores[place] = score;
  }
}
