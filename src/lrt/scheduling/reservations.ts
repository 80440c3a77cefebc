/**
 * A partition's reservations, at its leader: hosts are asked for, kept by renewing, and given back (`booking.ts` grants).
 *
 *   candidate ─ask─▶ asked ── joined ──▶ member ── leave, or it follows another ──▶ (given back)
 *       ▲              │ ├── unsettled: a member with an open action ── asked again ──▶ asked
 *       │              │ └── busy, with a hand-over slot ── its turn ──▶ asked
 *       └─ an event of its own was taken over ── refused
 *
 * `partitionEpoch` grows whenever its members change or an earlier plan's orders are to be taken no more: a host that has heard
 * of a later one answers `stale` to what was said before.
 */
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { Answer, Call, Calls } from "../calls.ts";
import type { LrtConfig } from "../config.ts";
import type { PartitionId, PartitionRef } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import type { Agenda } from "./agenda.ts";
import { Candidates } from "./candidates.ts";
import type { SchedulingEvent, TravellingEvent } from "./event.ts";
import type { Members } from "./members.ts";

/** What a partition is at. */
export type Phase = "growing" | "checking" | "applying" | "handing-over" | "ended";

export interface ReservationsDependencies {
  readonly pid: PartitionId;
  readonly event: SchedulingEvent;
  readonly config: LrtConfig;
  readonly calls: Calls;
  /** Nearest first. */
  readonly walk: readonly NodeId[];
  readonly agenda: Agenda;
  readonly members: Members;
  /** `growing`: who joins is a member. Else who answers late is given back. */
  readonly phase: () => Phase;
  /** A host has answered, and nothing else follows from it. */
  readonly answered: (turn: LrtTurn) => void;
  /** While the plan is carried out, a member has said that it follows us no more. */
  readonly lost: (node: NodeId, turn: LrtTurn) => void;
}

const TIMER_AGAIN = "lrt/partition/again";
/** How soon a member with an open action is asked again how it is. */
const AGAIN_MS = 500;

export class Reservations {
  readonly #deps: ReservationsDependencies;
  readonly #members: Members;
  readonly #candidates: Candidates;
  readonly #asking = new Set<NodeId>();
  /** Nodes whose hand-over slot we hold: they will call. */
  readonly #slots = new Set<NodeId>();
  /** Members with an open action: they are asked again before anything is planned. */
  readonly #unsettled = new Set<NodeId>();
  readonly #refused = new Set<NodeId>();
  #partitionEpoch = 1;
  #messages = 0;

  constructor(deps: ReservationsDependencies) {
    this.#deps = deps;
    this.#members = deps.members;
    this.#candidates = new Candidates(deps.walk);
  }

  ref(): PartitionRef {
    return { pid: this.#deps.pid, partitionEpoch: this.#partitionEpoch };
  }

  /** Requests and their answers, repetitions not counted. */
  get messages(): number {
    return this.#messages;
  }

  /** Whether answers are still to come. */
  get open(): boolean {
    return this.#asking.size > 0 || this.#unsettled.size > 0;
  }

  /** Whether everybody has been asked. */
  get exhausted(): boolean {
    return this.#candidates.none;
  }

  /** Whether a held node will call when it is free. */
  get slotted(): boolean {
    return this.#slots.size > 0;
  }

  hasSlot(node: NodeId): boolean {
    return this.#slots.has(node);
  }

  newEpoch(): void {
    this.#partitionEpoch++;
  }

  // ── asking ───────────────────────────────────────────────────────────────────────────────────────────

  ask(node: NodeId, turn: LrtTurn): void {
    if (this.#asking.has(node)) return;
    const { agenda, config, event } = this.#deps;
    const own = agenda.all(turn.now).some(({ origin }) => origin === node);
    const ageMs = turn.now - event.raisedAt;
    const call = { type: "partition.reserve", ...this.ref(), event: event.id, ageMs, own } as const;
    const answered = (answer: Answer, later: LrtTurn): void => {
      this.#asking.delete(node);
      if (this.#deps.phase() === "growing" && this.#overtaken(node, call, answer)) this.ask(node, later);
      else this.#answered(node, answer, later);
    };
    this.#asking.add(node);
    this.send(node, call, turn, answered, own ? config.callTries : 2);
  }

  /** Those of `nodes` that could join and have not been asked. */
  missing(nodes: readonly NodeId[]): NodeId[] {
    return nodes.filter((node) => !this.#members.has(node) && this.#candidates.has(node));
  }

  askAll(nodes: readonly NodeId[], turn: LrtTurn): void {
    this.#candidates.asked(nodes);
    for (const node of nodes) this.ask(node, turn);
  }

  askNext(room: number, turn: LrtTurn): void {
    this.askAll(this.#candidates.nextRound(room), turn);
  }

  /** A younger partition's event is ours now: a draining host refuses, and joins for its own event. */
  take({ origin }: TravellingEvent): void {
    if (this.#refused.delete(origin)) this.#candidates.again(origin);
  }

  /** A node whose slot we hold is free. */
  onTurn(node: NodeId, turn: LrtTurn): void {
    this.#slots.delete(node);
    this.ask(node, turn);
  }

  onPeerDead(peer: NodeId): void {
    this.#slots.delete(peer);
  }

  /** @returns whether the timer was its own. */
  onTimer(timer: string, growUntil: Instant, turn: LrtTurn): boolean {
    if (timer !== TIMER_AGAIN) return false;
    const nodes = [...this.#unsettled];
    this.#unsettled.clear();
    if (this.#deps.phase() !== "growing") return true;
    for (const node of nodes) {
      if (turn.now < growUntil) this.ask(node, turn);
      else this.leave(node, "it did not settle in time", turn);
    }
    this.#deps.answered(turn);
    return true;
  }

  /** For another plan: everybody who is no member may be asked anew. */
  restart(): void {
    this.#slots.clear();
    this.#candidates.restart(this.#deps.walk.filter((node) => !this.#members.has(node)));
  }

  #answered(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind !== "joined") this.#notJoined(node, answer, turn);
    else if (this.#deps.phase() !== "growing") this.#giveBack(node, "no longer needed", turn);
    else {
      this.#members.join(node, answer.token, answer.snapshot);
      this.#partitionEpoch++;
      const hosts = this.#members.size;
      turn.notify({ kind: "partition-joined", pid: this.#deps.pid, node, hosts });
    }
    this.#deps.answered(turn);
  }

  /** A member that was asked how it is now, and does not say so, is a member no more: what it may hold for us ends. */
  #notJoined(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind === "unsettled" && this.#members.has(node) && this.#deps.phase() === "growing") {
      this.#unsettled.add(node);
      turn.setTimer(TIMER_AGAIN, AGAIN_MS);
      return;
    }
    if (answer.kind === "busy") {
      if (answer.slotted) this.#slots.add(node);
      const { holder, slotted } = answer;
      turn.notify({ kind: "partition-busy", pid: this.#deps.pid, node, holder, slotted });
    }
    if (answer.kind === "refused") this.#refused.add(node);
    const held = this.#members.has(node) || answer.kind === "no-answer" || answer.kind === "unsettled";
    this.#members.lose(node);
    if (!held) return;
    this.#partitionEpoch++; // it may be asked only after it was given back: that books nothing
    this.#giveBack(node, "did not join", turn);
  }

  // ── keeping ──────────────────────────────────────────────────────────────────────────────────────────

  renew(turn: LrtTurn): void {
    for (const node of this.#members.nodes()) this.#renewAt(node, turn);
  }

  #renewAt(node: NodeId, turn: LrtTurn): void {
    const phase = this.#deps.phase() === "applying" ? "applying" : "growing";
    const members = this.#members.nodes();
    const call = { type: "partition.renew", ...this.ref(), phase, members } as const;
    const renewed = (answer: Answer, later: LrtTurn): void => {
      if (!this.#overtaken(node, call, answer)) this.#renewed(node, answer, later);
      else if (this.#deps.phase() !== "ended") this.#renewAt(node, later);
    };
    this.send(node, call, turn, renewed, 2);
  }

  /** What was said later came first: its member is as good as before. One that follows another leader says so again. */
  #overtaken(node: NodeId, { partitionEpoch }: PartitionRef, { kind }: Answer): boolean {
    return kind === "stale" && partitionEpoch < this.#partitionEpoch && this.#members.has(node);
  }

  #renewed(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind !== "not-mine" && answer.kind !== "stale") return;
    if (this.#deps.phase() === "applying") return this.#deps.lost(node, turn);
    if (!this.#members.has(node)) return;
    this.#members.lose(node);
    this.#deps.answered(turn);
  }

  // ── giving back ──────────────────────────────────────────────────────────────────────────────────────

  leave(node: NodeId, reason: string, turn: LrtTurn): void {
    if (this.#members.part(node)) this.#giveBack(node, reason, turn);
  }

  /** Everything is given back, the turns that we wait for too. */
  close(reason: string, turn: LrtTurn): void {
    turn.clearTimer(TIMER_AGAIN);
    for (const node of this.#members.nodes()) this.leave(node, reason, turn);
    for (const node of this.#slots) turn.send(node, { type: "partition.pass", pid: this.#deps.pid });
  }

  #giveBack(node: NodeId, reason: string, turn: LrtTurn): void {
    this.send(node, { type: "partition.release", ...this.ref(), reason }, turn, () => {});
  }

  /** A counted call. */
  send(
    node: NodeId,
    call: Call,
    turn: LrtTurn,
    done: (answer: Answer, turn: LrtTurn) => void,
    tries = this.#deps.config.callTries,
  ): void {
    this.#messages += 2;
    this.#deps.calls.send(node, call, turn, done, { tries });
  }
}
