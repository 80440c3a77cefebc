/**
 * How a node that knows nobody finds somebody: the seeds of its configuration and the peers it knew before it
 * was restarted, a few at a time, with back-off and for ever.
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import { hash32, type Random } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import { areAddresses, isNodeId } from "./plausible.ts";
import { isLive } from "./roster.ts";
import { JOIN_ATTEMPTS, type MembershipSettings, SAVED_PEERS, SEED_TRIES } from "./settings.ts";

export const PEERS_KEY = "dnt/peers";

export interface KnownPeer {
  readonly id: NodeId;
  readonly addresses: readonly string[];
}

export interface JoinAttempt {
  readonly seeds: readonly string[];
  readonly peers: readonly KnownPeer[];
}

export class KnownPeers {
  readonly #settings: MembershipSettings;
  readonly #self: NodeId;
  readonly #random: Random;
  readonly #peers: readonly KnownPeer[];
  /** Who answered at a seed's address, the last time that it was tried. */
  readonly #answered = new Map<string, NodeId>();
  #attempts = 0;
  #strangersAt: Instant | null = null;
  #strangersWait: Millis;
  #nextAt: Instant | null = null;
  #wait: Millis;
  #saved = "";
  #savedIds: ReadonlySet<NodeId> = new Set();
  #savedVersion = -1;
  #saveAt: Instant | null = null;

  constructor(
    settings: MembershipSettings,
    self: NodeId,
    random: Random,
    restored: ReadonlyMap<string, unknown>,
  ) {
    this.#settings = settings;
    this.#self = self;
    this.#random = random;
    this.#wait = settings.rejoinFirst;
    this.#strangersWait = settings.rejoinFirst;
    this.#peers = readPeers(restored.get(PEERS_KEY)).filter(({ id }) => id !== self);
  }

  /** Those of its last life. */
  ids(): readonly NodeId[] {
    return this.#peers.map(({ id }) => id);
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

  /**
   * What to write, when it is time and anything differs: live members, a different choice on each node; those of its
   * last life of whom it has not heard yet; the dead. Nobody only when all have left: the dead may be those whom to look for.
   * Who has left is taken out at once: in the next life nobody may remember that. Who has come is put in at once while
   * there is room for all: an agent that starts anew must miss whoever could hold something.
   */
  save(members: () => readonly Member[], version: number, now: Instant): readonly KnownPeer[] | null {
    this.#saveAt ??= now + this.#settings.rejoinFirst;
    if (version === this.#savedVersion) return null;
    const all = members();
    if (now < this.#saveAt && !this.#urgent(all)) return null;
    this.#savedVersion = version;
    const peers = this.#choose(all);
    const text = JSON.stringify(peers);
    const deserted = all.length > 1 && all.every(({ id, state }) => id === this.#self || state === "left");
    if ((peers.length === 0 && !deserted) || text === this.#saved) return null;
    this.#saved = text;
    this.#savedIds = new Set(peers.map(({ id }) => id));
    this.#saveAt = now + this.#settings.savePeersEvery;
    return peers;
  }

  #urgent(members: readonly Member[]): boolean {
    const roomy = members.length <= SAVED_PEERS;
    return members.some(({ id, state }) => {
      const saved = this.#savedIds.has(id);
      return state === "left" ? saved : roomy && !saved && id !== this.#self;
    });
  }

  #choose(members: readonly Member[]): KnownPeer[] {
    const met = new Set(members.map(({ id }) => id));
    const others = members.filter(({ id, state }) => id !== this.#self && state !== "left");
    const chosen = [
      ...this.#shuffled(others.filter(isLive)),
      ...this.#peers.filter(({ id }) => !met.has(id)),
      ...this.#shuffled(others.filter((member) => !isLive(member))),
    ];
    return chosen.slice(0, SAVED_PEERS).map(({ id, addresses }) => ({ id, addresses }));
  }

  #shuffled(members: readonly Member[]): KnownPeer[] {
    const ranked = members.map(({ id, addresses }) => ({
      id,
      addresses,
      rank: hash32(`${this.#self}/${id}`),
    }));
    return ranked.sort((a, b) => a.rank - b.rank || byText(a.id, b.id));
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

/** What an earlier version wrote, or a damaged disk holds: what cannot be read is left out. */
function readPeers(value: unknown): KnownPeer[] {
  if (!Array.isArray(value)) return [];
  const entries = value.slice(0, SAVED_PEERS) as Partial<KnownPeer | null>[];
  return entries.flatMap((entry) =>
    isNodeId(entry?.id) && areAddresses(entry?.addresses)
      ? [{ id: entry.id, addresses: entry.addresses }]
      : [],
  );
}
