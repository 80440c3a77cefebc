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
  /** Partitions that have begun their last plan. */
  readonly #begun = new Set<string>();
  /** Host → the operator's migration that has ended there last, well. */
  readonly #moved = new Map<string, Raised>();
  /** Operators' migrations: since when people have wanted them. */
  readonly #wanted = new Map<string, number>();
  /** VM → the hosts that it has been migrated to, and when last. */
  readonly #reached = new Map<string, Map<string, number>>();

  constructor(ledger: Ledger, agendas: Agendas) {
    this.#ledger = ledger;
    this.#agendas = agendas;
  }

  /** Judged when a plan begins: what runs is not called off by a change of the mode. */
  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "send") return NOTHING_WRONG;
    const { message } = effect;
    if (message.type !== "partition.prepare" && message.type !== "partition.assign") return NOTHING_WRONG;
    const mode = host.agent?.mode ?? "auto";
    const { pid } = message;
    const begun = this.#begun.has(pid);
    this.#begun.add(pid);
    if (mode === "auto" || begun || message.type === "partition.assign") return NOTHING_WRONG;
    const { order } = message;
    if (!CONDITION.test(order.event)) return NOTHING_WRONG;
    return [`${pid} moves ${order.vm} for ${order.event} although the mode is ${mode}`];
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    switch (notification.kind) {
      case "event-raised":
        if (notification.event.cause.kind === "move") this.#wanted.set(notification.event.id, world.now);
        break;
      case "action-ended":
        this.#arrived(notification, world.now);
        break;
      case "event-ended":
        this.#ended(host, notification);
        break;
      case "operation":
        return this.#told(host, notification.operation, world);
      case "partition-planned":
        this.#begun.delete(notification.pid);
        return notification.applied ? this.#unbidden(host, notification) : NOTHING_WRONG;
    }
    return NOTHING_WRONG;
  }

  #ended({ id }: SimulatedHost, { event, outcome }: Extract<Notification, { kind: "event-ended" }>): void {
    const raised = this.#agendas.event(event);
    if (raised?.cause.kind === "move" && outcome.kind === "solved") this.#moved.set(id, raised);
  }

  #arrived({ vm, to, outcome }: Extract<Notification, { kind: "action-ended" }>, now: number): void {
    if (outcome.kind !== "done") return;
    const hosts = this.#reached.get(vm) ?? new Map<string, number>();
    this.#reached.set(vm, hosts.set(to, now));
  }

  /**
   * An operator is told of it in the same step. What has been where it was wanted may have been moved on since: its
   * migration is told when all of its plan has been carried out.
   */
  #told(
    host: SimulatedHost,
    { kind, state, subject }: Operation,
    { hosts }: CheckedWorld,
  ): readonly string[] {
    const moved = this.#moved.get(host.id);
    if (kind !== "vm-migrate" || state !== "succeeded" || moved?.cause.kind !== "move") return NOTHING_WRONG;
    this.#moved.delete(host.id);
    const { id: event, origin, cause } = moved;
    const { vm, to } = cause;
    const isWrong = (host: string): boolean => (to === null ? host === origin : host !== to);
    const since = this.#wanted.get(event) ?? 0;
    if ([...(this.#reached.get(vm) ?? [])].some(([other, at]) => !isWrong(other) && at >= since))
      return NOTHING_WRONG;
    const wrong = hosts.find((other) => isWrong(other.id) && [...other.executing()].includes(vm));
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
    const bidden = withCompanions(asked, members);
    return members.flatMap((member) =>
      member.vms
        .filter((vm) => moved.has(vm.id) && !bidden.has(vm.id))
        .flatMap(({ id, policy: { balancing } }) => {
          if (balancing !== "auto") return [`${pid} moves ${id}, whose balancing is ${balancing}`];
          if (mode === "auto" || entered.has(member.node)) return [];
          return [`${pid} moves ${id}, which makes room for nobody, although the mode is ${mode}`];
        }),
    );
  }
}

/** Who must be together with one that people want elsewhere goes with it, and who must be together with that one. */
function withCompanions(asked: ReadonlySet<string>, members: readonly NodeSnapshot[]): ReadonlySet<string> {
  const bidden = new Set(asked);
  const vms = members.flatMap((member) => member.vms);
  const follows = ({ id, policy }: VmSnapshot) =>
    !bidden.has(id) && policy.together.some((vm) => bidden.has(vm));
  for (let next = vms.find(follows); next !== undefined; next = vms.find(follows)) bidden.add(next.id);
  return bidden;
}

function isAsked(vm: string, { node }: NodeSnapshot, events: readonly Raised[]): boolean {
  return events.some(({ origin, cause }) =>
    cause.kind === "drain" ? origin === node : cause.kind === "move" && cause.vm === vm,
  );
}
