/** The waits between attempts: `firstMs`, then twice as long each time, at most `maxMs`. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /** The wait after an attempt that took `lastedMs`, its connection's life included; a long life starts over. */
  after(lastedMs: number): number {
    const { firstMs, maxMs } = this.#options;
    const waitMs = lastedMs >= maxMs ? firstMs : this.#nextMs;
    this.#nextMs = Math.min(2 * waitMs, maxMs);
    return waitMs;
  }
}
