/**
 * Executes an agent's effects on ports, in order, and feeds back what comes of them. The daemon and the simulator
 * both run their agents through this and nothing else.
 *
 * - Inputs are taken one at a time; an input that arrives during a step waits in a bounded inbox.
 * - *Persist before act*: an effect that names a write is held until that write is durable. Within a destination and
 *   lane, and among hypervisor commands and replies, order is kept: what comes after a held effect of the same
 *   stream waits behind it, unless it names nothing and its stream is the membership lane.
 * - A hypervisor command that names an instant is not executed after it; the port is told it, too.
 * - A message to the own node comes back as an input, never through the network.
 */
import type { Agent } from "../agent/agent.ts";
import type { AgentInput } from "../agent/inputs.ts";
import { laneOf, type Message } from "../agent/messages.ts";
import type { Notification } from "../agent/notifications.ts";
import type { AgentEffect } from "../agent/turn.ts";
import { assert } from "../lib/assert.ts";
import { fail } from "../lib/error.ts";
import type { OperationId, PersistId, TimerName } from "../ports/effects.ts";
import type { HypervisorSink, JournalSink, Ports, SolverSink, TransportSink } from "../ports/ports.ts";

/** Inputs waiting for the agent; beyond it new commands are refused and new messages dropped (peers repeat them). */
const MAX_INBOX = 10_000;

type Held = Extract<AgentEffect, { kind: "send" | "hypervisor" | "reply" }>;

/** The seam for fault injection: the simulator may crash the process before any effect. */
export interface DriverHooks {
  /** @returns false: the process has died; nothing more is executed. */
  readonly before?: (effect: AgentEffect) => boolean;
  readonly stepped?: (input: AgentInput, effects: readonly AgentEffect[]) => void;
}

export class Driver implements TransportSink<Message>, JournalSink, HypervisorSink, SolverSink {
  readonly #agent: Agent;
  readonly #ports: Ports<Message, Notification>;
  readonly #hooks: DriverHooks;
  readonly #inbox: AgentInput[] = [];
  readonly #timers = new Map<TimerName, () => void>();
  /** Writes that are not durable yet. */
  readonly #writing = new Set<PersistId>();
  /** Effects held for a write, by stream, in order. */
  readonly #held = new Map<string, Held[]>();
  #stepping = false;
  #stopped = false;
  #dropped = 0;

  constructor(agent: Agent, ports: Ports<Message, Notification>, hooks: DriverHooks = {}) {
    this.#agent = agent;
    this.#ports = ports;
    this.#hooks = hooks;
  }

  /** Inputs dropped because the inbox was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Inputs that wait, writes under way, and effects held for them. */
  sizes(): Readonly<Record<"inbox" | "writing" | "held", number>> {
    const held = [...this.#held.values()].reduce((sum, effects) => sum + effects.length, 0);
    return { inbox: this.#inbox.length, writing: this.#writing.size, held };
  }

  /** Nothing waits to be written, or for what is being written. */
  get idle(): boolean {
    return this.#writing.size === 0 && this.#held.size === 0;
  }

  start(): void {
    this.deliver({ kind: "started" });
  }

  /** Nothing is executed any more; timers are called off. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#inbox.length = 0;
    this.#held.clear();
  }

  deliver(input: AgentInput): void {
    if (this.#stopped) return;
    if (this.#inbox.length >= MAX_INBOX && this.#expendable(input)) {
      this.#dropped++;
      return;
    }
    this.#inbox.push(input);
    if (!this.#stepping) this.#drain();
  }

  message(from: string, message: Message): void {
    this.deliver({ kind: "message", from, message });
  }

  addressAnswered(address: string, answer: Parameters<TransportSink<Message>["addressAnswered"]>[1]): void {
    this.deliver({ kind: "address-answered", address, answer });
  }

  persisted(id: PersistId): void {
    if (this.#stopped || !this.#writing.delete(id)) return;
    for (const [stream, effects] of this.#held) this.#releaseHeld(stream, effects);
    if (!this.#stepping) this.#drain();
  }

  completed(...[operation, outcome]: Parameters<HypervisorSink["completed"]>): void {
    this.deliver({ kind: "hypervisor-completed", operation, outcome });
  }

  progressed(...[operation, progress]: Parameters<HypervisorSink["progressed"]>): void {
    this.deliver({ kind: "hypervisor-progressed", operation, progress });
  }

  event(event: Parameters<HypervisorSink["event"]>[0]): void {
    this.deliver({ kind: "hypervisor-event", event });
  }

  solved(...[operation, solution]: Parameters<SolverSink["solved"]>): void {
    this.deliver({ kind: "solved", operation, solution });
  }

  #drain(): void {
    this.#stepping = true;
    try {
      for (let input = this.#inbox.shift(); input !== undefined; input = this.#inbox.shift()) {
        const effects = this.#agent.step(input, this.#ports.clock.now());
        this.#hooks.stepped?.(input, effects);
        for (const effect of effects) {
          if (this.#stopped) return;
          this.#take(effect);
        }
      }
    } finally {
      this.#stepping = false;
    }
  }

  /** Executes an effect now, or holds it for its write. */
  #take(effect: AgentEffect): void {
    if (effect.kind === "persist") {
      this.#writing.add(effect.id);
      return this.#execute(effect);
    }
    if (effect.kind !== "send" && effect.kind !== "hypervisor" && effect.kind !== "reply")
      return this.#execute(effect);
    const waits = effect.after !== undefined && this.#writing.has(effect.after);
    if (!waits && this.#held.size === 0) return this.#execute(effect);
    const stream = streamOf(effect);
    const queue = this.#held.get(stream);
    const urgent = effect.after === undefined && stream.startsWith("send/membership/");
    if (queue !== undefined && !urgent) queue.push(effect);
    else if (waits) this.#held.set(stream, [effect]);
    else this.#execute(effect);
  }

  #releaseHeld(stream: string, effects: Held[]): void {
    for (let first = effects[0]; first !== undefined; first = effects[0]) {
      if (first.after !== undefined && this.#writing.has(first.after)) return;
      effects.shift();
      this.#execute(first);
      if (this.#stopped) return;
    }
    this.#held.delete(stream);
  }

  #execute(effect: AgentEffect): void {
    if (effect.kind === "hypervisor" && effect.by !== undefined && this.#ports.clock.now() > effect.by)
      return this.#tooLate(effect.operation);
    if (this.#hooks.before?.(effect) === false) return this.stop();
    const { clock, transport, journal, hypervisor, solver, replies, observer } = this.#ports;
    switch (effect.kind) {
      case "persist":
        return journal.write(effect.id, effect.writes);
      case "send":
        return this.#send(effect.to, effect.message);
      case "timer-set":
        return this.#setTimer(effect.timer, effect.token, effect.at);
      case "timer-clear":
        return this.#clearTimer(effect.timer);
      case "hypervisor":
        return hypervisor.run(effect.operation, effect.command, effect.by);
      case "solve":
        return solver.solve(effect.operation, effect.problem, effect.limits);
      case "solve-cancel":
        return solver.cancel(effect.operation);
      case "reply":
        return replies.reply(effect.request, effect.result);
      case "notify":
        return observer.notify(effect.notification, clock.now());
      case "dial":
        return transport.dial(effect.address);
      case "addresses":
        return transport.setAddresses(effect.peer, effect.addresses);
    }
  }

  #tooLate(operation: OperationId): void {
    const failure = { code: "failed", message: "its time was over before it could begin" } as const;
    this.#inbox.push({ kind: "hypervisor-completed", operation, outcome: { ok: false, failure } });
  }

  #send(to: string, message: Message): void {
    if (to === this.#agent.identity.id) this.#inbox.push({ kind: "message", from: to, message });
    else this.#ports.transport.send(to, message);
  }

  #setTimer(timer: TimerName, token: number, at: number): void {
    this.#timers.get(timer)?.();
    const cancel = this.#ports.clock.at(at, () => {
      this.#timers.delete(timer);
      this.deliver({ kind: "timer-fired", timer, token });
    });
    this.#timers.set(timer, cancel);
  }

  #clearTimer(timer: TimerName): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  /** Peers repeat their messages and users are told; what the own host says is never dropped. */
  #expendable(input: AgentInput): boolean {
    if (input.kind === "command") {
      const failure = fail({
        code: "busy",
        message: "the agent has too much to do",
        hint: "try again in a moment",
      });
      this.#ports.replies.reply(input.request, failure);
      return true;
    }
    assert(this.#inbox.length < 2 * MAX_INBOX, "the own host's inputs never fill the inbox twice over");
    return input.kind === "message";
  }
}

/** Order is kept within a stream. */
function streamOf(effect: Held): string {
  if (effect.kind === "send") return `send/${laneOf(effect.message)}/${effect.to}`;
  return effect.kind;
}
