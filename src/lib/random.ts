/**
 * A seeded stream of pseudo-random numbers: sfc32 (PractRand's small fast counting generator), seeded
 * through a string hash, so that streams are named and independent: removing one consumer never reshuffles
 * another.
 */
export class Random {
  /** Three words and a counter; typed, because V8 would box the words as fields. */
  readonly #state: Int32Array;
  readonly #seed: string;

  constructor(seed: string) {
    this.#seed = seed;
    this.#state = Int32Array.of(hash32(`${seed}/a`), hash32(`${seed}/b`), hash32(`${seed}/c`), 1);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** An independent stream with its own name. */
  fork(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** An unsigned 32-bit integer. */
  next(): number {
    const state = this.#state;
    const a = state[0] as number;
    const b = state[1] as number;
    const c = state[2] as number;
    const counter = state[3] as number;
    const t = (((a + b) | 0) + counter) | 0;
    state[3] = counter + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  }

  /** A fraction in [0, 1). */
  fraction(): number {
    return this.next() / 4_294_967_296;
  }

  /** An integer in [low, high], both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One element; undefined of an empty list. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.int(0, items.length - 1)];
  }

  /** A shuffled copy (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }

  /** `base` ± `ratio` of it: no two timers of a cluster stay in step. */
  jitter(base: number, ratio: number): number {
    return Math.round(base * (1 - ratio + 2 * ratio * this.fraction()));
  }
}

const FNV_OFFSET = 0x811c9dc5;

/** FNV-1a over UTF-16 code units, finished with murmur3's mixer; 32 bits, stable on every engine. */
export function hash32(text: string): number {
  return finished(fnv(text, FNV_OFFSET));
}

/** `hash32` of texts that all begin with `prefix`, which is read once. */
export function hash32After(prefix: string): (text: string) => number {
  const begun = fnv(prefix, FNV_OFFSET);
  return (text) => finished(fnv(text, begun));
}

/** `hash32` of three texts one after the other, without putting them together. */
export function hash32Of(first: string, second: string, third: string): number {
  return finished(fnv(third, fnv(second, fnv(first, FNV_OFFSET))));
}

function fnv(text: string, from: number): number {
  let h = from;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}

function finished(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
