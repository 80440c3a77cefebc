/** The nodes that a partition holds, each under the token and with the snapshot that it joined with. */
import { byText } from "../../lib/order.ts";
import type { Labels, NodeId } from "../../model/node.ts";
import type { BookingToken } from "../messages.ts";
import type { NodeSnapshot } from "./snapshot.ts";

interface Held {
  readonly token: BookingToken;
  readonly snapshot: NodeSnapshot;
}

export class Members {
  readonly #held = new Map<NodeId, Held>();
  readonly #ever = new Set<NodeId>();
  /** Nodes have joined, left or changed since the last plan was asked for. */
  #changed = false;

  get size(): number {
    return this.#held.size;
  }

  has(node: NodeId): boolean {
    return this.#held.has(node);
  }

  nodes(): NodeId[] {
    return [...this.#held.keys()];
  }

  snapshots(): NodeSnapshot[] {
    return [...this.#held.values()].map(({ snapshot }) => snapshot);
  }

  /** All that were ever held, sorted. */
  ever(): NodeId[] {
    return [...this.#ever].sort(byText);
  }

  token(node: NodeId): BookingToken | null {
    return this.#held.get(node)?.token ?? null;
  }

  labels(node: NodeId): Labels {
    return this.#held.get(node)?.snapshot.labels ?? {};
  }

  get changed(): boolean {
    return this.#changed;
  }

  /** What a plan would be made of is not what it was. */
  change(): void {
    this.#changed = true;
  }

  /** A plan is asked for: of what is held now. */
  seen(): void {
    this.#changed = false;
  }

  join(node: NodeId, token: BookingToken, snapshot: NodeSnapshot): void {
    this.#held.set(node, { token, snapshot });
    this.#ever.add(node);
    this.#changed = true;
  }

  /** @returns false: it is no member any more */
  look(node: NodeId, snapshot: NodeSnapshot): boolean {
    const held = this.#held.get(node);
    if (held === undefined) return false;
    this.#held.set(node, { ...held, snapshot });
    return true;
  }

  /** It holds us no longer: nothing is to be given back. */
  lose(node: NodeId): void {
    if (this.#held.delete(node)) this.#changed = true;
  }

  /** It is to be given back. @returns whether it was a member */
  part(node: NodeId): boolean {
    return this.#held.delete(node);
  }
}
