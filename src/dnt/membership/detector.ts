/**
 * Who is silent, and whose fault that is: rounds of probes, help from others, suspicions that end in death
 * unless they are refuted, and doubt in oneself first.
 */
import { assert } from "../../lib/assert.ts";
import type { NodeId } from "../../model/node.ts";
import type { Health, Round } from "./health.ts";
import type { Ack, MemberClaim, Ping, ProbeAnswer, ProbeRequest } from "./messages.ts";
import { isCounter } from "./plausible.ts";
import type { FailedProbe, Probes } from "./probes.ts";
import { isLive } from "./roster.ts";
import {
  HELPERS,
  LAST_CHANCES,
  LONGEST_ROUND_TRIP,
  type MembershipSettings,
  MOST_PROBES_PER_PERIOD,
  RELAY_PATIENCE,
} from "./settings.ts";
import type { MembershipTurn } from "./turn.ts";
import type { View } from "./view.ts";

export class Detector {
  readonly #settings: MembershipSettings;
  readonly #self: NodeId;
  readonly #view: View;
  readonly #health: Health;
  readonly #probes: Probes;
  #isolated = false;

  constructor(settings: MembershipSettings, self: NodeId, view: View, health: Health, probes: Probes) {
    this.#settings = settings;
    this.#self = self;
    this.#view = view;
    this.#health = health;
    this.#probes = probes;
  }

  get isolated(): boolean {
    return this.#isolated;
  }

  /** A round trip with somebody has succeeded. */
  answered(): void {
    this.#health.answered();
    if (this.#isolated) this.#view.note({ kind: "reconnected" });
    this.#isolated = false;
  }

  round(turn: MembershipTurn): void {
    const { period } = this.#settings;
    const round = this.#health.round(turn.now, period, turn.now + period);
    this.#noticeIsolation();
    if (!round.late) this.#conclude(round, turn);
    const least = round.stalled ? MOST_PROBES_PER_PERIOD : 1;
    for (const { target, sequence } of this.#probes.start(turn.now, least))
      this.#ping(target, sequence, turn);
  }

  onPing(from: NodeId, { sequence, claims }: Ping, turn: MembershipTurn): void {
    if (!isCounter(sequence)) return;
    this.#view.read(claims, from, turn);
    turn.send(from, { type: "membership.ack", sequence, claims: this.#view.passing(from) });
  }

  onAck(from: NodeId, { sequence, claims }: Ack, turn: MembershipTurn): void {
    const { probe, relay } = this.#probes.acknowledged(from, sequence, turn.now);
    if (probe !== null || relay !== null) this.answered();
    const roundTrip = probe?.roundTrip ?? null;
    if (roundTrip !== null && roundTrip <= LONGEST_ROUND_TRIP) this.#view.roster.measured(from, roundTrip);
    if (relay !== null) {
      const { requester, target } = relay;
      const answer = { sequence: relay.sequence, target, reached: true };
      turn.send(requester, { type: "membership.probe-answer", ...answer });
    }
    this.#view.read(claims, from, turn);
  }

  /** A request that cannot be fulfilled is not answered: silence is no evidence against the target. */
  onProbeRequest(from: NodeId, { sequence, target }: ProbeRequest, turn: MembershipTurn): void {
    if (!isCounter(sequence) || target === this.#self || this.#view.get(target) === undefined) return;
    const own = this.#probes.relay(from, sequence, target, turn.now);
    if (own !== null) this.#ping(target, own, turn);
  }

  /** An answer that comes too late for the probe still counts as an observation. */
  onProbeAnswer(from: NodeId, { sequence, target, reached }: ProbeAnswer, turn: MembershipTurn): void {
    const open = this.#probes.helped(from, target, sequence, reached, turn.now);
    if (open) this.answered();
    const member = this.#view.get(target);
    const observed = !open && !reached && from !== target;
    if (observed && member?.state === "suspect") this.#view.confirm(member, [from], turn);
  }

  #conclude(round: Round, turn: MembershipTurn): void {
    const { unanswered, failed } = this.#probes.advance();
    if (unanswered.length + failed.length === 0) this.#health.better();
    for (const target of unanswered) this.#askHelpers(target, turn);
    for (const probe of failed) this.#judge(probe, turn);
    for (const relay of this.#probes.silentRelays(turn.now, this.#settings.period * RELAY_PATIENCE)) {
      const { requester, sequence, target } = relay;
      turn.send(requester, { type: "membership.probe-answer", sequence, target, reached: false });
    }
    if (!this.#cannotTell()) this.#bury(round, turn);
  }

  /** Ends the suspicions whose time is over; a refutation may have missed us, so the subject is asked itself. */
  #bury({ previous }: Round, turn: MembershipTurn): void {
    const { suspicions } = this.#view;
    const { doubt } = this.#health;
    const { over, ending } = suspicions.age(turn.now, previous, doubt, this.#view.networkSize());
    for (const id of over) {
      const member = this.#view.get(id);
      assert(member?.state === "suspect", "a suspicion is open only while its subject is a suspect");
      this.#view.adopt({ member: { ...member, state: "dead" }, observers: [] }, turn);
    }
    for (const id of ending.slice(0, LAST_CHANCES)) this.#view.spread(id, this.#view.accusation(id), turn);
  }

  #ping(target: NodeId, sequence: number, turn: MembershipTurn): void {
    turn.send(target, { type: "membership.ping", sequence, claims: this.#view.passing(target) });
  }

  #askHelpers(target: NodeId, turn: MembershipTurn): void {
    const helpers = this.#view.pick(HELPERS, target);
    const sequence = this.#probes.retry(target, helpers.length, turn.now);
    this.#ping(target, sequence, turn);
    for (const helper of helpers) turn.send(helper, { type: "membership.probe-request", sequence, target });
  }

  /** A probe failed: is it the target, or is it us? */
  #judge({ target, asked, silentTowards, heardOthers }: FailedProbe, turn: MembershipTurn): void {
    if (asked > 0 && silentTowards.length === 0) this.#health.worse(1);
    const member = this.#view.get(target);
    if (member === undefined || !isLive(member) || (!heardOthers && this.#hasPeers())) return;
    const observers = [this.#self, ...silentTowards];
    if (member.state === "suspect") this.#view.confirm(member, observers, turn);
    else this.#accuse({ member: { ...member, state: "suspect" }, observers }, turn);
  }

  #accuse(claim: MemberClaim, turn: MembershipTurn): void {
    this.#view.adopt(claim, turn);
    this.#view.spread(claim.member.id, [claim], turn);
  }

  /** With one peer, "it is gone" and "we are cut off" cost the same; with more, silence of all points at us. */
  #cannotTell(): boolean {
    return this.#isolated && this.#hasPeers();
  }

  #hasPeers(): boolean {
    return this.#view.roster.live().length > 1;
  }

  #noticeIsolation(): void {
    const { roster } = this.#view;
    if (roster.live().length + roster.dead().length === 0) this.#health.answered();
    const isolated = this.#health.silence > this.#settings.isolatedAfter;
    if (isolated && !this.#isolated) this.#view.note({ kind: "isolated" });
    this.#isolated ||= isolated;
  }
}
