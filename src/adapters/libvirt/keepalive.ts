/**
 * Liveness of a silent peer: after an interval without a frame it is pinged, and after `count` pings in a row without
 * any frame it is dead. Only whole frames count: a peer that drips bytes is as good as silent.
 */
export interface KeepaliveOptions {
  readonly intervalMs: number;
  /** Unanswered pings after which the connection is given up. */
  readonly count: number;
}

export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #timer: NodeJS.Timeout | undefined;
  #heard = false;
  #misses = 0;

  constructor(options: KeepaliveOptions, ping: () => void, dead: () => void) {
    this.#options = options;
    this.#ping = ping;
    this.#dead = dead;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A frame came. */
  heard(): void {
    this.#heard = true;
  }

  #tick(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#misses = 0;
    } else if (this.#misses < this.#options.count) {
      this.#misses += 1;
      this.#ping();
    } else {
      this.#dead();
    }
  }
}
