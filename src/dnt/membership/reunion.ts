/**
 * Finding others and agreeing with them: joining through seeds or the peers of the last life, comparing lists
 * every half minute, trying the dead and the seeds now and then (a healed split is noticed by nobody else).
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import { hash32, type Random } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import type { KnownPeers } from "./known-peers.ts";
import type { Departure, Digest, Page, Pull } from "./messages.ts";
import { isLive } from "./roster.ts";
import { Seeking } from "./seeking.ts";
import { type MembershipSettings, MISSING, RECONNECT } from "./settings.ts";
import { type Records, Synchronisation } from "./synchronisation.ts";
import type { MembershipTurn } from "./turn.ts";
import type { View } from "./view.ts";

export const KEY_SETTLED_IN = "dnt/settled-in";

export class Reunion {
  readonly #settings: MembershipSettings;
  readonly #self: NodeId;
  readonly #view: View;
  readonly #knownPeers: KnownPeers;
  readonly #seeking: Seeking;
  readonly #random: Random;
  readonly #synchronisation: Synchronisation;
  #synchroniseAt: Instant = 0;
  #version = 0;
  #startedAt: Instant = 0;
  /** Of its last life, or of that of others, those who had not been heard of when it was last looked. */
  #unheard: readonly NodeId[];
  #circle: {
    readonly of: readonly Member[];
    readonly unheard: readonly NodeId[];
    readonly print: string;
  } | null = null;
  /** For a while, until it has met them all: a seed that it has not met may be one of a cluster that it knows nothing of. */
  #new: boolean;

  constructor(
    settings: MembershipSettings,
    self: NodeId,
    view: View,
    knownPeers: KnownPeers,
    random: Random,
    settledIn: boolean,
  ) {
    this.#settings = settings;
    this.#self = self;
    this.#view = view;
    this.#knownPeers = knownPeers;
    this.#random = random;
    this.#unheard = knownPeers.lastLife().map(({ id }) => id);
    this.#new = !settledIn;
    this.#seeking = new Seeking(settings, self, random.fork("seeking"), knownPeers.lastLife());
    this.#synchronisation = new Synchronisation(view.roster, (member) => view.claimOf(member));
  }

  /** Comparisons of lists under way. */
  get sessions(): number {
    return this.#synchronisation.size;
  }

  start(turn: MembershipTurn): void {
    this.#startedAt = turn.now;
    this.#plan(turn.now, this.#settings.syncEvery);
    this.#seek(turn);
  }

  /** The round's upkeep. */
  round(isolated: boolean, turn: MembershipTurn): void {
    if (this.#new) this.#settleIn(turn);
    if (this.#view.roster.live().length === 0 || isolated) {
      this.#seek(turn);
    } else {
      this.#seeking.joined();
      const strangers = this.strangers();
      if (strangers.length === 0) this.#tryTheSeeds(turn);
      else for (const seed of this.#seeking.unmet(strangers, turn.now)) turn.dial(seed);
    }
    this.#tryTheDead(turn);
    this.#checkNews(turn.now);
    if (turn.now >= this.#synchroniseAt) this.#agree(turn);
  }

  /** A life that ends before all seeds were met, or waited for, was not the first. */
  #settleIn(turn: MembershipTurn): void {
    const met = this.#view.roster.live().length > 0 && this.strangers().length === 0;
    if (!met && turn.now - this.#startedAt < this.#settings.seedPatience) return;
    this.#new = false;
    turn.persist([{ key: KEY_SETTLED_IN, value: true }]);
  }

  /**
   * Peers of its last life, or of that of others, of which nobody has told it yet what became of them; the same array until
   * that changes.
   */
  unheard(): readonly NodeId[] {
    const unheard = this.#unheard.filter(
      (id) => this.#view.get(id) === undefined && !this.#knownPeers.departed(id),
    );
    if (unheard.length !== this.#unheard.length) this.#unheard = unheard;
    return this.#unheard;
  }

  /**
   * Seeds that a new agent has not met: whoever is there may know others. One that nobody has met in its first minute
   * is not there.
   */
  strangers(): readonly string[] {
    return this.#new ? this.#seeking.strangers(this.#view.roster.members()) : [];
  }

  /**
   * A print of everybody who has not left, as far as this node knows. Where all whom it names answer with the same one,
   * there is nobody else: who has something has it from somebody in the circle, who would know it. Nobody is forgotten
   * before it has left, and who has left has nothing.
   */
  circle(): string {
    const unheard = this.unheard();
    const of = this.#view.roster.members();
    if (this.#circle?.of !== of || this.#circle.unheard !== unheard) {
      const known = of.filter(({ state }) => state !== "left").map(({ id }) => id);
      const ids = [...known, ...unheard].sort(byText);
      this.#circle = { of, unheard, print: `${ids.length}.${hash32(ids.join("\n"))}` };
    }
    return this.#circle.print;
  }

  onAddressAnswered(address: string, id: NodeId, turn: MembershipTurn): void {
    this.#seeking.answered(address, id);
    this.meet(id, turn);
  }

  onOwnAddress(address: string): void {
    this.#seeking.answered(address, this.#self);
  }

  /** Opens a synchronisation with the peer. */
  meet(peer: NodeId, turn: MembershipTurn): void {
    if (peer === this.#self || !this.#synchronisation.open(peer, turn.now)) return;
    const claims = this.#view.accusation(peer);
    const unheard = this.unheard();
    const from = this.#random.int(0, Math.max(0, unheard.length - MISSING));
    const missing = unheard.slice(from, from + MISSING);
    turn.send(peer, { type: "membership.digest", buckets: this.#view.roster.digest(), claims, missing });
  }

  onDigest(from: NodeId, digest: Digest, turn: MembershipTurn): void {
    this.#view.read(digest.claims, from, turn);
    this.#miss(digest.missing);
    const departed = this.#knownPeers.departures(digest.missing);
    this.#send(from, this.#synchronisation.compare(digest), departed, turn);
  }

  /** Where all have started anew, a newcomer hears of those who are away from nobody else: it misses them, too. */
  #miss(ids: readonly NodeId[]): void {
    const missed = ids.filter((id) => this.#view.get(id) === undefined && this.#knownPeers.miss(id));
    if (missed.length > 0) this.#unheard = [...this.#unheard, ...missed];
  }

  onPull(from: NodeId, pull: Pull, turn: MembershipTurn): void {
    this.#send(from, this.#synchronisation.next(pull), [], turn);
  }

  /** False: it was not asked for. */
  onPage(from: NodeId, page: Page, turn: MembershipTurn): boolean {
    if (!this.#synchronisation.expects(from, page, turn.now)) return false;
    for (const departure of page.departed) this.#knownPeers.depart(departure);
    const agreed = page.buckets.length === 0 && this.unheard().length === 0;
    this.#plan(turn.now, agreed ? this.#settings.syncEvery : this.#settings.syncAgain);
    this.#view.read(page.claims, from, turn);
    for (const claims of this.#synchronisation.better(page)) this.#view.spread(from, claims, turn);
    const pull = this.#synchronisation.pull(page);
    if (pull !== null) turn.send(from, pull);
    return true;
  }

  #send(to: NodeId, records: Records | null, departed: readonly Departure[], turn: MembershipTurn): void {
    if (records === null) return;
    turn.send(to, { ...records, departed }, this.#view.durability(records.claims));
  }

  /** While it hears nobody: the seeds and the peers of its last life. */
  #seek(turn: MembershipTurn): void {
    const attempt = this.#seeking.attempt(turn.now);
    if (attempt === null) return;
    for (const address of attempt.seeds) turn.dial(address);
    for (const { id, addresses } of attempt.peers) {
      if (this.#view.get(id) === undefined) turn.setAddresses(id, addresses);
      this.meet(id, turn);
    }
  }

  /** Groups that formed apart, e.g. while the seeds were down, know nothing of one another: they meet at a seed. */
  #tryTheSeeds(turn: MembershipTurn): void {
    const { roster } = this.#view;
    const seed = this.#seeking.stranger(roster.live().length, () => roster.members().filter(isLive));
    if (seed !== undefined) turn.dial(seed);
  }

  /** The attempts are shared out among the living, so each dead member costs the network the same. */
  #tryTheDead(turn: MembershipTurn): void {
    const { roster } = this.#view;
    const dead = roster.dead();
    if (dead.length === 0) return;
    const chances = RECONNECT.periods * (roster.live().length + 1);
    if (this.#random.int(1, chances) > RECONNECT.attempts * dead.length) return;
    const id = this.#random.pick(dead);
    if (id !== undefined) this.meet(id, turn);
  }

  /** Until a page says that nothing differs, another comparison follows soon. */
  #agree(turn: MembershipTurn): void {
    this.#plan(turn.now, this.#settings.syncAgain);
    this.#view.forgetLeft(turn.now - this.#settings.forgetLeftAfter);
    for (const peer of this.#view.pick(1)) this.meet(peer, turn);
  }

  #checkNews(now: Instant): void {
    const { version } = this.#view.roster;
    if (version === this.#version) return;
    this.#version = version;
    const soon = now + this.#random.jitter(this.#settings.syncAfterNews, 0.5);
    this.#synchroniseAt = Math.min(this.#synchroniseAt, soon);
  }

  #plan(now: Instant, mean: Millis): void {
    this.#synchroniseAt = now + this.#random.jitter(mean, 0.25);
  }
}
