/**
 * What this node believes and passes on: claims come in, the newer ones are adopted and become rumours, the
 * ones about itself are answered. Nothing here decides that somebody is silent; see detector.ts.
 */
import type { Instant } from "../../lib/instant.ts";
import type { Random } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import type { PersistId } from "../../ports/effects.ts";
import { changeBetween, type MembershipChange } from "./change.ts";
import { compareClaims, compareStanding, sameProfile } from "./claim.ts";
import type { Health } from "./health.ts";
import type { Identity } from "./identity.ts";
import type { KnownPeers } from "./known-peers.ts";
import type { MemberClaim } from "./messages.ts";
import { isComparable, isPlausible } from "./plausible.ts";
import type { Probes } from "./probes.ts";
import { isLive, Roster } from "./roster.ts";
import { NO_CLAIMS, Rumours } from "./rumours.ts";
import {
  CLAIMS_READ,
  doublings,
  GOSSIP_FANOUT,
  HEARD_LATELY,
  type MembershipSettings,
  MOST_INCARNATION_JUMP,
  MOST_MEMBERS,
  PAGE,
  PIGGYBACK,
  SENDINGS,
} from "./settings.ts";
import { Suspicions } from "./suspicions.ts";
import { GOSSIP_TIMER, type MembershipTurn } from "./turn.ts";

interface ViewParts {
  readonly identity: Identity;
  readonly health: Health;
  readonly probes: Probes;
  readonly random: Random;
  readonly knownPeers: KnownPeers;
}

export class View {
  readonly roster: Roster;
  readonly suspicions: Suspicions;
  readonly #settings: MembershipSettings;
  readonly #id: NodeId;
  readonly #identity: Identity;
  readonly #health: Health;
  readonly #probes: Probes;
  readonly #random: Random;
  readonly #knownPeers: KnownPeers;
  readonly #rumours = new Rumours();
  #gossiping = false;
  #changes: MembershipChange[] = [];

  constructor(settings: MembershipSettings, { identity, health, probes, random, knownPeers }: ViewParts) {
    this.#settings = settings;
    this.#id = identity.member.id;
    this.#identity = identity;
    this.#health = health;
    this.#probes = probes;
    this.#random = random;
    this.#knownPeers = knownPeers;
    this.roster = new Roster(this.#id);
    this.suspicions = new Suspicions(settings);
  }

  get(id: NodeId): Member | undefined {
    return this.roster.get(id)?.member;
  }

  /** Live members, this node included. */
  networkSize(): number {
    return this.roster.live().length + 1;
  }

  /** Up to `count` of the other live members, at random. */
  pick(count: number, except?: NodeId): readonly NodeId[] {
    const live = this.roster.live();
    if (live.length <= 4 * count) {
      return this.#random.shuffle(live.filter((id) => id !== except)).slice(0, count);
    }
    const chosen: NodeId[] = [];
    while (chosen.length < count) {
      const id = live[this.#random.int(0, live.length - 1)] as NodeId;
      if (id !== except && !chosen.includes(id)) chosen.push(id);
    }
    return chosen;
  }

  sizes(): Readonly<Record<"members" | "rumours" | "queued" | "suspicions", number>> {
    const { size: rumours, queued } = this.#rumours;
    return { members: this.roster.size, rumours, queued, suspicions: this.suspicions.size };
  }

  note(change: MembershipChange): void {
    this.#changes.push(change);
  }

  takeChanges(): readonly MembershipChange[] {
    const changes = this.#changes;
    if (changes.length > 0) this.#changes = [];
    return changes;
  }

  // ── claims come in ─────────────────────────────────────────────────────────────────────────────────────

  read(claims: readonly MemberClaim[], from: NodeId, turn: MembershipTurn): void {
    const count = Math.min(claims.length, CLAIMS_READ);
    for (let i = 0; i < count; i++) this.#weigh(claims[i] as MemberClaim, from, turn);
  }

  /** Makes a newer claim this node's own belief, and news. */
  adopt(claim: MemberClaim, turn: MembershipTurn): void {
    const { member, observers } = claim;
    const previous = this.get(member.id) ?? null;
    this.roster.put(member, turn.now);
    this.#knownPeers.note(member);
    this.#follow(previous, claim, turn);
    this.#tell(claim, turn);
    const kept = previous !== null && sameProfile(previous, member);
    const change = changeBetween(previous, member, observers, kept);
    if (change !== null) this.note(change);
    if (!kept && member.state !== "left") this.#noticeNamesakes(member);
  }

  /** Before anything happens: what is no news to anybody. */
  learn(member: Member): void {
    this.roster.put(member, 0);
    if (isLive(member)) this.#probes.add(member.id);
  }

  /** More observers of a suspect. */
  confirm(suspect: Member, observers: readonly NodeId[], turn: MembershipTurn): void {
    if (this.suspicions.confirm(suspect.id, observers)) this.#tell(this.claimOf(suspect), turn);
  }

  /** Forgets who left before that instant. */
  forgetLeft(before: Instant): void {
    for (const { id, state } of this.roster.members()) {
      if (state === "left" && (this.roster.get(id)?.since ?? before) < before) this.roster.forget(id);
    }
  }

  #weigh(claim: MemberClaim, from: NodeId, turn: MembershipTurn): void {
    const { member } = claim;
    if (!isComparable(member)) return;
    const known = this.get(member.id);
    if (member.id === this.#id) this.#answerFor(member, from, turn);
    else if (known === undefined) this.#welcome(claim, turn);
    else if (known === member) this.#corroborate(claim, turn);
    else if (compareStanding(member, known) >= 0 && isPlausible(member)) this.#update(known, claim, turn);
  }

  #update(known: Member, claim: MemberClaim, turn: MembershipTurn): void {
    if (claim.member.incarnation - known.incarnation > MOST_INCARNATION_JUMP) return;
    const order = compareClaims(claim.member, known);
    if (order > 0) this.#believe(this.#screened(claim), turn);
    else if (order === 0) this.#corroborate({ ...claim, member: known }, turn);
  }

  /** Whoever is said to be gone though it was heard just now is told at once, so that it can refute. */
  #believe(claim: MemberClaim, turn: MembershipTurn): void {
    const { id, state } = claim.member;
    this.adopt(claim, turn);
    const heardAt = this.roster.get(id)?.heardAt ?? null;
    const fresh = heardAt !== null && turn.now - heardAt < HEARD_LATELY * this.#settings.period;
    if (fresh && (state === "suspect" || state === "dead")) this.spread(id, [claim], turn);
  }

  #corroborate(claim: MemberClaim, turn: MembershipTurn): void {
    if (claim.member.state === "suspect") this.confirm(claim.member, this.#screened(claim).observers, turn);
  }

  /** The first that is heard of somebody. Who has left already is no news, but to those who have missed it. */
  #welcome(claim: MemberClaim, turn: MembershipTurn): void {
    const { member } = claim;
    if (member.state === "left") return this.#knownPeers.depart(member);
    if (this.roster.size >= MOST_MEMBERS) return;
    if (member.incarnation > MOST_INCARNATION_JUMP || !isPlausible(member)) return;
    const [departure] = this.#knownPeers.departures([member.id]);
    const late = departure !== undefined && departure.incarnation >= member.incarnation;
    this.adopt(late ? leftClaim(member, departure.incarnation) : this.#screened(claim), turn);
  }

  /** Only members can have observed. */
  #screened({ member, observers }: MemberClaim): MemberClaim {
    const credible = observers.filter((id) => id !== member.id && this.get(id) !== undefined);
    return { member, observers: credible };
  }

  #follow(previous: Member | null, { member, observers }: MemberClaim, turn: MembershipTurn): void {
    const { id } = member;
    this.suspicions.close(id);
    if (member.state === "suspect") this.suspicions.open(id, observers, turn.now);
    const was = previous !== null && isLive(previous);
    if (!was && isLive(member)) this.#probes.add(id);
    if (was && !isLive(member)) this.#probes.remove(id);
    const addresses = member.state === "left" ? [] : member.addresses;
    if (previous?.addresses.join() !== addresses.join()) turn.setAddresses(id, addresses);
  }

  #noticeNamesakes(member: Member): void {
    const others = this.roster.namesakes(member);
    if (others.length > 0) this.note({ kind: "same-name", member, others });
  }

  // ── speaking for oneself ───────────────────────────────────────────────────────────────────────────────

  /** The own record has changed. */
  publish(turn: MembershipTurn): void {
    const { member } = this.#identity;
    this.roster.put(member, turn.now);
    this.#tell(this.claimOf(member), turn);
  }

  /** Contradicts what is still claimed of this node. */
  refute(claimed: Member["state"], turn: MembershipTurn): void {
    if (!this.#identity.refute(turn.now, turn)) return;
    this.publish(turn);
    this.note({ kind: "refuted", member: this.#identity.member, claimed });
  }

  #answerFor(claim: Member, from: NodeId, turn: MembershipTurn): void {
    const { member } = this.#identity;
    if (claim === member || !isPlausible(claim)) return;
    const verdict = this.#identity.judge(claim);
    if (verdict === "contested") {
      if (claim.state !== "alive") this.#health.worse(1);
      this.refute(claim.state, turn);
    }
    const denied = verdict === "old" && claim.state !== "alive";
    if (denied || verdict === "contested") this.spread(from, [this.claimOf(this.#identity.member)], turn);
  }

  // ── claims go out ──────────────────────────────────────────────────────────────────────────────────────

  claimOf(member: Member): MemberClaim {
    return { member, observers: member.state === "suspect" ? this.suspicions.observers(member.id) : [] };
  }

  /** What is held against a member. */
  accusation(id: NodeId): readonly MemberClaim[] {
    const member = this.get(id);
    return member === undefined || member.state === "alive" ? NO_CLAIMS : [this.claimOf(member)];
  }

  /** What rides on a ping or an ack: first what the receiver must refute, then news; never about ourselves. */
  passing(to: NodeId): readonly MemberClaim[] {
    const accusation = this.accusation(to);
    const news = this.#rumours.draw(PIGGYBACK, this.#sendings(), this.#id);
    return accusation.length === 0 ? news : [...accusation, ...news];
  }

  spread(to: NodeId, claims: readonly MemberClaim[], turn: MembershipTurn): void {
    turn.send(to, { type: "membership.gossip", claims }, this.durability(claims));
  }

  /** The write to wait for when a message speaks of this node itself. */
  durability(claims: readonly MemberClaim[]): PersistId | undefined {
    return claims.some(({ member }) => member.id === this.#id) ? this.#identity.durable : undefined;
  }

  gossip(turn: MembershipTurn): void {
    this.#gossiping = false;
    const peers = this.pick(GOSSIP_FANOUT);
    if (peers.length === 0) this.#rumours.clear();
    for (const peer of peers) {
      const claims = this.#rumours.draw(PAGE, this.#sendings());
      if (claims.length > 0) this.spread(peer, claims, turn);
    }
    this.#keepGossiping(turn);
  }

  #tell(claim: MemberClaim, turn: MembershipTurn): void {
    this.#rumours.tell(claim);
    this.#keepGossiping(turn);
  }

  #keepGossiping(turn: MembershipTurn): void {
    if (this.#gossiping || this.#rumours.size === 0) return;
    this.#gossiping = true;
    turn.setTimer(GOSSIP_TIMER, this.#random.jitter(this.#settings.gossipInterval, 0.5));
  }

  /** How often a rumour leaves this node. */
  #sendings(): number {
    return doublings(this.networkSize()) + SENDINGS;
  }
}

/** Old news of a member that has left, and been forgotten but for that: whoever believes it is told so. */
function leftClaim(member: Member, incarnation: number): MemberClaim {
  return { member: { ...member, incarnation, state: "left" }, observers: [] };
}
