/**
 * Whom a node knows, on disk: every member that it has heard of and that has not left, and, of those that left, that
 * they did. Nobody is forgotten by a restart: what a node could miss, it could also take for gone, and run or make again.
 *
 *   (unknown) ──heard of──▶ known ──heard that it left──▶ departed ──heard of under a higher incarnation──▶ known
 *
 * One row per peer, written in the step in which the news came: before anything that follows from it.
 */
import { sortedEntries } from "../../lib/order.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import type { Write } from "../../ports/effects.ts";
import type { Departure } from "./messages.ts";
import { areAddresses, isCounter, isNodeId } from "./plausible.ts";
import { MOST_DEPARTED, MOST_MEMBERS } from "./settings.ts";

const PREFIX = "dnt/peer/";
/** Where an agent of before kept up to 64 of them, in one row; it stays as it is. */
const OLD_KEY = "dnt/peers";

export const peerKey = (id: NodeId): string => `${PREFIX}${id}`;

export interface KnownPeer {
  readonly id: NodeId;
  readonly addresses: readonly string[];
}

/** `left`: it has, under that incarnation. */
interface Row {
  readonly addresses: readonly string[];
  readonly incarnation: number;
  readonly left: boolean;
}

export class KnownPeers {
  readonly #self: NodeId;
  readonly #rows = new Map<NodeId, Row>();
  /** Those of its last life who had not left. */
  readonly #lastLife: readonly KnownPeer[];
  #departed = 0;
  #writes: Write[] = [];

  constructor(self: NodeId, restored: ReadonlyMap<string, unknown>) {
    this.#self = self;
    for (const [key, value] of sortedEntries(restored)) {
      const id = key.slice(PREFIX.length);
      const row = key.startsWith(PREFIX) && id !== self && isNodeId(id) ? readRow(value) : null;
      if (row !== null && this.#rows.size < MOST_MEMBERS + MOST_DEPARTED) this.#put(id, row);
    }
    for (const { id, addresses } of readOld(restored.get(OLD_KEY)))
      if (id !== self && !this.#rows.has(id)) this.#put(id, { addresses, incarnation: 0, left: false });
    this.#lastLife = [...this.#rows].flatMap(([id, { addresses, left }]) =>
      left ? [] : [{ id, addresses }],
    );
  }

  lastLife(): readonly KnownPeer[] {
    return this.#lastLife;
  }

  /** Whether it is known to have left. */
  departed(id: NodeId): boolean {
    return this.#rows.get(id)?.left === true;
  }

  /** Of those asked for: who left, as far as is known here. */
  departures(asked: readonly NodeId[]): readonly Departure[] {
    return asked.flatMap((id) => {
      const row = this.#rows.get(id);
      return row?.left === true ? [{ id, incarnation: row.incarnation }] : [];
    });
  }

  /**
   * Somebody says that it left; it may have come back since, under a higher incarnation. Who has never heard of it keeps
   * that, too, for those who have.
   */
  depart({ id, incarnation }: Departure): void {
    const row = this.#rows.get(id);
    if (row?.left === true || incarnation < (row?.incarnation ?? 0)) return;
    this.#write(id, { addresses: [], incarnation, left: true });
  }

  /** Somebody misses it. @returns whether nothing was known of it, not even that it left. */
  miss(id: NodeId): boolean {
    const fresh = isNodeId(id) && id !== this.#self && !this.#rows.has(id);
    if (!fresh || this.#rows.size >= MOST_MEMBERS + MOST_DEPARTED) return false;
    this.#write(id, { addresses: [], incarnation: 0, left: false });
    return true;
  }

  /** The newest that is believed of a member. */
  note({ id, addresses, incarnation, state }: Member): void {
    if (id === this.#self) return;
    const left = state === "left";
    const row = this.#rows.get(id);
    const same = row?.left === left && row.incarnation === incarnation;
    if (same && (left || row.addresses.join() === addresses.join())) return;
    this.#write(id, { addresses: left ? [] : addresses, incarnation, left });
  }

  /** What is to be written since the last call. */
  takeWrites(): readonly Write[] {
    const writes = this.#writes;
    if (writes.length > 0) this.#writes = [];
    return writes;
  }

  #write(id: NodeId, row: Row): void {
    this.#put(id, row);
    const { addresses, incarnation, left } = row;
    this.#writes.push({ key: peerKey(id), value: left ? { incarnation, left } : { addresses, incarnation } });
    if (this.#departed > MOST_DEPARTED) this.#forgetOldest();
  }

  #put(id: NodeId, row: Row): void {
    this.#departed += Number(row.left) - Number(this.departed(id));
    this.#rows.delete(id);
    this.#rows.set(id, row);
  }

  #forgetOldest(): void {
    for (const [id, { left }] of this.#rows) {
      if (!left) continue;
      this.#rows.delete(id);
      this.#departed--;
      this.#writes.push({ key: peerKey(id), value: null });
      return;
    }
  }
}

/** What a damaged disk holds: what cannot be read is left out. */
function readRow(value: unknown): Row | null {
  if (typeof value !== "object" || value === null) return null;
  const { addresses = [], incarnation, left } = value as Partial<Row>;
  if (!isCounter(incarnation) || !areAddresses(addresses)) return null;
  return { addresses, incarnation, left: left === true };
}

function readOld(value: unknown): readonly KnownPeer[] {
  const peers = Array.isArray(value) ? (value as Partial<KnownPeer | null>[]) : [];
  return peers.flatMap((peer) =>
    isNodeId(peer?.id) && areAddresses(peer?.addresses) ? [{ id: peer.id, addresses: peer.addresses }] : [],
  );
}
