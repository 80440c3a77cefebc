/**
 * Finding others and agreeing with them: joining through seeds or the peers of the last life, comparing lists
 * every half minute, trying the dead and the seeds now and then (a healed split is noticed by nobody else).
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import type { Random } from "../../lib/random.ts";
import type { NodeId } from "../../model/node.ts";
import { type KnownPeers, PEERS_KEY } from "./known-peers.ts";
import type { Digest, Page, Pull } from "./messages.ts";
import { isLive } from "./roster.ts";
import { type MembershipSettings, RECONNECT } from "./settings.ts";
import { type Records, Synchronisation } from "./synchronisation.ts";
import type { MembershipTurn } from "./turn.ts";
import type { View } from "./view.ts";

export class Reunion {
  readonly #settings: MembershipSettings;
  readonly #self: NodeId;
  readonly #view: View;
  readonly #knownPeers: KnownPeers;
  readonly #random: Random;
  readonly #synchronisation: Synchronisation;
  #synchroniseAt: Instant = 0;
  #version = 0;
  #startedAt: Instant = 0;
  /** Since it started its list was found to be the same as somebody's. */
  #compared = false;
  /** … as one that is complete. */
  #agreed = false;
  /** In its first life, for a while: a seed that it has not met may be one of a cluster that it knows nothing of. */
  #new: boolean;

  constructor(
    settings: MembershipSettings,
    self: NodeId,
    view: View,
    knownPeers: KnownPeers,
    random: Random,
  ) {
    this.#settings = settings;
    this.#self = self;
    this.#view = view;
    this.#knownPeers = knownPeers;
    this.#random = random;
    this.#new = knownPeers.ids().length === 0;
    this.#synchronisation = new Synchronisation(view.roster, (member) => view.claimOf(member));
  }

  start(turn: MembershipTurn): void {
    this.#startedAt = turn.now;
    this.#plan(turn.now, this.#settings.syncEvery);
    this.#seek(turn);
  }

  /** The round's upkeep. */
  round(isolated: boolean, turn: MembershipTurn): void {
    if (turn.now - this.#startedAt >= this.#settings.seedPatience) this.#new = false;
    if (this.#view.roster.live().length === 0 || isolated) {
      this.#seek(turn);
    } else {
      this.#knownPeers.joined();
      const strangers = this.strangers();
      if (strangers.length === 0) this.#tryTheSeeds(turn);
      else for (const seed of this.#knownPeers.unmet(strangers, turn.now)) turn.dial(seed);
    }
    this.#tryTheDead(turn);
    this.#checkNews(turn.now);
    if (turn.now >= this.#synchroniseAt) this.#agree(turn);
    const { roster } = this.#view;
    const peers = this.#knownPeers.save(() => roster.members(), roster.version, turn.now);
    if (peers !== null) turn.persist([{ key: PEERS_KEY, value: peers }]);
  }

  /** Peers of its last life of which nobody has told it yet what became of them. */
  unheard(): readonly NodeId[] {
    if (this.#agreed) return [];
    return this.#knownPeers.ids().filter((id) => this.#view.get(id) === undefined);
  }

  /**
   * Seeds that a new agent has not met: whoever is there may know others. One that nobody has met in its first minute
   * is not there.
   */
  strangers(): readonly string[] {
    return this.#new ? this.#knownPeers.strangers(this.#view.roster.members()) : [];
  }

  /** Whether its list has everybody in it, as far as an agent can know: not just after it has started. */
  get acquainted(): boolean {
    const alone = this.#view.roster.members().every(({ id, state }) => id === this.#self || state === "left");
    const told = this.unheard().length === 0 && this.strangers().length === 0;
    return told && (this.#compared || alone);
  }

  /**
   * Whether its list says of everybody what became of them. In its first life it cannot tell for whom it came too late,
   * until everybody who left so long ago is forgotten everywhere.
   */
  #complete(now: Instant): boolean {
    const old = now - this.#startedAt >= this.#settings.forgetLeftAfter;
    return this.unheard().length === 0 && (this.#agreed || this.#knownPeers.ids().length > 0 || old);
  }

  onAddressAnswered(address: string, id: NodeId, turn: MembershipTurn): void {
    this.#knownPeers.answered(address, id);
    this.meet(id, turn);
  }

  onOwnAddress(address: string): void {
    this.#knownPeers.answered(address, this.#self);
  }

  /** Opens a synchronisation with the peer. */
  meet(peer: NodeId, turn: MembershipTurn): void {
    if (peer === this.#self || !this.#synchronisation.open(peer, turn.now)) return;
    const claims = this.#view.accusation(peer);
    turn.send(peer, { type: "membership.digest", buckets: this.#view.roster.digest(), claims });
  }

  onDigest(from: NodeId, digest: Digest, turn: MembershipTurn): void {
    this.#view.read(digest.claims, from, turn);
    this.#send(from, this.#synchronisation.compare(digest), turn);
  }

  onPull(from: NodeId, pull: Pull, turn: MembershipTurn): void {
    this.#send(from, this.#synchronisation.next(pull), turn);
  }

  /** False: it was not asked for. */
  onPage(from: NodeId, page: Page, turn: MembershipTurn): boolean {
    if (!this.#synchronisation.expects(from, page, turn.now)) return false;
    const agreed = page.buckets.length === 0;
    this.#compared ||= agreed;
    this.#agreed ||= agreed && page.complete;
    this.#plan(turn.now, agreed ? this.#settings.syncEvery : this.#settings.syncAgain);
    this.#view.read(page.claims, from, turn);
    for (const claims of this.#synchronisation.better(page)) this.#view.spread(from, claims, turn);
    const pull = this.#synchronisation.pull(page);
    if (pull !== null) turn.send(from, pull);
    return true;
  }

  #send(to: NodeId, records: Records | null, turn: MembershipTurn): void {
    if (records === null) return;
    const page = { ...records, complete: this.#complete(turn.now) };
    turn.send(to, page, this.#view.durability(page.claims));
  }

  /** While it hears nobody: the seeds and the peers of its last life. */
  #seek(turn: MembershipTurn): void {
    const attempt = this.#knownPeers.attempt(turn.now);
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
    const seed = this.#knownPeers.stranger(roster.live().length, () => roster.members().filter(isLive));
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
