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
  PartitionId,
  PartitionNotice,
  PartitionRef,
} from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import { Agenda, outcomeOf, outcomeOfTaken } from "./agenda.ts";
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
import { type Phase, Reservations } from "./reservations.ts";
import { type Question, Search } from "./search.ts";
import { Stopwatch } from "./stopwatch.ts";

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
/** A solver that has not answered by then is not waited for; its bound is counted in decisions of some microseconds. */
const SOLVER_PATIENCE_MS = seconds(30);
const PER_DECISION_MS = 0.01;

export class Partition {
  readonly pid: PartitionId;
  readonly event: SchedulingEvent;
  readonly #deps: PartitionDependencies;
  readonly #members = new Members();
  readonly #agenda: Agenda;
  readonly #reservations: Reservations;
  /** The call by which its event is being handed over. */
  #handing: number | null = null;
  readonly #search: Search;
  readonly #stopwatch: Stopwatch;
  #phase: Phase = "growing";
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
  /** Its life is over and its running actions have been aborted: the next time it ends, whatever runs. */
  #overtime = false;
  /** Why its owner called it off: no other plan follows, however it ends. */
  #calledOff: string | null = null;

  constructor(pid: PartitionId, event: SchedulingEvent, deps: PartitionDependencies) {
    this.pid = pid;
    this.event = event;
    this.#agenda = new Agenda(event);
    this.#deps = deps;
    this.#reservations = new Reservations({
      pid,
      event,
      config: deps.config,
      calls: deps.calls,
      walk: deps.walk,
      agenda: this.#agenda,
      members: this.#members,
      phase: () => this.#phase,
      answered: (turn) => this.#step(turn),
      lost: (node, turn) => this.#executor?.onMemberLost(node, turn),
    });
    this.#stopwatch = new Stopwatch(event.raisedAt);
    this.#search = new Search(pid, deps.config);
  }

  get phase(): Phase {
    return this.#phase;
  }

  ref(): PartitionRef {
    return this.#reservations.ref();
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
    this.#reservations.ask(this.#deps.self, turn);
  }

  onTimer(timer: string, turn: LrtTurn): boolean {
    if (timer === TIMER_GROW) this.#growingIsOver(turn);
    else if (timer === TIMER_RENEW) this.#renew(turn);
    else if (timer === TIMER_LIFE) this.#lifeIsOver(turn);
    else if (timer === TIMER_SOLVER) this.#solverIsSilent(turn);
    else return this.#reservations.onTimer(timer, this.#growUntil, turn);
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
    this.#reservations.take(event);
    this.#members.change();
    this.#triedBestEffort = false;
    this.#step(turn);
    return true;
  }

  /** A node whose slot we hold is free. @returns false: we no longer want it. */
  onTurn(node: NodeId, turn: LrtTurn): boolean {
    if (this.#phase !== "growing" || this.#members.has(node)) return false;
    this.#reservations.onTurn(node, turn);
    return true;
  }

  onEnded(key: ActionKey, outcome: ActionOutcome, turn: LrtTurn): void {
    this.#executor?.onEnded(key, outcome, turn);
  }

  onPeerDead(peer: NodeId, turn: LrtTurn): void {
    this.#reservations.onPeerDead(peer);
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

  /** The one place that decides what a growing partition does next. */
  #step(turn: LrtTurn): void {
    if (this.#phase !== "growing" || this.#search.open) return;
    if (this.#reservations.open) return;
    if (!this.#members.has(this.#deps.self)) return this.#withoutSelf(turn);
    const missing = this.#reservations.missing(this.#agenda.origins());
    if (missing.length > 0) return this.#reservations.askAll(missing, turn);
    if (this.#members.changed && this.#worthSolving()) return this.#startSolve(false, turn);
    this.#grow(turn);
  }

  /** The own node is held by somebody: only its slot is waited for. */
  #withoutSelf(turn: LrtTurn): void {
    if (this.#reservations.hasSlot(this.#deps.self) && turn.now < this.#growUntil) return;
    this.#finish({ kind: "interrupted", reason: "the own host is held by another partition" }, turn);
  }

  #grow(turn: LrtTurn): void {
    const room = this.#deps.config.maxHosts - this.#members.size;
    const { exhausted, slotted } = this.#reservations;
    if (room > 0 && !exhausted && turn.now < this.#growUntil) return this.#reservations.askNext(room, turn);
    if (room > 0 && slotted && turn.now < this.#growUntil) return;
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
    this.#search.ask({ members, events, bestEffort, mode }, turn);
  }

  #consider(solution: Solution | null, question: Question, turn: LrtTurn): void {
    const { problem, events, bestEffort } = question;
    if (question.mode !== this.#deps.mode()) this.#members.change();
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
    const final = this.#reservations.exhausted && this.#explanation.some(({ kind }) => kind === "too-large");
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
    this.#reservations.newEpoch();
    const needed = new Set(plan.actions.flatMap(({ from, to }) => [from, to]));
    for (const node of this.members()) {
      if (!needed.has(node) && node !== this.#deps.self)
        this.#reservations.leave(node, "not needed for the plan", turn);
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
      this.#reservations.send(node, call, turn, (answer, later) => {
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
      this.#reservations.leave(node, "did not agree to the plan", turn);
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
      hostDone: (node, later) => this.#reservations.leave(node, "its last action has ended", later),
      ended: (later) => this.#applied(later),
    });
    this.#executor.start(turn);
  }

  /** Makes a new plan from what the members see now, a bounded number of times. */
  #replan(turn: LrtTurn): void {
    this.#replans++;
    this.#phase = "growing";
    this.#reservations.newEpoch();
    if (this.#replans > this.#deps.config.replans) {
      return this.#finish({ kind: "interrupted", reason: "plans kept being overtaken by events" }, turn);
    }
    this.#growUntil = turn.now + this.#deps.config.growMs;
    turn.setTimer(TIMER_GROW, this.#deps.config.growMs);
    this.#triedBestEffort = false;
    this.#stopwatch.turnTo(turn.now);
    this.#members.change();
    this.#reservations.restart();
    if (!this.#members.has(this.#deps.self)) this.#reservations.ask(this.#deps.self, turn);
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
    this.#reservations.newEpoch(); // the failed plan's orders are no longer taken
    for (const node of this.members()) this.#reservations.ask(node, turn);
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
    this.#reservations.renew(turn);
  }

  // ── ending ───────────────────────────────────────────────────────────────────────────────────────────

  #finish(otherwise: EventOutcome, turn: LrtTurn): void {
    assert(this.#phase !== "ended", "a partition ends once");
    const reason = this.#calledOff;
    const outcome: EventOutcome = reason === null ? otherwise : { kind: "cancelled", reason };
    if (this.#handing !== null) this.#deps.calls.cancel(this.#handing, turn);
    this.#phase = "ended";
    this.#search.cancel(turn);
    this.#executor?.close(turn);
    this.#executor = null;
    for (const timer of [TIMER_GROW, TIMER_RENEW, TIMER_LIFE, TIMER_SOLVER]) turn.clearTimer(timer);
    this.#reservations.close(outcome.kind, turn);
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
      messages: this.#reservations.messages,
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
