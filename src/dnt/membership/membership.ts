/**
 * Membership: who is in the network, as far as this node can tell. A thin SWIM with Lifeguard's additions;
 * observer rings and certificates can come behind the same interface.
 *
 *                 probe failed, helpers agree         time to refute is over
 *      ┌──────┐ ────────────────────────→ ┌─────────┐ ─────────────────────→ ┌──────┐
 *      │ alive │                           │ suspect │                        │ dead │   ┌──────┐
 *      └──────┘ ←──── higher incarnation ──┴─────────┴──── higher incarnation ─┴──────┘   │ left │ ← of its own will
 *
 * Each round (a second): conclude the probes of the last one, let suspicions age, probe the next members, do
 * one bit of upkeep. News rides on pings and acks and, while fresh, in gossip messages of its own; every 30 s,
 * and soon after any news, two lists are compared. An idle network sends two messages per node and second
 * whatever its size (below 48 members four, up to 16 six: there more probes make up for fewer probers).
 *
 * Nothing that matters rests on this view being right: it only costs time when it is wrong.
 *
 * Source: Das, Gupta, Motivala, "SWIM" (2002); Dadgar, Phillips, Currey, "Lifeguard" (2017).
 * Deviations: see claim.ts and probes.ts; and a node with several peers that hears none of them suspects nobody.
 */
import type { Result } from "../../lib/error.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import type { Random } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import type { PersistId, TimerName } from "../../ports/effects.ts";
import type { MembershipChange } from "./change.ts";
import { Detector } from "./detector.ts";
import { Health } from "./health.ts";
import { Identity, type Profile, type ProfileChange } from "./identity.ts";
import { KnownPeers } from "./known-peers.ts";
import type { MembershipMessage } from "./messages.ts";
import { isNodeId } from "./plausible.ts";
import { Probes } from "./probes.ts";
import { KEY_SETTLED_IN, Reunion } from "./reunion.ts";
import { DEFAULTS, type MembershipSettings, TOLD_AT_ONCE } from "./settings.ts";
import { GOSSIP_TIMER, type MembershipTurn, ROUND_TIMER } from "./turn.ts";
import { View } from "./view.ts";

export interface MembershipDependencies {
  readonly self: Profile;
  /** A stream of its own. */
  readonly random: Random;
  /** What was persisted under this node's keys before it was last stopped. */
  readonly restored: ReadonlyMap<string, unknown>;
  /** Members that it knows already, and everybody else, too: a network that has been there for a while. */
  readonly settled?: readonly Member[];
}

export interface Circle {
  readonly print: string;
  readonly durable: PersistId | undefined;
}

/** What the rest of a node sees of its membership; the simulator may put a modelled one in its place. */
export type MembershipService = Pick<Membership, keyof Membership>;
export type MembershipMaker = (
  settings: Partial<MembershipSettings>,
  dependencies: MembershipDependencies,
) => MembershipService;

export class Membership {
  readonly #settings: MembershipSettings;
  readonly #random: Random;
  readonly #id: NodeId;
  readonly #identity: Identity;
  readonly #health = new Health();
  readonly #knownPeers: KnownPeers;
  readonly #view: View;
  readonly #probes: Probes;
  readonly #detector: Detector;
  readonly #reunion: Reunion;
  #phase: "new" | "running" | "left" = "new";
  /** The last write of known peers. */
  #durable: PersistId | undefined;

  /** `config` overrides DEFAULTS, e.g. the seeds. */
  constructor(
    config: Partial<MembershipSettings>,
    { self, random, restored, settled = [] }: MembershipDependencies,
  ) {
    const settings = { ...DEFAULTS, ...config };
    this.#settings = settings;
    this.#random = random;
    this.#id = self.id;
    this.#identity = new Identity(self, restored);
    const probes = new Probes(random.fork("probes"));
    this.#probes = probes;
    const health = this.#health;
    this.#knownPeers = new KnownPeers(self.id, restored);
    this.#view = new View(settings, {
      identity: this.#identity,
      health,
      probes,
      random: random.fork("gossip"),
      knownPeers: this.#knownPeers,
    });
    for (const member of settled) if (member.id !== this.#id) this.#view.learn(member);
    this.#detector = new Detector(settings, self.id, this.#view, health, probes);
    const settledIn = restored.get(KEY_SETTLED_IN) === true || settled.length > 0;
    this.#reunion = new Reunion(
      settings,
      self.id,
      this.#view,
      this.#knownPeers,
      random.fork("reunion"),
      settledIn,
    );
  }

  /** All known members, this node included, sorted by id; the same array until something changes. */
  members(): readonly Member[] {
    return this.#view.roster.members();
  }

  get(id: NodeId): Member | undefined {
    return this.#view.get(id);
  }

  self(): Member {
    return this.#identity.member;
  }

  /** Milliseconds since the member itself was last heard; null: never. */
  lastHeard(id: NodeId, now: Instant): Millis | null {
    const heardAt = this.#view.roster.get(id)?.heardAt ?? null;
    return heardAt === null ? null : now - heardAt;
  }

  /** Median of the last nine round trips in ms; null: never measured. */
  rtt(id: NodeId): Millis | null {
    const trips = [...(this.#view.roster.get(id)?.roundTrips ?? [])].sort((a, b) => a - b);
    return trips[trips.length >> 1] ?? null;
  }

  /** Knows others and hears none of them: its view is not to be relied on. */
  get isolated(): boolean {
    return this.#detector.isolated;
  }

  /** Members of its last life that may still be there, while it has not heard from anybody who they are now. */
  unheard(): readonly NodeId[] {
    return this.#reunion.unheard();
  }

  /** Whether it is known that it has, and not that it came back. */
  hasLeft(id: NodeId): boolean {
    return this.#knownPeers.departed(id);
  }

  /** Seeds that a new agent has not met yet: they may be of a cluster of which it knows nothing. */
  strangers(): readonly string[] {
    return this.#reunion.strangers();
  }

  /**
   * A print of everybody whom this node knows and who has not left, `unheard` included: who answers the same knows the
   * same. `durable`: the write after which a restart forgets none of them.
   */
  circle(): Circle {
    return { print: this.#reunion.circle(), durable: this.#durable };
  }

  /** Every member has a list of its own. */
  readonly shared: boolean = false;

  /** How much it doubts itself, 0 (well) to 8. */
  get doubt(): number {
    return this.#health.doubt;
  }

  /** How much is remembered of each kind. */
  sizes() {
    return { ...this.#view.sizes(), ...this.#probes.kept, sessions: this.#reunion.sessions };
  }

  /** What happened since the last call. */
  takeChanges(): readonly MembershipChange[] {
    return this.#view.takeChanges();
  }

  start(turn: MembershipTurn): void {
    this.#phase = "running";
    this.#identity.raise(turn.now, turn);
    this.#view.publish(turn);
    const first = this.#random.int(1, this.#settings.period);
    this.#health.begin(turn.now, turn.now + first);
    turn.setTimer(ROUND_TIMER, first);
    this.#reunion.start(turn);
  }

  onTimer(timer: TimerName, turn: MembershipTurn): void {
    if (this.#phase !== "running") return;
    if (timer === GOSSIP_TIMER) this.#view.gossip(turn);
    else if (timer === ROUND_TIMER) this.#round(turn);
    this.#write(turn);
  }

  onAddressAnswered(address: string, answer: Result<NodeId>, turn: MembershipTurn): void {
    if (this.#phase !== "running") return;
    if (answer.ok && isNodeId(answer.value)) this.#reunion.onAddressAnswered(address, answer.value, turn);
    // The address of this node itself, or none at all: there is nobody else to be met.
    else if (!answer.ok && answer.failure.code === "invalid") this.#reunion.onOwnAddress(address);
  }

  onMessage(from: NodeId, message: MembershipMessage, turn: MembershipTurn): void {
    if (this.#phase !== "running" || from === this.#id) return;
    this.#view.roster.heard(from, turn.now);
    this.#route(from, message, turn);
    const stranger = message.type === "membership.ping" && this.get(from) === undefined;
    if (stranger) this.#reunion.meet(from, turn);
    this.#write(turn);
  }

  /** This node says something else of itself from now on, e.g. that it is draining. */
  update(change: ProfileChange, turn: MembershipTurn): void {
    if (this.#phase === "running" && this.#identity.change(change, turn.now, turn)) this.#announce(turn);
  }

  /**
   * Says good-bye and falls silent; only a new start brings it back. Who has left is forgotten; who only goes away, with
   * guests that run on, counts as dead at once: what it holds is unknown, and nobody takes its place.
   * @param after what must be durable before anybody hears of it.
   */
  leave(how: "left" | "dead", turn: MembershipTurn, after?: PersistId): void {
    if (this.#phase !== "running") return;
    this.#identity.leave(how, after);
    this.#announce(turn);
    turn.clearTimer(ROUND_TIMER);
    turn.clearTimer(GOSSIP_TIMER);
    this.#phase = "left";
  }

  /** What an operator has done is told to some at once, to the others as gossip: a command that follows is to find it known. */
  #announce(turn: MembershipTurn): void {
    this.#view.publish(turn);
    const claims = [this.#view.claimOf(this.self())];
    for (const peer of this.#view.pick(TOLD_AT_ONCE)) this.#view.spread(peer, claims, turn);
  }

  /** Who was heard of in a step is written in that step: before anything that follows from it. */
  #write(turn: MembershipTurn): void {
    const writes = this.#knownPeers.takeWrites();
    if (writes.length > 0) this.#durable = turn.persist(writes);
  }

  #round(turn: MembershipTurn): void {
    turn.setTimer(ROUND_TIMER, this.#settings.period);
    this.#detector.round(turn);
    this.#view.refute("suspect", turn);
    this.#reunion.round(this.isolated, turn);
  }

  #route(from: NodeId, message: MembershipMessage, turn: MembershipTurn): void {
    switch (message.type) {
      case "membership.ping":
        this.#detector.onPing(from, message, turn);
        break;
      case "membership.ack":
        this.#detector.onAck(from, message, turn);
        break;
      case "membership.probe-request":
        this.#detector.onProbeRequest(from, message, turn);
        break;
      case "membership.probe-answer":
        this.#detector.onProbeAnswer(from, message, turn);
        break;
      case "membership.gossip":
        this.#view.read(message.claims, from, turn);
        break;
      case "membership.digest":
        this.#reunion.onDigest(from, message, turn);
        break;
      case "membership.page":
        if (this.#reunion.onPage(from, message, turn)) this.#detector.answered();
        break;
      case "membership.pull":
        this.#reunion.onPull(from, message, turn);
        break;
    }
  }
}
