/** Neighbours that a partition has not asked yet, nearest first. */
import type { NodeId } from "../../model/node.ts";

/** How many are asked at once, round by round: a hot neighbourhood must not cost a round per host. */
const ROUNDS = [1, 1, 2, 4, 8, 16] as const;
const LAST = ROUNDS.length - 1;

export class Candidates {
  #left: readonly NodeId[];
  #round = 0;

  constructor(walk: readonly NodeId[]) {
    this.#left = walk;
  }

  get none(): boolean {
    return this.#left.length === 0;
  }

  has(node: NodeId): boolean {
    return this.#left.includes(node);
  }

  asked(nodes: readonly NodeId[]): void {
    this.#left = this.#left.filter((node) => !nodes.includes(node));
  }

  /** Those to ask next, at most `room`. */
  nextRound(room: number): readonly NodeId[] {
    const size = ROUNDS[Math.min(this.#round++, LAST)] ?? 1;
    return this.#left.slice(0, Math.min(size, room));
  }

  /** It is asked next: what it answered before may be another now. */
  again(node: NodeId): void {
    this.#left = [node, ...this.#left.filter((other) => other !== node)];
  }

  /** Everybody is asked again, from the nearest on; as many at once as before. */
  restart(walk: readonly NodeId[]): void {
    this.#left = walk;
  }
}
