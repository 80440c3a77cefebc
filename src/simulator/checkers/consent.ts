import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { EventCause } from "../../lrt/scheduling/event.ts";
import type { NodeSnapshot } from "../../lrt/scheduling/snapshot.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";
import type { Ledger } from "./ledger.ts";

interface Raised {
  readonly origin: string;
  readonly cause: EventCause;
}
/** Events that arise by themselves. */
const CONDITION = /\/(overload|underload|violation)\//;

type Operation = Extract<Notification, { kind: "operation" }>["operation"];
type Planned = Extract<Notification, { kind: "partition-planned" }>;

/**
 * What people have said is done, and nothing else: a VM whose balancing is off moves only for the drain of its host, or
 * because an operator asked for it; where the balancing mode is not auto, nothing moves because of the condition that a
 * host is in, and who was not asked for moves only to make room. And what people are told is so: a migration that
 * succeeded has its VM where they wanted it.
 */
export class ConsentChecker implements Checker {
  readonly name = "consent";
  readonly #ledger: Ledger;
  /** Every event that was raised. */
  readonly #raised = new Map<string, Raised>();
  /** Partition → the events it has started for or taken over. */
  readonly #events = new Map<string, Set<string>>();
  /** Host → the operator's migration that has ended there last, well. */
  readonly #moved = new Map<string, Raised>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  stepped(_host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
    if (input.kind !== "message" || input.message.type !== "partition.hand-over") return NOTHING_WRONG;
    const { to, event } = input.message;
    const taken = effects.some(
      (effect) =>
        effect.kind === "send" &&
        effect.message.type === "partition.reply" &&
        effect.message.body.kind === "taken",
    );
    if (taken) this.#events.get(to)?.add(event.id);
    return NOTHING_WRONG;
  }

  /** A leader gives its members a plan's orders when it is made. */
  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "send" || effect.message.type !== "partition.check") return NOTHING_WRONG;
    const mode = host.agent?.mode ?? "auto";
    const { pid, orders } = effect.message;
    if (mode === "auto") return NOTHING_WRONG;
    return orders
      .filter(({ event }) => CONDITION.test(event))
      .map(({ vm, event }) => `${pid} moves ${vm} for ${event} although the mode is ${mode}`);
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    switch (notification.kind) {
      case "event-raised": {
        const { id, origin, cause } = notification.event;
        this.#raised.set(id, { origin, cause });
        break;
      }
      case "partition-started":
        this.#events.set(notification.pid, new Set([notification.event]));
        break;
      case "partition-ended":
        this.#events.delete(notification.pid);
        break;
      case "event-ended":
        this.#ended(host, notification);
        break;
      case "operation":
        return this.#told(host, notification.operation, world);
      case "partition-planned":
        return notification.applied ? this.#unbidden(host, notification) : NOTHING_WRONG;
    }
    return NOTHING_WRONG;
  }

  #ended({ id }: SimulatedHost, { event, outcome }: Extract<Notification, { kind: "event-ended" }>): void {
    const raised = this.#raised.get(event);
    if (raised?.cause.kind === "move" && outcome.kind === "solved") this.#moved.set(id, raised);
  }

  /** An operator is told of it in the same step. */
  #told(
    host: SimulatedHost,
    { kind, state, subject }: Operation,
    { hosts }: CheckedWorld,
  ): readonly string[] {
    const moved = this.#moved.get(host.id);
    if (kind !== "vm-migrate" || state !== "succeeded" || moved?.cause.kind !== "move") return NOTHING_WRONG;
    this.#moved.delete(host.id);
    const { origin, cause } = moved;
    const { vm, to } = cause;
    const isWrong = ({ id }: SimulatedHost): boolean => (to === null ? id === origin : id !== to);
    const wrong = hosts.find((other) => isWrong(other) && [...other.executing()].includes(vm));
    return wrong === undefined
      ? NOTHING_WRONG
      : [`${subject} is said to have been migrated and is on ${wrong.id}`];
  }

  #unbidden(host: SimulatedHost, { pid, plan, hosts }: Planned): readonly string[] {
    const known = this.#ledger.snapshots(pid);
    const members = hosts.flatMap((node) => known.get(node) ?? []);
    const moved = new Set(plan.actions.filter(({ kind }) => kind === "migrate").map(({ vm }) => vm));
    const entered = new Set(plan.actions.map(({ to }) => to));
    const mode = host.agent?.mode ?? "auto";
    const events = [...(this.#events.get(pid) ?? [])].flatMap((event) => this.#raised.get(event) ?? []);
    return members.flatMap((member) =>
      member.vms
        .filter(({ id }) => moved.has(id) && !isAsked(id, member, events))
        .flatMap(({ id, policy: { balancing } }) => {
          if (balancing !== "auto") return [`${pid} moves ${id}, whose balancing is ${balancing}`];
          if (mode === "auto" || entered.has(member.node)) return [];
          return [`${pid} moves ${id}, which makes room for nobody, although the mode is ${mode}`];
        }),
    );
  }
}

function isAsked(vm: string, { node }: NodeSnapshot, events: readonly Raised[]): boolean {
  return events.some(({ origin, cause }) =>
    cause.kind === "drain" ? origin === node : cause.kind === "move" && cause.vm === vm,
  );
}
