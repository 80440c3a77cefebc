/**
 * The leader's part in a plan: runs the action graph, each action as early as what it waits for and the
 * concurrency limits of hosts and links allow.
 *
 *   waiting ─▶ assigning (run only) ─▶ preparing (migrate only) ─▶ ordering ─▶ running ─▶ done
 *      │              └──────────────────────┴───────────────────────┴──────────┴─────▶ failed
 *      └─▶ skipped (something it waits for has not been done)
 *
 * A failed action stops what depends on it and nothing else; the partition makes a new plan from what it then
 * observes.
 */
import { assert } from "../../lib/assert.ts";
import type { Millis } from "../../lib/instant.ts";
import type { Labels, NodeId } from "../../model/node.ts";
import type { Action, Plan } from "../../model/plan.ts";
import type { Answer, Calls } from "../calls.ts";
import type { LrtConfig } from "../config.ts";
import type { ActionKey, ActionOrder, ActionOutcome, BookingToken, PartitionRef } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import { originOf } from "../scheduling/event.ts";

type Stage = "waiting" | "assigning" | "preparing" | "ordering" | "running" | "done" | "failed" | "skipped";

interface Step {
  readonly action: Action;
  readonly order: ActionOrder;
  stage: Stage;
  reason: string | null;
}

export interface ExecutorDependencies {
  readonly config: LrtConfig;
  readonly calls: Calls;
  readonly ref: () => PartitionRef;
  readonly token: (node: NodeId) => BookingToken | null;
  readonly labels: (node: NodeId) => Labels;
  /** No action is left that needs this host. */
  readonly hostDone: (node: NodeId, turn: LrtTurn) => void;
  /** Every action has ended one way or another. */
  readonly ended: (turn: LrtTurn) => void;
}

const BUSY: ReadonlySet<Stage> = new Set(["assigning", "preparing", "ordering", "running"]);
const OVER: ReadonlySet<Stage> = new Set(["done", "failed", "skipped"]);
/** How often a leader asks after an action whose executing host has fallen silent. */
const ASK_AFTER_TRIES = 3;

export class Executor {
  readonly #deps: ExecutorDependencies;
  readonly #steps: Step[];
  readonly #doneHosts = new Set<NodeId>();
  #stopped: string | null = null;
  /** Every action has ended, or its partition has: what is answered later changes nothing. */
  #over = false;
  /** Calls under way that ask for something to begin. */
  readonly #ordering = new Set<number>();

  constructor(plan: Plan, orders: ReadonlyMap<number, ActionOrder>, deps: ExecutorDependencies) {
    this.#deps = deps;
    this.#steps = plan.actions.map((action) => {
      const order = orders.get(action.id);
      assert(order !== undefined, "every action of a plan has an order");
      return { action, order, stage: "waiting", reason: null };
    });
  }

  start(turn: LrtTurn): void {
    this.#advance(turn);
  }

  /** No new action is ordered; what is ordered already is given up, and waited for. */
  abort(reason: string, turn: LrtTurn): void {
    this.#stopped ??= reason;
    for (const step of this.#steps) {
      const at = executing(step.order);
      if (step.stage === "ordering") this.#silent(step, at, turn);
      if (step.stage !== "running" || step.order.what.kind !== "migrate") continue;
      const call = { type: "partition.abort", ...this.#deps.ref(), key: step.order.key } as const;
      this.#deps.calls.send(at, call, turn, (answer, later) => this.#learn(step, at, answer, later));
    }
    this.#advance(turn);
  }

  /** Its partition ends, whatever runs: nothing is ordered any more, not even again. */
  close(turn: LrtTurn): void {
    this.#over = true;
    for (const call of this.#ordering) this.#deps.calls.cancel(call, turn);
  }

  steps(): readonly { readonly order: ActionOrder; readonly stage: Stage; readonly reason: string | null }[] {
    return this.#steps;
  }

  get done(): number {
    return this.#steps.filter((step) => step.stage === "done").length;
  }

  failures(): readonly { readonly order: ActionOrder; readonly reason: string }[] {
    return this.#steps
      .filter((step) => step.stage === "failed")
      .map(({ order, reason }) => ({ order, reason: reason ?? "failed" }));
  }

  onEnded(key: ActionKey, outcome: ActionOutcome, turn: LrtTurn): void {
    const step = this.#steps.find(({ order }) => order.key === key);
    if (step === undefined || this.#settled(step)) return;
    if (outcome.kind === "done") this.#set(step, "done", null, turn);
    else this.#set(step, "failed", outcome.reason, turn);
  }

  /** The host that carries an action out is gone: its other side may know. */
  onPeerDead(peer: NodeId, turn: LrtTurn): void {
    for (const step of this.#steps) {
      if (step.stage !== "running") continue;
      const { what } = step.order;
      if (what.kind === "run" && what.to === peer) this.#set(step, "failed", `${peer} died`, turn);
      if (what.kind === "migrate" && what.from === peer) this.#askDestination(step, turn);
    }
  }

  /**
   * A member says that it is in this partition no more: its leader was silent for too long, and missed how the
   * member's action ended. One that is still open there is asked after again with the next renewal.
   */
  onMemberLost(member: NodeId, turn: LrtTurn): void {
    for (const step of this.#steps) {
      const { key, vm } = step.order;
      if (step.stage !== "running" || executing(step.order) !== member) continue;
      const call = { type: "partition.inquire", ...this.#deps.ref(), key, vm } as const;
      this.#deps.calls.send(member, call, turn, (answer, later) => this.#learn(step, member, answer, later));
    }
  }

  /** What the executing host sees says how an action ended whose report was lost. */
  #learn(step: Step, member: NodeId, answer: Answer, turn: LrtTurn): void {
    if (this.#settled(step) || answer.kind !== "seen" || answer.open) return;
    const { what } = step.order;
    const runs = what.kind === "run" && answer.vm === "running";
    if (answer.outcome === "done" || runs) this.#set(step, "done", null, turn);
    else if (what.kind === "migrate" && answer.vm === "absent") this.#askDestination(step, turn);
    else this.#set(step, "failed", `it has ended while ${member} could not be heard`, turn);
  }

  #askDestination(step: Step, turn: LrtTurn): void {
    const { what, key, vm } = step.order;
    const call = { type: "partition.inquire", ...this.#deps.ref(), key, vm } as const;
    this.#deps.calls.send(
      what.to,
      call,
      turn,
      (answer, later) => {
        if (this.#settled(step)) return;
        const there = answer.kind === "seen" && answer.vm === "running";
        if (there) this.#set(step, "done", null, later);
        else this.#set(step, "failed", "the source died on the way", later);
      },
      { tries: ASK_AFTER_TRIES },
    );
  }

  #advance(turn: LrtTurn): void {
    if (this.#over) return;
    for (const step of this.#steps) this.#skipIfHopeless(step);
    for (const step of this.#steps) if (this.#ready(step)) this.#begin(step, turn);
    this.#releaseHosts(turn);
    if (this.#steps.every((step) => OVER.has(step.stage)) && !this.#over) {
      this.close(turn);
      this.#deps.ended(turn);
    }
  }

  #settled(step: Step): boolean {
    return this.#over || OVER.has(step.stage);
  }

  #skipIfHopeless(step: Step): void {
    if (step.stage !== "waiting") return;
    const before = this.#before(step);
    if (this.#stopped !== null) step.reason = this.#stopped;
    else if (before.some((other) => other.stage === "failed" || other.stage === "skipped")) {
      step.reason = "an action it waits for has failed";
    } else return;
    step.stage = "skipped";
  }

  #ready(step: Step): boolean {
    if (step.stage !== "waiting") return false;
    if (!this.#before(step).every((other) => other.stage === "done")) return false;
    const { from, to } = step.action;
    const { migrationsPerHost, migrationsPerLink } = this.#deps.config;
    for (const host of [from, to]) {
      if (host !== null && this.#busyAt(host) >= migrationsPerHost) return false;
    }
    return from === null || to === null || this.#busyBetween(from, to) < migrationsPerLink;
  }

  #begin(step: Step, turn: LrtTurn): void {
    if (step.order.what.kind === "run") this.#assign(step, step.order.what.to, turn);
    else this.#prepare(step, step.order.what.to, turn);
  }

  #assign(step: Step, host: NodeId, turn: LrtTurn): void {
    step.stage = "assigning";
    const { vm, event } = step.order;
    const call = { type: "partition.assign", ...this.#deps.ref(), event, vm, host } as const;
    this.#call(step, originOf(event), call, turn, (later) => this.#execute(step, host, "", later));
  }

  #prepare(step: Step, to: NodeId, turn: LrtTurn): void {
    step.stage = "preparing";
    const token = this.#deps.token(to);
    if (token === null) return this.#set(step, "failed", `${to} has left the partition`, turn);
    const call = { type: "partition.prepare", ...this.#deps.ref(), token, order: step.order } as const;
    this.#call(step, to, call, turn, (later, answer) => {
      const uri = answer.kind === "prepared" ? answer.uri : "";
      this.#execute(step, executing(step.order), uri, later);
    });
  }

  /** The plan may have been called off while its destination was asked: that waits for nothing then. */
  #execute(step: Step, at: NodeId, uri: string, turn: LrtTurn): void {
    step.stage = "ordering";
    if (this.#stopped !== null) return this.#set(step, "failed", this.#stopped, turn);
    const token = this.#deps.token(at);
    if (token === null) return this.#set(step, "failed", `${at} has left the partition`, turn);
    const call = { type: "partition.execute", ...this.#deps.ref(), token, order: step.order, uri } as const;
    this.#call(step, at, call, turn, () => {
      if (step.stage === "ordering") step.stage = "running";
    });
  }

  /** A refusal fails the step; so does silence, after the other side has been told to forget it. */
  #call(
    step: Step,
    to: NodeId,
    call: Parameters<Calls["send"]>[1],
    turn: LrtTurn,
    next: (turn: LrtTurn, answer: Answer) => void,
  ): void {
    const sent = this.#deps.calls.send(to, call, turn, (answer, later) => {
      this.#ordering.delete(sent);
      if (this.#settled(step)) return;
      switch (answer.kind) {
        case "prepared":
        case "accepted":
        case "noted":
          next(later, answer);
          break;
        case "no-answer":
          this.#silent(step, to, later);
          break;
        default:
          this.#set(
            step,
            "failed",
            answer.kind === "refused" ? answer.reason : `${to}: ${answer.kind}`,
            later,
          );
      }
    });
    this.#ordering.add(sent);
  }

  /** An order that was not answered may still be carried out: abort it there, and count it as running until known. */
  #silent(step: Step, at: NodeId, turn: LrtTurn): void {
    if (step.stage !== "ordering") return this.#set(step, "failed", `${at} does not answer`, turn);
    const call = { type: "partition.abort", ...this.#deps.ref(), key: step.order.key } as const;
    this.#deps.calls.send(at, call, turn, (answer, later) => {
      if (this.#settled(step)) return;
      if (answer.kind === "seen" && answer.open) step.stage = "running";
      else if (answer.kind === "seen" && answer.outcome === "done") this.#set(step, "done", null, later);
      else if (answer.kind === "seen") this.#set(step, "failed", "given up in time", later);
      else if (step.stage === "ordering") this.#unknown(step, at, later);
    });
  }

  /** It may still begin: its destination keeps what it promised until the source itself has told it otherwise. */
  #unknown(step: Step, at: NodeId, turn: LrtTurn): void {
    step.stage = "running";
    this.#set(step, "failed", `${at} does not answer`, turn);
  }

  /** The destination of an order that was refused at its source waits for nothing: tell it. */
  #callOffDestination(step: Step, reason: string, turn: LrtTurn): void {
    const { what, key } = step.order;
    if (what.kind !== "migrate" || step.stage !== "ordering") return;
    const outcome = { kind: "failed", reason } as const;
    this.#deps.calls.send(
      what.to,
      { type: "partition.ended", ...this.#deps.ref(), key, outcome },
      turn,
      () => {},
    );
  }

  #set(step: Step, stage: "done" | "failed", reason: string | null, turn: LrtTurn): void {
    if (stage === "failed") this.#callOffDestination(step, reason ?? "failed", turn);
    step.stage = stage;
    step.reason = reason;
    this.#advance(turn);
  }

  #releaseHosts(turn: LrtTurn): void {
    if (this.#steps.some((step) => step.stage === "failed")) return;
    const hosts = new Set(this.#steps.flatMap(({ action }) => [action.from, action.to]));
    for (const host of hosts) {
      if (host === null || this.#doneHosts.has(host)) continue;
      const needed = this.#steps.some((step) => !OVER.has(step.stage) && touches(step.action, host));
      if (needed) continue;
      this.#doneHosts.add(host);
      this.#deps.hostDone(host, turn);
    }
  }

  #before(step: Step): Step[] {
    const ids = new Set(step.action.after);
    return this.#steps.filter((other) => ids.has(other.action.id));
  }

  #busyAt(host: NodeId): number {
    return this.#steps.filter((step) => BUSY.has(step.stage) && touches(step.action, host)).length;
  }

  #busyBetween(from: NodeId, to: NodeId): number {
    const site = (node: NodeId): string => this.#deps.labels(node)["site"] ?? "";
    const link = [site(from), site(to)].sort().join(" ");
    return this.#steps.filter(({ action, stage }) => {
      if (!BUSY.has(stage) || action.from === null || action.to === null) return false;
      return [site(action.from), site(action.to)].sort().join(" ") === link;
    }).length;
  }
}

/** The host that carries an order out. */
function executing({ what }: ActionOrder): NodeId {
  return what.kind === "migrate" ? what.from : what.to;
}

function touches(action: Action, host: NodeId): boolean {
  return action.from === host || action.to === host;
}

/** What a plan is expected to take, from its own estimates. */
function estimate(plan: Plan): Millis {
  return plan.actions.reduce((end, action) => Math.max(end, action.start + action.duration), 0);
}

/** Twice that, and no less than its slowest migration may take. */
export function timeFor(plan: Plan, orders: ReadonlyMap<number, ActionOrder>): Millis {
  const limits = [...orders.values()].map(({ what }) =>
    what.kind === "migrate" ? what.policy.timeoutMs : 0,
  );
  return Math.max(2 * estimate(plan), ...limits);
}
