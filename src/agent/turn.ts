import type { HypervisorCommand } from "../hypervisor/command.ts";
import type { Result } from "../lib/error.ts";
import type { Instant, Millis } from "../lib/instant.ts";
import type { NodeId } from "../model/node.ts";
import type { Effect, OperationId, PersistId, RequestId, TimerName, Turn, Write } from "../ports/effects.ts";
import type { Limits, Problem } from "../solver/problem.ts";
import type { Message } from "./messages.ts";
import type { Notification } from "./notifications.ts";

export type AgentEffect = Effect<Message, Notification>;

/** Ids and timer tokens that go on from step to step. */
export class Counters {
  operation = 0;
  persist = 0;
  token = 0;
  /** The token of each running timer: a fired timer with another one is stale. */
  readonly timers = new Map<TimerName, number>();
}

/** Collects the effects of one step of the agent, in order. */
export class AgentTurn implements Turn<Message, Notification> {
  readonly now: Instant;
  readonly effects: AgentEffect[] = [];
  readonly #counters: Counters;

  constructor(now: Instant, counters: Counters) {
    this.now = now;
    this.#counters = counters;
  }

  send(to: NodeId, message: Message, after?: PersistId): void {
    this.effects.push({ kind: "send", to, message, ...when(after) });
  }

  persist(writes: readonly Write[]): PersistId {
    const id = ++this.#counters.persist;
    this.effects.push({ kind: "persist", id, writes });
    return id;
  }

  /** The last write so far, of this step or an earlier one: once it is durable, so are all before it. */
  get written(): PersistId | undefined {
    return this.#counters.persist === 0 ? undefined : this.#counters.persist;
  }

  setTimer(timer: TimerName, after: Millis): void {
    const token = ++this.#counters.token;
    this.#counters.timers.set(timer, token);
    this.effects.push({ kind: "timer-set", timer, token, at: this.now + Math.max(0, Math.ceil(after)) });
  }

  clearTimer(timer: TimerName): void {
    if (this.#counters.timers.delete(timer)) this.effects.push({ kind: "timer-clear", timer });
  }

  hypervisor(command: HypervisorCommand, after?: PersistId, by?: Instant): OperationId {
    const operation = ++this.#counters.operation;
    const until = by === undefined ? {} : { by };
    this.effects.push({ kind: "hypervisor", operation, command, ...when(after), ...until });
    return operation;
  }

  solve(problem: Problem, limits: Limits): OperationId {
    const operation = ++this.#counters.operation;
    this.effects.push({ kind: "solve", operation, problem, limits });
    return operation;
  }

  cancelSolve(operation: OperationId): void {
    this.effects.push({ kind: "solve-cancel", operation });
  }

  reply(request: RequestId, result: Result<unknown>, after?: PersistId): void {
    this.effects.push({ kind: "reply", request, result, ...when(after) });
  }

  notify(notification: Notification): void {
    this.effects.push({ kind: "notify", notification });
  }

  dial(address: string): void {
    this.effects.push({ kind: "dial", address });
  }

  setAddresses(peer: NodeId, addresses: readonly string[]): void {
    this.effects.push({ kind: "addresses", peer, addresses });
  }
}

function when(after: PersistId | undefined): { readonly after?: PersistId } {
  return after === undefined ? {} : { after };
}
