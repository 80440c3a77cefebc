/**
 * What one peer may ask of us: a token bucket per lane, and strikes for what a well-behaved agent never does
 * (flooding, undecodable or oversize frames). Enough strikes within the memory: banned for a while.
 */
import { present } from "../../lib/assert.ts";
import type { NodeId } from "../../model/node.ts";
import { LANES } from "../../ports/codec.ts";
import type { Lane } from "../../ports/effects.ts";

export interface PeerLimits {
  readonly rates: { readonly [lane in Lane]: Rate };
  readonly strikes: number;
  /** Milliseconds a strike is remembered. */
  readonly strikeMemory: number;
  /** Milliseconds of a ban. */
  readonly ban: number;
}

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A flood is struck at most this often: a burst of a second is one offence, not a thousand. */
const FLOOD_STRIKE_INTERVAL = 1_000;

interface Record {
  readonly buckets: Map<Lane, { tokens: number; at: number }>;
  strikes: number[];
  floodStruckAt: number;
  bannedUntil: number;
}

export class Admission {
  readonly #limits: PeerLimits;
  readonly #peers = new Map<NodeId, Record>();

  constructor(limits: PeerLimits) {
    this.#limits = limits;
  }

  /** Takes a token; `flood` when there is none, `banned` when that was one time too many. */
  admit(peer: NodeId, lane: Lane, now: number): "admitted" | "flood" | "banned" {
    const record = this.#record(peer, now);
    const bucket = present(record.buckets.get(lane), "a bucket per lane");
    const { perSecond, burst } = this.#limits.rates[lane];
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return "admitted";
    }
    if (now - record.floodStruckAt < FLOOD_STRIKE_INTERVAL) return "flood";
    record.floodStruckAt = now;
    return this.strike(peer, now) ? "banned" : "flood";
  }

  /** Counts an offence; true when the peer is banned for it. */
  strike(peer: NodeId, now: number): boolean {
    const record = this.#record(peer, now);
    record.strikes = record.strikes.filter((at) => now - at < this.#limits.strikeMemory);
    record.strikes.push(now);
    if (record.strikes.length < this.#limits.strikes) return false;
    record.strikes = [];
    record.bannedUntil = now + this.#limits.ban;
    return true;
  }

  banned(peer: NodeId, now: number): boolean {
    const record = this.#peers.get(peer);
    return record !== undefined && now < record.bannedUntil;
  }

  /** Forgets everybody of whom nothing is left to remember, so that the record stays bounded. */
  prune(connected: (peer: NodeId) => boolean, now: number): void {
    for (const [peer, record] of this.#peers) {
      const struck = record.strikes.some((at) => now - at < this.#limits.strikeMemory);
      if (!struck && now >= record.bannedUntil && !connected(peer)) this.#peers.delete(peer);
    }
  }

  #record(peer: NodeId, now: number): Record {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const { rates } = this.#limits;
    const buckets = new Map(LANES.map((lane) => [lane, { tokens: rates[lane].burst, at: now }]));
    const record = { buckets, strikes: [], floodStruckAt: Number.NEGATIVE_INFINITY, bannedUntil: 0 };
    this.#peers.set(peer, record);
    return record;
  }
}
