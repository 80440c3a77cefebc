/**
 * A partition, as its leader runs it: the hosts held for one event (and for the events handed over to it).
 *
 *   growing ──plan──▶ checking ──all agree──▶ applying ──▶ ended
 *     ▲  │                │ a member disagrees      │ an action failed, all others over
 *     │  │                └────────▶ growing ◀──────┘   (at most `replans` times)
 *     │  ├── wounded by an older event ──▶ handing-over ──▶ ended
 *     │  └── nobody left to ask, or time over ──▶ best effort (checking) or ended
 *     └── a slot's turn came, an event was taken over
 *
 * The leader is the initiator (star): one hop per message, and its event is the partition's reason to exist.
 * Deviation from DVMS (Quesnel et al., CCPE 2012; Balouek et al.): blocked partitions do not merge; the older
 * wounds the younger, which hands over its event and gives all its nodes back (wound-wait, with hand-over slots).
 */
import { assert } from "../../lib/assert.ts";
import { type Instant, seconds } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { Plan } from "../../model/plan.ts";
import type { OperationId } from "../../ports/effects.ts";
import { checkPlan, checkSteps } from "../../solver/index.ts";
import type { Explanation, Solution } from "../../solver/solution.ts";
import type { Answer, Calls } from "../calls.ts";
import type { BalancingMode, LrtConfig } from "../config.ts";
import { Executor, timeFor } from "../execution/executor.ts";
import type {
  ActionKey,
  ActionOrder,
  ActionOutcome,
  BookingToken,
  PartitionId,
  PartitionNotice,
  PartitionRef,
} from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import { Agenda, outcomeOf, outcomeOfTaken } from "./agenda.ts";
import { Candidates } from "./candidates.ts";
import {
  clampAge,
  type EventOutcome,
  isCondition,
  older,
  type SchedulingEvent,
  type TravellingEvent,
  travelling,
} from "./event.ts";
import { Members } from "./members.ts";
import { ordersOf } from "./orders.ts";
import { sendsBack, strays } from "./problem.ts";
import { domainNames, reasonOf, tell } from "./reason.ts";
import { type Question, Search } from "./search.ts";
import type { NodeSnapshot } from "./snapshot.ts";
import { Stopwatch } from "./stopwatch.ts";

export type Phase = "growing" | "checking" | "applying" | "handing-over" | "ended";

export interface PartitionDependencies {
  readonly config: LrtConfig;
  readonly self: NodeId;
  readonly calls: Calls;
  /** Neighbours, nearest first; frozen when the partition starts. */
  readonly walk: readonly NodeId[];
  readonly nameOf: (node: NodeId) => string;
  readonly mode: () => BalancingMode;
  /** Called once, after everything has been given back. */
  readonly ended: (partition: Partition, outcome: EventOutcome, turn: LrtTurn) => void;
}

const TIMER_GROW = "lrt/partition/grow";
const TIMER_RENEW = "lrt/partition/renew";
const TIMER_LIFE = "lrt/partition/life";
const TIMER_SOLVER = "lrt/partition/solver";
const TIMER_AGAIN = "lrt/partition/again";
/** A solver that has not answered by then is not waited for; its bound is counted in decisions of some microseconds. */
const SOLVER_PATIENCE_MS = seconds(30);
const PER_DECISION_MS = 0.01;
/** How soon a member with an open action is asked again how it is. */
const AGAIN_MS = 500;

export class Partition {
  readonly pid: PartitionId;
  readonly event: SchedulingEvent;
  readonly #deps: PartitionDependencies;
  readonly #members = new Members();
  readonly #agenda: Agenda;
  readonly #candidates: Candidates;
  /** Nodes whose hand-over slot we hold: they will call. */
  readonly #slots = new Set<NodeId>();
  /** Members with an open action: they are asked again before anything is planned. */
  readonly #unsettled = new Set<NodeId>();
  readonly #asking = new Map<NodeId, number>();
  /** The call by which its event is being handed over. */
  #handing: number | null = null;
  readonly #refused = new Set<NodeId>();
  readonly #search: Search;
  readonly #stopwatch: Stopwatch;
  #phase: Phase = "growing";
  #partitionEpoch = 1;
  #replans = 0;
  #triedBestEffort = false;
  #growUntil: Instant = 0;
  #explanation: readonly Explanation[] = [];
  #executor: Executor | null = null;
  #plan: Plan | null = null;
  /** When it was made. */
  #planMode: BalancingMode = "auto";
  /** Of the plan: when it is made, and again before its first action. */
  #assertSound = (): void => {};
  #reduced: string | null = null;
  #migrations = 0;
  #messages = 0;
  /** Its life is over and its running actions have been aborted: the next time it ends, whatever runs. */
  #overtime = false;
  /** Why its owner called it off: no other plan follows, however it ends. */
  #calledOff: string | null = null;

  constructor(pid: PartitionId, event: SchedulingEvent, deps: PartitionDependencies) {
    this.pid = pid;
    this.event = event;
    this.#agenda = new Agenda(event);
    this.#deps = deps;
    this.#candidates = new Candidates(deps.walk);
    this.#stopwatch = new Stopwatch(event.raisedAt);
    this.#search = new Search(pid, deps.config);
  }

  get phase(): Phase {
    return this.#phase;
  }

  ref(): PartitionRef {
    return { pid: this.pid, partitionEpoch: this.#partitionEpoch };
  }

  members(): NodeId[] {
    return this.#members.nodes();
  }

  steps() {
    return this.#executor?.steps() ?? [];
  }

  /** First the own node: without it a partition holds nothing and asks nobody. */
  start(turn: LrtTurn): void {
    this.#stopwatch.start(turn.now);
    this.#growUntil = turn.now + this.#deps.config.growMs;
    turn.notify({ kind: "partition-started", pid: this.pid, event: this.event.id });
    turn.setTimer(TIMER_GROW, this.#deps.config.growMs);
    turn.setTimer(TIMER_RENEW, this.#deps.config.renewMs);
    this.#ask(this.#deps.self, turn);
  }

  onTimer(timer: string, turn: LrtTurn): boolean {
    if (timer === TIMER_GROW) this.#growingIsOver(turn);
    else if (timer === TIMER_RENEW) this.#renew(turn);
    else if (timer === TIMER_LIFE) this.#lifeIsOver(turn);
    else if (timer === TIMER_SOLVER) this.#solverIsSilent(turn);
    else if (timer === TIMER_AGAIN) this.#askUnsettledAgain(turn);
    else return false;
    return true;
  }

  onSolved(operation: OperationId, solution: Solution | null, turn: LrtTurn): boolean {
    const question = this.#search.answered(operation, solution, turn);
    if (question === null) return false;
    turn.clearTimer(TIMER_SOLVER);
    this.#stopwatch.spent("compute", turn.now);
    if (this.#phase === "growing") this.#consider(solution, question, turn);
    return true;
  }

  /** An older partition wants one of our nodes: give it the event and everything back. */
  onWound(by: Extract<PartitionNotice, { type: "partition.wound" }>["by"], turn: LrtTurn): void {
    const mine = { ageMs: turn.now - this.event.raisedAt, id: this.event.id };
    if (this.#phase !== "growing" || by.pid === this.pid) return;
    if (!older({ ageMs: clampAge(by.ageMs), id: by.event }, mine)) return;
    this.#phase = "handing-over";
    turn.notify({ kind: "wounded", pid: this.pid, by: by.pid });
    this.#search.cancel(turn);
    const event = travelling(this.event, turn.now);
    const call = { type: "partition.hand-over", ...this.ref(), to: by.pid, event } as const;
    this.#handing = this.#deps.calls.send(by.leader, call, turn, (answer, later) => {
      const taken = answer.kind === "taken";
      if (taken) later.notify({ kind: "handed-over", event: this.event.id, from: this.pid, to: by.pid });
      if (taken) this.#finish({ kind: "handed-over", to: by.pid }, later);
      else this.#finish({ kind: "interrupted", reason: `gave way to ${by.pid}` }, later);
    });
  }

  /** A younger partition's event comes to us. @returns whether it is taken; then its end will be told. */
  take(event: TravellingEvent, turn: LrtTurn): boolean {
    if (this.#phase !== "growing") return false;
    this.#agenda.take(event, turn.now);
    // A draining host refuses, and joins for its own event.
    if (this.#refused.delete(event.origin)) this.#candidates.again(event.origin);
    this.#members.change();
    this.#triedBestEffort = false;
    this.#step(turn);
    return true;
  }

  /** A node whose slot we hold is free. @returns false: we no longer want it. */
  onTurn(node: NodeId, turn: LrtTurn): boolean {
    if (this.#phase !== "growing" || this.#members.has(node)) return false;
    this.#slots.delete(node);
    this.#ask(node, turn);
    return true;
  }

  onEnded(key: ActionKey, outcome: ActionOutcome, turn: LrtTurn): void {
    this.#executor?.onEnded(key, outcome, turn);
  }

  onPeerDead(peer: NodeId, turn: LrtTurn): void {
    this.#slots.delete(peer);
    this.#executor?.onPeerDead(peer, turn);
    if (this.#phase !== "applying") this.#members.lose(peer);
    this.#step(turn);
  }

  /** Its owner no longer wants it, or it has become pointless (the condition cleared). */
  cancel(reason: string, turn: LrtTurn): void {
    this.#calledOff = reason;
    if (this.#phase === "applying") this.#executor?.abort(reason, turn);
    else this.#finish({ kind: "cancelled", reason }, turn);
  }

  // ── growing ──────────────────────────────────────────────────────────────────────────────────────────

  #ask(node: NodeId, turn: LrtTurn): void {
    if (this.#asking.has(node)) return;
    const events = this.#agenda.all(turn.now);
    const own = events.some(({ origin }) => origin === node);
    const { id, raisedAt } = this.event;
    const call = {
      type: "partition.reserve",
      ...this.ref(),
      event: id,
      ageMs: turn.now - raisedAt,
      own,
    } as const;
    const tries = own ? this.#deps.config.callTries : 2;
    const answered = (answer: Answer, later: LrtTurn): void => {
      this.#asking.delete(node);
      if (this.#phase === "growing" && this.#overtaken(node, call, answer)) this.#ask(node, later);
      else this.#answered(node, answer, later);
    };
    const sent = this.#deps.calls.send(node, call, turn, answered, { tries });
    this.#asking.set(node, sent);
    this.#messages += 2;
  }

  #answered(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind === "joined" && this.#phase === "growing") {
      this.#join(node, answer.token, answer.snapshot, turn);
    } else if (answer.kind === "joined") this.#giveBack(node, "no longer needed", turn);
    else this.#notJoined(node, answer, turn);
    this.#step(turn);
  }

  /** A member that was asked how it is now, and does not say so, is a member no more: what it may hold for us ends. */
  #notJoined(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind === "unsettled" && this.#members.has(node) && this.#phase === "growing") {
      this.#unsettled.add(node);
      turn.setTimer(TIMER_AGAIN, AGAIN_MS);
      return;
    }
    if (answer.kind === "busy") {
      if (answer.slotted) this.#slots.add(node);
      const { holder, slotted } = answer;
      turn.notify({ kind: "partition-busy", pid: this.pid, node, holder, slotted });
    }
    if (answer.kind === "refused") this.#refused.add(node);
    const held = this.#members.has(node) || answer.kind === "no-answer" || answer.kind === "unsettled";
    this.#members.lose(node);
    if (!held) return;
    this.#partitionEpoch++; // it may be asked only after it was given back: that books nothing
    this.#giveBack(node, "did not join", turn);
  }

  #askUnsettledAgain(turn: LrtTurn): void {
    const nodes = [...this.#unsettled];
    this.#unsettled.clear();
    if (this.#phase !== "growing") return;
    for (const node of nodes) {
      if (turn.now < this.#growUntil) this.#ask(node, turn);
      else this.#leave(node, "it did not settle in time", turn);
    }
    this.#step(turn);
  }

  #join(node: NodeId, token: BookingToken, snapshot: NodeSnapshot, turn: LrtTurn): void {
    this.#members.join(node, token, snapshot);
    this.#partitionEpoch++;
    turn.notify({ kind: "partition-joined", pid: this.pid, node, hosts: this.#members.size });
  }

  /** The one place that decides what a growing partition does next. */
  #step(turn: LrtTurn): void {
    if (this.#phase !== "growing" || this.#search.open) return;
    if (this.#asking.size > 0 || this.#unsettled.size > 0) return;
    if (!this.#members.has(this.#deps.self)) return this.#withoutSelf(turn);
    const unasked = (node: NodeId): boolean => !this.#members.has(node) && this.#candidates.has(node);
    const missing = this.#agenda.origins().filter(unasked);
    if (missing.length > 0) return this.#askAll(missing, turn);
    if (this.#members.changed && this.#worthSolving()) return this.#startSolve(false, turn);
    this.#grow(turn);
  }

  /** The own node is held by somebody: only its slot is waited for. */
  #withoutSelf(turn: LrtTurn): void {
    if (this.#slots.has(this.#deps.self) && turn.now < this.#growUntil) return;
    this.#finish({ kind: "interrupted", reason: "the own host is held by another partition" }, turn);
  }

  #askAll(nodes: readonly NodeId[], turn: LrtTurn): void {
    this.#candidates.asked(nodes);
    for (const node of nodes) this.#ask(node, turn);
  }

  #grow(turn: LrtTurn): void {
    const room = this.#deps.config.maxHosts - this.#members.size;
    if (room > 0 && !this.#candidates.none && turn.now < this.#growUntil)
      return this.#askAll(this.#candidates.nextRound(room), turn);
    if (room > 0 && this.#slots.size > 0 && turn.now < this.#growUntil) return;
    this.#settleForLess(turn);
  }

  #settleForLess(turn: LrtTurn): void {
    if (this.#agenda.worthHalf && !this.#triedBestEffort && this.#members.size > 1)
      this.#startSolve(true, turn);
    else this.#giveUp(turn);
  }

  #growingIsOver(turn: LrtTurn): void {
    if (this.#phase === "growing" && this.#members.has(this.#deps.self)) this.#step(turn);
    else if (this.#phase === "growing")
      this.#finish({ kind: "interrupted", reason: "the own host did not become free" }, turn);
  }

  /** Nobody is held for a solver that does not answer. */
  #solverIsSilent(turn: LrtTurn): void {
    if (this.#phase === "growing")
      this.#finish({ kind: "interrupted", reason: "the solver of the own host does not answer" }, turn);
  }

  /** A host alone cannot relieve itself: its solver would only say so. */
  #worthSolving(): boolean {
    const relief = (kind: string): boolean => kind === "overload" || kind === "underload";
    return this.#members.size > 1 || this.#agenda.taken().length > 0 || !relief(this.event.cause.kind);
  }

  // ── solving ──────────────────────────────────────────────────────────────────────────────────────────

  #startSolve(bestEffort: boolean, turn: LrtTurn): void {
    this.#members.seen();
    this.#triedBestEffort ||= bestEffort;
    this.#stopwatch.spent("build", turn.now);
    turn.setTimer(TIMER_SOLVER, SOLVER_PATIENCE_MS + this.#deps.config.solverDecisions * PER_DECISION_MS);
    const mode = this.#deps.mode();
    const members = this.#members.snapshots();
    const events = this.#agenda.toPlan(mode, new Set(this.members()), turn.now);
    const asIs = mode !== "auto" && !events.some(({ cause }) => isCondition(cause));
    this.#search.ask({ members, events, bestEffort, asIs }, turn);
  }

  #consider(solution: Solution | null, { problem, events, bestEffort }: Question, turn: LrtTurn): void {
    if (this.#members.changed) {
      this.#triedBestEffort = false;
      return this.#step(turn);
    }
    if (solution === null || solution.status === "infeasible" || solution.status === "limit") {
      this.#explanation = solution?.explanation ?? [];
      return this.#withoutPlan(bestEffort, turn);
    }
    if (this.#errs(solution.plan, turn.now)) return this.#withoutPlan(bestEffort, turn);
    const check = solution.status === "reduced" ? checkSteps : checkPlan;
    this.#assertSound = () => {
      const wrong = check(problem, solution.plan);
      assert(wrong.length === 0, `a plan passes the independent checkers: ${wrong.join("; ")}`);
    };
    this.#assertSound();
    this.#reduced = null;
    if (solution.status === "reduced") {
      this.#reduced = this.#tell(solution.explanation, turn.now);
      this.#explanation = solution.explanation;
    }
    if (solution.plan.actions.length === 0) return this.#nothingToDo(turn);
    this.#proposePlan(solution, events, turn);
  }

  /** What no rule tells the solver. */
  #errs(plan: Plan, now: Instant): boolean {
    return sendsBack(plan, this.#agenda.all(now)) || strays(plan, this.#members.snapshots());
  }

  #withoutPlan(bestEffort: boolean, turn: LrtTurn): void {
    if (bestEffort) this.#giveUp(turn);
    else this.#grow(turn);
  }

  #nothingToDo(turn: LrtTurn): void {
    if (this.#reduced !== null) this.#giveUp(turn);
    else this.#finish({ kind: "solved", migrations: this.#migrations }, turn);
  }

  #giveUp(turn: LrtTurn): void {
    const hosts = this.members();
    turn.notify({ kind: "partition-unsolved", pid: this.pid, explanation: this.#explanation, hosts });
    const reason = [...this.#search.failures, this.#tell(this.#explanation, turn.now)].join("; ");
    const final = this.#candidates.none && this.#explanation.some(({ kind }) => kind === "too-large");
    if (this.#migrations > 0)
      this.#finish({ kind: "best-effort", migrations: this.#migrations, reason }, turn);
    else this.#finish({ kind: "no-plan", reason, final }, turn);
  }

  /** What people asked for is always acted on; a plan that sees to a condition, too, only if the mode lets it. */
  #proposePlan(
    solution: Extract<Solution, { plan: Plan }>,
    events: readonly TravellingEvent[],
    turn: LrtTurn,
  ): void {
    this.#planMode = this.#deps.mode();
    const applied = this.#planMode === "auto" || !events.some(({ cause }) => isCondition(cause));
    this.#plan = solution.plan;
    turn.notify({
      kind: "partition-planned",
      ...this.ref(),
      plan: solution.plan,
      status: solution.status,
      cost: solution.cost,
      bound: solution.status === "reduced" ? 0 : solution.bound,
      hosts: this.members(),
      reason: reasonOf(events[0] ?? this.event, this.#deps.nameOf),
      applied,
    });
    if (applied) this.#check(solution.plan, events, turn);
    else
      this.#finish(
        { kind: "no-plan", reason: "recommended only: balancing mode is not auto", final: false },
        turn,
      );
  }

  // ── checking ─────────────────────────────────────────────────────────────────────────────────────────

  /** Hosts the plan does not need are given back; the others look at it with their own eyes. */
  #check(plan: Plan, events: readonly TravellingEvent[], turn: LrtTurn): void {
    this.#phase = "checking";
    this.#partitionEpoch++;
    const needed = new Set(plan.actions.flatMap(({ from, to }) => [from, to]));
    for (const node of this.members()) {
      if (!needed.has(node) && node !== this.#deps.self) this.#leave(node, "not needed for the plan", turn);
    }
    const orders = this.#orders(plan, events);
    const waiting = new Set(this.members());
    for (const { node, version } of this.#members.snapshots()) {
      const mine = [...orders.values()].filter(
        ({ what }) => what.to === node || (what.kind === "migrate" && what.from === node),
      );
      const call = {
        type: "partition.check",
        ...this.ref(),
        version,
        members: this.members(),
        events: this.#agenda.of(node),
        orders: mine,
      } as const;
      this.#messages += 2;
      this.#deps.calls.send(node, call, turn, (answer, later) => {
        if (!waiting.delete(node) || this.#phase !== "checking") return;
        this.#checked(node, answer, later);
        if (waiting.size === 0 && this.#phase === "checking") this.#decide(orders, later);
      });
    }
  }

  #checked(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind === "checked" && answer.ok) return;
    if (answer.kind === "checked") this.#agenda.drop(node, answer.gone);
    this.#members.change();
    const snapshot = answer.kind === "checked" ? answer.snapshot : null;
    if (snapshot === null || !this.#members.look(node, snapshot))
      this.#leave(node, "did not agree to the plan", turn);
  }

  #decide(orders: ReadonlyMap<number, ActionOrder>, turn: LrtTurn): void {
    const forbidden = this.#planMode === "auto" && this.#deps.mode() !== "auto";
    if (this.#members.changed || forbidden) return this.#replan(turn);
    this.#phase = "applying";
    const plan = this.#plan;
    assert(plan !== null, "a plan is applied only when there is one");
    this.#assertSound();
    this.#stopwatch.turnTo(turn.now);
    turn.clearTimer(TIMER_GROW);
    turn.setTimer(TIMER_LIFE, timeFor(plan, orders) + this.#deps.config.lifeSlackMs);
    this.#executor = new Executor(plan, orders, {
      config: this.#deps.config,
      calls: this.#deps.calls,
      ref: () => this.ref(),
      token: (node) => this.#members.token(node),
      labels: (node) => this.#members.labels(node),
      hostDone: (node, later) => this.#leave(node, "its last action has ended", later),
      ended: (later) => this.#applied(later),
    });
    this.#executor.start(turn);
  }

  /** Makes a new plan from what the members see now, a bounded number of times. */
  #replan(turn: LrtTurn): void {
    this.#replans++;
    this.#phase = "growing";
    this.#partitionEpoch++;
    if (this.#replans > this.#deps.config.replans) {
      return this.#finish({ kind: "interrupted", reason: "plans kept being overtaken by events" }, turn);
    }
    this.#growUntil = turn.now + this.#deps.config.growMs;
    turn.setTimer(TIMER_GROW, this.#deps.config.growMs);
    this.#triedBestEffort = false;
    this.#stopwatch.turnTo(turn.now);
    this.#members.change();
    this.#slots.clear();
    this.#candidates.restart(this.#deps.walk.filter((node) => !this.#members.has(node)));
    if (!this.#members.has(this.#deps.self)) this.#ask(this.#deps.self, turn);
    this.#step(turn);
  }

  // ── applying ─────────────────────────────────────────────────────────────────────────────────────────

  #applied(turn: LrtTurn): void {
    const executor = this.#executor;
    assert(executor !== null && this.#phase === "applying", "only an executed plan ends");
    this.#executor = null;
    this.#migrations += executor.done;
    for (const { order, stage } of executor.steps()) if (stage === "done") this.#search.done(order);
    this.#stopwatch.spent("apply", turn.now);
    turn.clearTimer(TIMER_LIFE);
    const failures = executor.failures();
    if (this.#calledOff !== null) return this.#finish({ kind: "cancelled", reason: this.#calledOff }, turn);
    if (failures.length > 0) return this.#afterFailures(failures, turn);
    const stopped = executor.steps().find(({ stage }) => stage === "skipped");
    if (stopped !== undefined) this.#finish({ kind: "cancelled", reason: stopped.reason ?? "stopped" }, turn);
    else if (this.#reduced === null) this.#finish({ kind: "solved", migrations: this.#migrations }, turn);
    else this.#finish({ kind: "best-effort", migrations: this.#migrations, reason: this.#reduced }, turn);
  }

  /** Looks again: every member is asked for a snapshot of how it is now, then a new plan is made. */
  #afterFailures(failures: ReturnType<Executor["failures"]>, turn: LrtTurn): void {
    for (const { order, reason } of failures) this.#search.failed(order, reason);
    if (this.#replans >= this.#deps.config.replans) {
      const reason = failures.map(({ order, reason }) => `${order.name}: ${reason}`).join("; ");
      return this.#finish({ kind: "interrupted", reason }, turn);
    }
    this.#partitionEpoch++; // the failed plan's orders are no longer taken
    for (const node of this.members()) this.#ask(node, turn);
    this.#replan(turn);
  }

  #lifeIsOver(turn: LrtTurn): void {
    if (this.#phase !== "applying") return;
    const reason = "the partition's time is over";
    if (this.#overtime) return this.#finish({ kind: "interrupted", reason }, turn);
    this.#overtime = true;
    turn.setTimer(TIMER_LIFE, this.#deps.config.lifeSlackMs);
    this.#executor?.abort(reason, turn);
  }

  #renew(turn: LrtTurn): void {
    if (this.#phase === "ended") return;
    turn.setTimer(TIMER_RENEW, this.#deps.config.renewMs);
    for (const node of this.members()) this.#renewAt(node, turn);
  }

  #renewAt(node: NodeId, turn: LrtTurn): void {
    const phase = this.#phase === "applying" ? "applying" : "growing";
    const call = { type: "partition.renew", ...this.ref(), phase, members: this.members() } as const;
    this.#messages += 2;
    const renewed = (answer: Answer, later: LrtTurn): void => {
      if (!this.#overtaken(node, call, answer)) this.#renewed(node, answer, later);
      else if (this.#phase !== "ended") this.#renewAt(node, later);
    };
    this.#deps.calls.send(node, call, turn, renewed, { tries: 2 });
  }

  /** What was said later came first: its member is as good as before. One that follows another leader says so again. */
  #overtaken(node: NodeId, { partitionEpoch }: PartitionRef, { kind }: Answer): boolean {
    return kind === "stale" && partitionEpoch < this.#partitionEpoch && this.#members.has(node);
  }

  #renewed(node: NodeId, answer: Answer, turn: LrtTurn): void {
    if (answer.kind !== "not-mine" && answer.kind !== "stale") return;
    if (this.#phase === "applying") return this.#executor?.onMemberLost(node, turn);
    if (!this.#members.has(node)) return;
    this.#members.lose(node);
    this.#step(turn);
  }

  // ── ending ───────────────────────────────────────────────────────────────────────────────────────────

  #leave(node: NodeId, reason: string, turn: LrtTurn): void {
    if (this.#members.part(node)) this.#giveBack(node, reason, turn);
  }

  #giveBack(node: NodeId, reason: string, turn: LrtTurn): void {
    this.#messages += 2;
    this.#deps.calls.send(node, { type: "partition.release", ...this.ref(), reason }, turn, () => {});
  }

  #finish(otherwise: EventOutcome, turn: LrtTurn): void {
    assert(this.#phase !== "ended", "a partition ends once");
    const reason = this.#calledOff;
    const outcome: EventOutcome = reason === null ? otherwise : { kind: "cancelled", reason };
    if (this.#handing !== null) this.#deps.calls.cancel(this.#handing, turn);
    this.#phase = "ended";
    this.#search.cancel(turn);
    this.#executor?.close(turn);
    this.#executor = null;
    for (const timer of [TIMER_GROW, TIMER_RENEW, TIMER_LIFE, TIMER_SOLVER, TIMER_AGAIN])
      turn.clearTimer(timer);
    for (const node of this.members()) this.#leave(node, outcome.kind, turn);
    for (const node of this.#slots) turn.send(node, { type: "partition.pass", pid: this.pid });
    for (const event of this.#agenda.taken()) {
      const told = outcomeOfTaken(event, outcome, this.#search.considered, this.#deps.nameOf);
      const call = { type: "partition.event-ended", ...this.ref(), event: event.id, outcome: told } as const;
      this.#deps.calls.send(event.origin, call, turn, () => {});
    }
    const hosts = this.#members.ever();
    turn.notify({
      kind: "partition-ended",
      pid: this.pid,
      outcome,
      hosts,
      times: this.#stopwatch.times(),
      messages: this.#messages,
    });
    this.#deps.ended(this, outcomeOf(this.event, outcome, this.#search.considered, this.#deps.nameOf), turn);
  }

  #orders(plan: Plan, events: readonly TravellingEvent[]): Map<number, ActionOrder> {
    return ordersOf(plan, {
      ref: this.ref(),
      snapshots: this.#members.snapshots(),
      events,
      reason: (event) => reasonOf(event, this.#deps.nameOf),
    });
  }

  #tell(explanation: readonly Explanation[], now: Instant): string {
    const vm = domainNames(this.#members.snapshots(), this.#agenda.all(now));
    return tell(explanation, { node: this.#deps.nameOf, vm });
  }
}
