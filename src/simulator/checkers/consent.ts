import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { NodeSnapshot, VmSnapshot } from "../../lrt/scheduling/snapshot.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { Agendas, Raised } from "./agendas.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";
import type { Ledger } from "./ledger.ts";

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
  readonly #agendas: Agendas;
  /** Partition → the epoch whose plan it has begun. */
  readonly #begun = new Map<string, number>();
  /** Host → the operator's migration that has ended there last, well. */
  readonly #moved = new Map<string, Raised>();

  constructor(ledger: Ledger, agendas: Agendas) {
    this.#ledger = ledger;
    this.#agendas = agendas;
  }

  /** Judged when a plan begins: what runs is not called off by a change of the mode. */
  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "send" || effect.message.type !== "partition.prepare") return NOTHING_WRONG;
    const mode = host.agent?.mode ?? "auto";
    const { pid, partitionEpoch, order } = effect.message;
    const begun = this.#begun.get(pid) === partitionEpoch;
    this.#begun.set(pid, partitionEpoch);
    if (mode === "auto" || begun || !CONDITION.test(order.event)) return NOTHING_WRONG;
    return [`${pid} moves ${order.vm} for ${order.event} although the mode is ${mode}`];
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    switch (notification.kind) {
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
    const raised = this.#agendas.event(event);
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
    const events = this.#agendas.of(pid);
    const asked = new Set(
      members.flatMap((member) =>
        member.vms.filter(({ id }) => isAsked(id, member, events)).map(({ id }) => id),
      ),
    );
    // Who must be together with one that people want elsewhere goes with it.
    const bidden = ({ id, policy }: VmSnapshot) =>
      asked.has(id) || policy.together.some((vm) => asked.has(vm));
    return members.flatMap((member) =>
      member.vms
        .filter((vm) => moved.has(vm.id) && !bidden(vm))
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
