import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { Intent } from "../../lrt/execution/intent.ts";
import type { Plan } from "../../model/plan.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { BookingChecker } from "./booking.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";
import type { KnownOrder, Ledger } from "./ledger.ts";

interface Running {
  readonly key: string;
  readonly host: string;
}

/** Hosts' clocks go a little slower than the world. */
const CLOCKS = 1.02;

/**
 * Invariants 2, 3 and 9: a hypervisor is told to migrate or to start a VM only by an order whose tokens are the
 * current ones of source and destination, that both have on disk, and that no other order for the VM overlaps, once
 * per order; an order is given when all that it waits for is done; a partition that has ended gives no new orders,
 * and nothing begins under its old ones once every lease is over.
 */
export class ActionChecker implements Checker {
  readonly name = "actions";
  readonly #ledger: Ledger;
  readonly #bookings: BookingChecker;
  readonly #leaseMs: number;
  /** When partitions ended, as their leaders said. */
  readonly #ended = new Map<string, number>();
  /** Host and VM → the order its host says it carries out. */
  readonly #started = new Map<string, string>();
  readonly #running = new Map<string, Running>();
  /** The plans that partitions carry out, the orders that were given to a hypervisor, and those that were done. */
  readonly #plans = new Map<string, Plan>();
  readonly #given = new Set<string>();
  readonly #done = new Set<string>();

  constructor(ledger: Ledger, bookings: BookingChecker, leaseMs: number) {
    this.#ledger = ledger;
    this.#bookings = bookings;
    this.#leaseMs = leaseMs;
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    if (notification.kind === "partition-ended") this.#ended.set(notification.pid, world.now);
    else if (notification.kind === "partition-planned") this.#plans.set(notification.pid, notification.plan);
    else if (notification.kind === "action-started")
      this.#started.set(`${host.id} ${notification.vm}`, notification.key);
    else if (notification.kind === "action-ended" && isOver(notification)) {
      if (notification.outcome.kind === "done") this.#done.add(notification.key);
      const running = this.#running.get(notification.vm);
      if (running?.key === notification.key) this.#running.delete(notification.vm);
    }
    return NOTHING_WRONG;
  }

  /** What was ordered before the end may leave a slow host later: begun long after it, it is told below. */
  stepped(_host: SimulatedHost, _input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
    return effects.flatMap((effect) => {
      if (effect.kind !== "send" || effect.message.type !== "partition.execute") return [];
      const { pid, order } = effect.message;
      return this.#ended.has(pid) ? [`${pid} has ended and orders ${order.key}`] : [];
    });
  }

  effect(host: SimulatedHost, effect: AgentEffect, world: CheckedWorld): readonly string[] {
    if (effect.kind === "send") return this.#ordered(this.#ledger.effect(host, effect, world.now), world);
    if (effect.kind !== "hypervisor") return NOTHING_WRONG;
    const { command } = effect;
    if (command.kind === "resume" || command.kind === "destroy") return unwritten(host, command);
    if (command.kind !== "migrate" && command.kind !== "start") return NOTHING_WRONG;
    const vm = command.kind === "migrate" ? command.vm : command.spec.id;
    const key = this.#started.get(`${host.id} ${vm}`);
    const known = key === undefined ? undefined : this.#ledger.order(key);
    if (key === undefined || known === undefined)
      return [`${host.id} is told to ${command.kind} ${vm} without an order`];
    return [...this.#acts(host, known, world), ...this.#overlaps(host.id, vm, key), ...this.#again(key)];
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    if (what === "died") return NOTHING_WRONG;
    for (const [vm, running] of this.#running) {
      if (running.host === host.id && !isOpen(host, running.key)) this.#running.delete(vm);
    }
    return NOTHING_WRONG;
  }

  unsettled(world: CheckedWorld): readonly string[] {
    return world.hosts.flatMap((host) => {
      const keys = host.disk.keys("lrt/intent/").filter((key) => !fromNobody(host, key, world));
      return keys.map((key) => `${host.id} still has ${key} on its disk`);
    });
  }

  #ordered(first: KnownOrder | null, world: CheckedWorld): readonly string[] {
    if (first === null) return NOTHING_WRONG;
    return this.#early(first.pid, first.order.key, world);
  }

  /** An action is ordered when every one that it waits for has been done: its VM has been seen to be there. */
  #early(pid: string, key: string, world: CheckedWorld): readonly string[] {
    const actions = this.#plans.get(pid)?.actions ?? [];
    const at = key.lastIndexOf("/") + 1;
    const after = actions.find(({ id }) => id === Number(key.slice(at)))?.after ?? [];
    const undone = actions.filter(
      ({ id, vm, to }) =>
        after.includes(id) &&
        !this.#done.has(`${key.slice(0, at)}${id}`) &&
        world.hosts.some((host) => host.id !== to && host.executing().includes(vm)),
    );
    return undone.map(({ vm, to }) => `${key} is ordered before ${vm} has come to ${to}`);
  }

  /** A hypervisor is told once to carry an order out, whatever is repeated or restarted. */
  #again(key: string): readonly string[] {
    if (this.#given.has(key)) return [`${key} is carried out a second time`];
    this.#given.add(key);
    return NOTHING_WRONG;
  }

  #acts(host: SimulatedHost, known: KnownOrder, world: CheckedWorld): readonly string[] {
    const { order, pid, sourceToken, destinationToken } = known;
    const wrong = [...this.#under(host, order.key, sourceToken)];
    const endedAt = this.#ended.get(pid);
    if (endedAt !== undefined && world.now - endedAt > this.#leaseMs * CLOCKS)
      wrong.push(`${host.id} begins ${order.key} long after its partition has ended`);
    if (order.what.kind === "run") return wrong;
    const destination = world.host(order.what.to);
    if (destination !== undefined) wrong.push(...this.#under(destination, order.key, destinationToken));
    return wrong;
  }

  #under(host: SimulatedHost, key: string, token: number | null): readonly string[] {
    const held = this.#bookings.held(host.id);
    if (held?.token !== token)
      return [
        `${key} begins under token ${token} of ${host.id}, whose booking has ${held?.token ?? "ended"}`,
      ];
    return isOpen(host, key)
      ? NOTHING_WRONG
      : [`${key} begins, and ${host.id} has not promised it on its disk`];
  }

  #overlaps(host: string, vm: string, key: string): readonly string[] {
    const other = this.#running.get(vm);
    this.#running.set(vm, { key, host });
    return other === undefined || other.key === key
      ? NOTHING_WRONG
      : [`${vm} is moved by ${other.key} and by ${key}`];
  }
}

/** A guest that its destination has can move on, whether its source's agent has seen that or sleeps. */
function isOver({ role, outcome }: Extract<Notification, { kind: "action-ended" }>): boolean {
  return role === "source" || outcome.kind === "done";
}

/** What finishes a migration here has its promise on disk. */
function unwritten(
  host: SimulatedHost,
  { kind, vm }: { readonly kind: string; readonly vm: string },
): string[] {
  const promised = host.disk.keys("lrt/intent/").some((key) => {
    const { order, outcome } = JSON.parse(host.disk.read(key) ?? "null") as Intent;
    return order.vm === vm && outcome === null;
  });
  return promised
    ? []
    : [`${host.id} is told to ${kind} ${vm}, of which it has promised nothing on its disk`];
}

/** What a destination was promised by a host that has no agent: nobody can say what has become of it. */
function fromNobody(host: SimulatedHost, key: string, world: CheckedWorld): boolean {
  const { order, role } = JSON.parse(host.disk.read(key) ?? "null") as Intent;
  if (role !== "destination" || order.what.kind !== "migrate") return false;
  return world.host(order.what.from)?.agent === null;
}

function isOpen(host: SimulatedHost, key: string): boolean {
  const text = host.disk.read(`lrt/intent/${key}`);
  return text !== undefined && (JSON.parse(text) as { outcome: unknown }).outcome === null;
}
