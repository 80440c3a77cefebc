/**
 * The scheduling layer of one node: the events that arose here, the partition it leads (at most one), and its
 * own reservation in a partition (its own or another's).
 *
 * Messages come in by name: requests are answered once and their duplicates get the old answer; replies end
 * calls; notices are hints.
 */
import type { NodeId } from "../../model/node.ts";
import type { OperationId, PersistId } from "../../ports/effects.ts";
import type { Solution } from "../../solver/solution.ts";
import { AnswerCache, type Calls } from "../calls.ts";
import type { BalancingMode, LrtConfig } from "../config.ts";
import type { Participant } from "../execution/participant.ts";
import type {
  ActionOrder,
  PartitionMessage,
  PartitionNotice,
  PartitionRequest,
  ReplyBody,
} from "../messages.ts";
import type { Inventory } from "../monitoring/inventory.ts";
import type { LrtTurn } from "../notifications.ts";
import type { BookingDesk } from "./booking.ts";
import { successor, takeOver } from "./caretaker.ts";
import {
  type EventCause,
  type EventId,
  type EventOutcome,
  isCondition,
  type SchedulingEvent,
} from "./event.ts";
import type { EventQueue } from "./event-queue.ts";
import { Partition } from "./partition.ts";
import type { NodeSnapshot } from "./snapshot.ts";

export interface SchedulerDependencies {
  readonly self: NodeId;
  /** Durable count of this agent's starts. */
  readonly boot: number;
  readonly calls: Calls;
  readonly desk: BookingDesk;
  readonly queue: EventQueue;
  readonly participant: Participant;
  readonly inventory: Inventory;
  readonly snapshot: (turn: LrtTurn) => NodeSnapshot;
  /** Why this node cannot be part of a partition just now, or null. */
  readonly unfit: (own: boolean) => string | null;
  readonly alive: (node: NodeId) => boolean;
  readonly walk: () => readonly NodeId[];
  readonly mode: () => BalancingMode;
  readonly nameOf: (node: NodeId) => string;
  /** Writes down where a waiting VM goes, before it may start there; null: not any more. */
  readonly assign: (event: EventId, vm: string, host: NodeId, turn: LrtTurn) => PersistId | null;
  /** An event of this node is over, or has failed once more (`retry`). */
  readonly eventEnded: (event: SchedulingEvent, outcome: EventOutcome, retry: boolean, turn: LrtTurn) => void;
}

interface Answered {
  readonly body: ReplyBody;
  readonly after?: PersistId | undefined;
}

/** Outcomes of other leaders arrive within their partition's life; then the event is ours again. */
const PATIENCE_FACTOR = 3;
const TIMER_QUEUE = "lrt/queue";

export class Scheduler {
  readonly #config: LrtConfig;
  readonly #deps: SchedulerDependencies;
  readonly #answers = new AnswerCache();
  #leading: Partition | null = null;
  #partitions = 0;

  constructor(config: LrtConfig, deps: SchedulerDependencies) {
    this.#config = config;
    this.#deps = deps;
  }

  get leading(): Partition | null {
    return this.#leading;
  }

  get answersKept(): number {
    return this.#answers.size;
  }

  /** After a restart: a partition this node led has no leader any more. */
  start(turn: LrtTurn): void {
    const { desk, self } = this.#deps;
    desk.start(turn);
    if (desk.booking?.leader !== self) return;
    if (desk.booking.phase === "applying") takeOver(desk.booking, self, self, this.#deps.calls, turn);
    else desk.end("restarted", turn);
  }

  raise(cause: EventCause, raisedAt: number, turn: LrtTurn): SchedulingEvent | null {
    const event = this.#deps.queue.raise(this.#deps.self, this.#deps.boot, cause, turn.now, raisedAt);
    if (event !== null) turn.notify({ kind: "event-raised", event });
    return event;
  }

  /** The condition behind an event is gone. A plan that is being carried out is what made it so: it goes on. */
  clear(id: EventId, reason: string, turn: LrtTurn): void {
    const here = this.#leading?.event.id === id && this.#leading.phase === "applying";
    const elsewhere = this.#deps.queue.state(id) === "handed-over";
    if (here || (elsewhere && this.#deps.desk.booking?.phase === "applying")) return;
    this.cancel(id, reason, turn);
  }

  /**
   * Calls an event off: its partition ends, or it leaves the queue. A partition that has taken it learns that when this
   * node is asked to check a plan, or to carry out an order, for it; what leaves for it already is called back.
   */
  cancel(id: EventId, reason: string, turn: LrtTurn): void {
    const event = this.#deps.queue.get(id);
    if (event === undefined) return;
    if (this.#leading?.event.id === id) return this.#leading.cancel(reason, turn);
    this.#deps.queue.remove(id);
    this.#deps.participant.callOff(id, reason, turn);
    turn.notify({ kind: "event-cleared", event: id, reason });
    this.#deps.eventEnded(event, { kind: "cancelled", reason }, false, turn);
  }

  /**
   * Starts the oldest event that is due, if none is being handled. One that is due and cannot be led is looked at again
   * when that may have changed: at the end of what is led, and when this node may be fit again; both come here.
   */
  pump(turn: LrtTurn): void {
    const { queue } = this.#deps;
    queue.reclaim(turn.now);
    const event =
      this.#leading === null && this.#deps.unfit(true) === null ? queue.next(turn.now) : undefined;
    if (event !== undefined) this.#lead(event, turn);
    const wake = queue.wakeAt(turn.now);
    if (wake !== null) turn.setTimer(TIMER_QUEUE, wake - turn.now);
  }

  onMessage(from: NodeId, message: PartitionMessage, turn: LrtTurn): void {
    if (message.type === "partition.reply") this.#deps.calls.onReply(from, message.re, message.body, turn);
    else if ("id" in message) this.#onRequest(from, message, turn);
    else this.#onNotice(from, message, turn);
  }

  onTimer(timer: string, turn: LrtTurn): boolean {
    if (timer === TIMER_QUEUE) this.pump(turn);
    else if (this.#leading?.onTimer(timer, turn) !== true && !this.#deps.desk.onTimer(timer, turn))
      return false;
    return true;
  }

  onSolved(operation: OperationId, solution: Solution | null, turn: LrtTurn): void {
    this.#leading?.onSolved(operation, solution, turn);
  }

  /** Membership declares a peer dead, or it came back as a new process: what it led has no leader. */
  onPeerGone(peer: NodeId, turn: LrtTurn): void {
    this.#deps.calls.onPeerDead(peer, turn);
    this.#leading?.onPeerDead(peer, turn);
    const booking = this.#deps.desk.booking;
    if (booking === null || booking.leader !== peer || booking.settling !== null) return;
    if (booking.phase === "growing") this.#deps.desk.end("leader-dead", turn);
    else if (successor(booking, this.#deps.alive).leader === this.#deps.self) {
      takeOver(booking, peer, this.#deps.self, this.#deps.calls, turn);
    }
  }

  #lead(event: SchedulingEvent, turn: LrtTurn): void {
    const { self, boot, calls, nameOf, mode, queue } = this.#deps;
    queue.handled(event.id);
    const pid = `${self}#${boot}.${++this.#partitions}`;
    const walk = this.#deps.walk();
    const ended = (partition: Partition, outcome: EventOutcome, later: LrtTurn): void =>
      this.#ended(partition, outcome, later);
    this.#leading = new Partition(pid, event, {
      config: this.#config,
      self,
      calls,
      walk,
      nameOf,
      mode,
      ended,
    });
    this.#leading.start(turn);
  }

  #ended(partition: Partition, outcome: EventOutcome, turn: LrtTurn): void {
    this.#leading = null;
    if (outcome.kind === "handed-over") {
      this.#deps.queue.handedOver(partition.event.id, turn.now, this.#patience());
    } else this.#conclude(partition.event.id, outcome, turn);
    turn.setTimer(TIMER_QUEUE, 1);
  }

  #patience(): number {
    return PATIENCE_FACTOR * (this.#config.growMs + this.#config.lifeSlackMs);
  }

  /**
   * What an outcome means for the event: over, or another try later. A condition that no plan sees anything wrong with
   * is over when its host no longer has it: raised again, it would be so without a pause.
   */
  #conclude(id: EventId, outcome: EventOutcome, turn: LrtTurn): void {
    const { queue } = this.#deps;
    const event = queue.get(id);
    if (event === undefined) return;
    const vain = outcome.kind === "solved" && outcome.migrations === 0 && isCondition(event.cause);
    const over = (outcome.kind === "solved" && !vain) || outcome.kind === "cancelled";
    const once = event.cause.kind === "move" && outcome.kind !== "interrupted";
    if (over || once) {
      queue.remove(id);
      turn.notify({ kind: "event-ended", event: id, outcome, retryInMs: null });
      return this.#deps.eventEnded(event, outcome, false, turn);
    }
    const { retryInMs, news } = queue.failed(id, outcome, turn.now);
    if (news) turn.notify({ kind: "event-ended", event: id, outcome, retryInMs });
    this.#deps.eventEnded(event, outcome, true, turn);
  }

  #onRequest(from: NodeId, request: PartitionRequest, turn: LrtTurn): void {
    const old = this.#answers.get(from, request.id);
    if (old !== undefined) {
      if (old !== null) turn.send(from, { type: "partition.reply", re: request.id, body: old });
      return;
    }
    const { body, after } = this.#answer(from, request, turn);
    this.#answers.set(from, request.id, body);
    turn.send(from, { type: "partition.reply", re: request.id, body }, after);
  }

  #answer(from: NodeId, request: PartitionRequest, turn: LrtTurn): Answered {
    const { desk, participant } = this.#deps;
    switch (request.type) {
      case "partition.reserve":
        return this.#reserve(from, request, turn);
      case "partition.renew":
        return this.#renew(from, request, turn);
      case "partition.release":
        return this.#release(from, request, turn);
      case "partition.check":
        return this.#check(from, request, turn);
      case "partition.prepare":
        return (
          this.#held(request, from, turn) ??
          this.#unwilling([request.order]) ??
          participant.prepare(from, request, turn)
        );
      case "partition.execute":
        return (
          this.#held(request, from, turn) ??
          this.#unwilling([request.order]) ??
          participant.execute(from, request, turn)
        );
      case "partition.abort":
        return participant.abort(request.key, turn);
      case "partition.ended":
        return this.#noteEnd(from, request, turn);
      case "partition.inquire":
        return participant.inquire(request.key, request.vm, turn);
      case "partition.assign":
        return this.#assign(request, turn);
      case "partition.hand-over":
        return { body: this.#handOver(request, turn) };
      case "partition.event-ended":
        if (this.#deps.queue.state(request.event) === "handed-over") {
          this.#conclude(request.event, request.outcome, turn);
          turn.setTimer(TIMER_QUEUE, 1);
        }
        return { body: { kind: "noted" } };
      case "partition.propose":
        return this.#propose(request, turn, desk);
    }
  }

  #noteEnd(
    from: NodeId,
    request: Extract<PartitionRequest, { type: "partition.ended" }>,
    turn: LrtTurn,
  ): Answered {
    const { pid, key, outcome } = request;
    const after = this.#deps.participant.onEnded(from, key, outcome, turn);
    if (pid === this.#leading?.pid) this.#leading.onEnded(key, outcome, turn);
    return { body: { kind: "noted" }, ...(after === undefined ? {} : { after }) };
  }

  #reserve(
    from: NodeId,
    request: Extract<PartitionRequest, { type: "partition.reserve" }>,
    turn: LrtTurn,
  ): Answered {
    const { desk, participant } = this.#deps;
    const unfit = this.#deps.unfit(request.own);
    if (unfit !== null) return { body: { kind: "refused", reason: unfit } };
    if (participant.openActions() > 0 && (desk.free || desk.booking?.pid === request.pid)) {
      return { body: { kind: "unsettled" } };
    }
    const grant = desk.reserve({ ...request, from }, turn);
    if (grant.kind !== "granted") return { body: grant };
    const { token, after } = grant;
    const snapshot = this.#deps.snapshot(turn);
    return { body: { kind: "joined", token, leaseMs: this.#config.leaseMs, snapshot }, after };
  }

  #renew(
    from: NodeId,
    request: Extract<PartitionRequest, { type: "partition.renew" }>,
    turn: LrtTurn,
  ): Answered {
    const refused = this.#held(request, from, turn);
    if (refused !== null) return refused;
    const { desk } = this.#deps;
    const members = request.phase === "applying" ? request.members : (desk.booking?.members ?? []);
    const after = desk.heard(request, request.phase, members, turn);
    return { body: { kind: "renewed", leaseMs: this.#config.leaseMs }, after };
  }

  #release(
    from: NodeId,
    request: Extract<PartitionRequest, { type: "partition.release" }>,
    turn: LrtTurn,
  ): Answered {
    const { desk } = this.#deps;
    const settling = desk.release(request, from, turn);
    if (desk.free) this.pump(turn);
    return { body: { kind: "released", settling } };
  }

  #check(
    from: NodeId,
    request: Extract<PartitionRequest, { type: "partition.check" }>,
    turn: LrtTurn,
  ): Answered {
    const refused = this.#held(request, from, turn) ?? this.#unwilling(request.orders);
    if (refused !== null) return refused;
    const gone = request.events.filter((id) => this.#deps.queue.get(id) === undefined);
    const reason = gone.length > 0 ? `${gone.join(", ")}: over` : this.#objection(request);
    if (reason !== null) {
      const after = this.#deps.desk.heard(request, "growing", [], turn);
      // Without one its leader gives the host back, and reserves it anew: nothing begins under an earlier token.
      const snapshot = this.#deps.desk.booking?.earlier === true ? null : this.#deps.snapshot(turn);
      return { body: { kind: "checked", ok: false, reason, gone, snapshot }, after };
    }
    this.#deps.participant.agree(request.orders);
    const after = this.#deps.desk.heard(request, "applying", request.members, turn);
    return { body: { kind: "checked", ok: true, reason: "", gone, snapshot: null }, after };
  }

  /** Nothing lands on a host that began to drain after it had joined; it can only be left out of the plan. */
  #unwilling(orders: readonly ActionOrder[]): Answered | null {
    const lands = orders.some(({ what }) => what.to === this.#deps.self);
    const reason = lands ? this.#deps.unfit(false) : null;
    return reason === null ? null : { body: { kind: "refused", reason } };
  }

  /** What this node sees that the plan does not know. */
  #objection(request: Extract<PartitionRequest, { type: "partition.check" }>): string | null {
    const { inventory, self } = this.#deps;
    if (this.#deps.desk.booking?.earlier === true) return "its agent has started anew";
    if (request.version !== inventory.version) return "something changed here since the snapshot";
    if (this.#deps.unfit(true) !== null) return this.#deps.unfit(true);
    const arriving = new Set(request.orders.filter(({ what }) => what.to === self).map(({ vm }) => vm));
    const leaving = request.orders.filter(({ what }) => what.kind === "migrate" && what.from === self);
    const missing = leaving.find(({ vm }) => !arriving.has(vm) && inventory.get(vm) === undefined);
    return missing === undefined ? null : `${missing.name} is not here`;
  }

  #assign(request: Extract<PartitionRequest, { type: "partition.assign" }>, turn: LrtTurn): Answered {
    const after = this.#deps.assign(request.event, request.vm, request.host, turn);
    if (after === null) return { body: { kind: "refused", reason: "it is no longer to be started" } };
    return { body: { kind: "noted" }, after };
  }

  #handOver(request: Extract<PartitionRequest, { type: "partition.hand-over" }>, turn: LrtTurn): ReplyBody {
    const taken = request.to === this.#leading?.pid && this.#leading.take(request.event, turn);
    return taken ? { kind: "taken" } : { kind: "refused", reason: "not growing any more" };
  }

  #propose(
    request: Extract<PartitionRequest, { type: "partition.propose" }>,
    turn: LrtTurn,
    desk: BookingDesk,
  ): Answered {
    const vote = desk.follow(request, request.leader, turn);
    if (typeof vote !== "number") return { body: vote };
    return { body: { kind: "followed", open: this.#deps.participant.openActions() }, after: vote };
  }

  #onNotice(from: NodeId, notice: PartitionNotice, turn: LrtTurn): void {
    switch (notice.type) {
      case "partition.wound":
        if (notice.pid === this.#leading?.pid) this.#leading.onWound(notice.by, turn);
        break;
      case "partition.turn": {
        const wanted = notice.pid === this.#leading?.pid && this.#leading.onTurn(from, turn);
        if (!wanted) turn.send(from, { type: "partition.pass", pid: notice.pid });
        break;
      }
      case "partition.pass":
        this.#deps.desk.pass(notice.pid, turn);
        break;
      case "partition.progress":
        break;
    }
  }

  #held(request: PartitionRequest, from: NodeId, turn: LrtTurn): Answered | null {
    const { desk } = this.#deps;
    const refusal = desk.refusal(request, from, turn);
    if (refusal === null) return null;
    if (desk.free) this.pump(turn);
    return { body: refusal };
  }
}
