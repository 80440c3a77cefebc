/**
 * How a node that knows nobody finds somebody: the seeds of its configuration and the peers it knew before it
 * was restarted, a few at a time, with back-off and for ever.
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import { hash32, type Random } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import type { KnownPeer } from "./known-peers.ts";
import { JOIN_ATTEMPTS, type MembershipSettings, SEED_TRIES } from "./settings.ts";

export interface JoinAttempt {
  readonly seeds: readonly string[];
  readonly peers: readonly KnownPeer[];
}

export class Seeking {
  readonly #settings: MembershipSettings;
  readonly #random: Random;
  /** Of its last life, in another order on each node. */
  readonly #peers: readonly KnownPeer[];
  /** Who answered at a seed's address, the last time that it was tried. */
  readonly #answered = new Map<string, NodeId>();
  #attempts = 0;
  #strangersAt: Instant | null = null;
  #strangersWait: Millis;
  #nextAt: Instant | null = null;
  #wait: Millis;

  constructor(settings: MembershipSettings, self: NodeId, random: Random, peers: readonly KnownPeer[]) {
    this.#settings = settings;
    this.#random = random;
    this.#wait = settings.rejoinFirst;
    this.#strangersWait = settings.rejoinFirst;
    const rank = (peer: KnownPeer): number => hash32(`${self}/${peer.id}`);
    this.#peers = peers.toSorted((a, b) => rank(a) - rank(b) || byText(a.id, b.id));
  }

  /** Whom to try now, while alone; null while it is not yet time. */
  attempt(now: Instant): JoinAttempt | null {
    if (this.#nextAt !== null && now < this.#nextAt) return null;
    this.#nextAt = now + this.#random.jitter(this.#wait, 0.25);
    this.#wait = Math.min(this.#settings.rejoinMost, this.#wait * 2);
    const turn = this.#attempts++ * JOIN_ATTEMPTS;
    return { seeds: some(this.#settings.seeds, turn), peers: some(this.#peers, turn) };
  }

  answered(address: string, id: NodeId): void {
    if (this.#settings.seeds.includes(address)) this.#answered.set(address, id);
  }

  /** While it has company: now and then a seed at whose address none of these members, itself included, is known to be. */
  stranger(count: number, live: () => readonly Member[]): string | undefined {
    const { periods, attempts } = SEED_TRIES;
    if (this.#random.int(1, periods * (count + 1)) > attempts) return undefined;
    return this.#random.pick(this.strangers(live()));
  }

  /** Seeds at whose address none of these members is known to be. */
  strangers(members: readonly Member[]): readonly string[] {
    const known = (seed: string) =>
      members.some(({ id, addresses }) => id === this.#answered.get(seed) || addresses.some(isAt(seed)));
    return this.#settings.seeds.filter((seed) => !known(seed));
  }

  /** Those of them to try now, a few at a time and ever more seldom, while nobody else can tell of them. */
  unmet(strangers: readonly string[], now: Instant): readonly string[] {
    if (this.#strangersAt !== null && now < this.#strangersAt) return [];
    this.#strangersAt = now + this.#random.jitter(this.#strangersWait, 0.25);
    this.#strangersWait = Math.min(this.#settings.rejoinMost, this.#strangersWait * 2);
    return some(strangers, this.#attempts++ * JOIN_ATTEMPTS);
  }

  /** Somebody was found: the next time alone starts with the first wait. */
  joined(): void {
    this.#nextAt = null;
    this.#wait = this.#settings.rejoinFirst;
  }
}

/** Addresses may end with their host's id (`/p2p/…`), and may not. */
function isAt(seed: string): (address: string) => boolean {
  const place = (address: string): string | undefined => address.split("/p2p/")[0];
  return (address) => place(address) === place(seed);
}

function some<T>(items: readonly T[], from: number): T[] {
  const count = Math.min(JOIN_ATTEMPTS, items.length);
  return Array.from({ length: count }, (_, i) => items[(from + i) % items.length] as T);
}
