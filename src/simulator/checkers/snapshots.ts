import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import { type Intent, intentKey } from "../../lrt/execution/intent.ts";
import type { ActionOrder } from "../../lrt/messages.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";
import type { Ledger } from "./ledger.ts";

/** What a member has agreed to, until it is free again: which VMs the plan knows there, and its orders for that host. */
interface Agreement {
  readonly pid: string;
  readonly known: ReadonlySet<string>;
  readonly orders: readonly ActionOrder[];
}

/** A destination whose source is silent for so long beyond a lease sets its promise aside, and is free. */
const SET_ASIDE_MS = 20_000;

/**
 * A member agrees to a plan only while what runs on it is what its leader's snapshot says: no VM has come, none has
 * gone to another host, and none has ended as far as it knows. From then until it is free again, VMs come to it and
 * leave it for others by orders of that plan only. What executes where is read from the hypervisors.
 */
export class SnapshotChecker implements Checker {
  readonly name = "snapshots";
  readonly #ledger: Ledger;
  /** Requests that have come: a duplicate gets its old answer. */
  readonly #seen = new Set<string>();
  readonly #leaseMs: number;
  readonly #agreed = new Map<string, Agreement>();
  /** Host → the VMs that have executed there and are still held; not copies that never ran. */
  readonly #living = new Map<string, ReadonlySet<string>>();
  /** VMs that the script or their VE has ended: they go without a plan. */
  readonly #ended = new Set<string>();

  constructor(ledger: Ledger, leaseMs: number) {
    this.#ledger = ledger;
    this.#leaseMs = leaseMs;
  }

  excuse(vms: readonly string[]): void {
    for (const vm of vms) this.#ended.add(vm);
  }

  effect(_host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "hypervisor") return NOTHING_WRONG;
    const { command } = effect;
    if (command.kind === "stop") this.#ended.add(command.vm);
    if (command.kind === "start") this.#ended.delete(command.spec.id);
    return NOTHING_WRONG;
  }

  notified(host: SimulatedHost, notification: Notification): readonly string[] {
    const free = notification.kind === "booking-ended";
    if (free && this.#agreed.get(host.id)?.pid === notification.pid) this.#agreed.delete(host.id);
    return NOTHING_WRONG;
  }

  /** An agreement outlasts the process as far as it is on disk. */
  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    const booked = what === "started" ? host.disk.read("lrt/booking") : null;
    if (booked === null) return NOTHING_WRONG;
    const row = JSON.parse(booked ?? "null") as { pid: string; phase: string } | null;
    const lasts = row?.phase === "applying" && row.pid === this.#agreed.get(host.id)?.pid;
    if (!lasts) this.#agreed.delete(host.id);
    return NOTHING_WRONG;
  }

  hypervisorStepped(host: SimulatedHost, world: CheckedWorld): readonly string[] {
    const before = this.#living.get(host.id);
    if (!host.powered) {
      this.#living.delete(host.id);
      return NOTHING_WRONG;
    }
    const held = new Set(host.domains().map(({ vm }) => vm));
    const now = new Set([...host.executing(), ...[...(before ?? [])].filter((vm) => held.has(vm))]);
    this.#living.set(host.id, now);
    const agreement = this.#agreed.get(host.id);
    if (before === undefined || agreement === undefined) return NOTHING_WRONG;
    const come = [...now].filter((vm) => !before.has(vm) && !this.#expected(host, vm, agreement));
    const left = [...before].filter((vm) => !now.has(vm) && !this.#ended.has(vm));
    const gone = left.filter((vm) => moved(host, vm, agreement, world));
    const since = `${host.id} has agreed to a plan of ${agreement.pid},`;
    return [
      ...come.map((vm) => `${since} and ${vm} comes, which that does not bring`),
      ...gone.map((vm) => `${since} and ${vm} leaves, which that does not move`),
    ];
  }

  stepped(
    host: SimulatedHost,
    input: AgentInput,
    effects: readonly AgentEffect[],
    world: CheckedWorld,
  ): readonly string[] {
    if (input.kind !== "message" || input.message.type !== "partition.check") return NOTHING_WRONG;
    const { pid, id } = input.message;
    const request = `${input.from}>${host.id}/${id}`;
    if (this.#seen.has(request)) return NOTHING_WRONG;
    this.#seen.add(request);
    const snapshot = this.#ledger.snapshots(pid).get(host.id);
    if (snapshot === undefined || !agrees(effects, id)) return NOTHING_WRONG;
    const known = new Set(snapshot.vms.map((vm) => vm.id));
    this.#agreed.set(host.id, { pid, known, orders: input.message.orders });
    const here = host.executing();
    const come = here.filter((vm) => !known.has(vm));
    const held = new Set(host.domains().map(({ vm }) => vm)); // a whole copy may wait here, paused, to be told to go
    const gone = [...known].filter(
      (vm) => !held.has(vm) && world.hosts.some((one) => one !== host && one.executing().includes(vm)),
    );
    const missed = [...known].filter((vm) => host.agent?.lrt.inventory.get(vm) === undefined);
    return [
      ...missed.map((vm) => `${host.id} agrees to a plan of ${pid} and knows that its ${vm} is gone`),
      ...come.map((vm) => `${host.id} agrees to a plan of ${pid} that does not know its ${vm}`),
      ...gone.map((vm) => `${host.id} agrees to a plan of ${pid} although ${vm} has left it`),
    ];
  }

  /** It was there, paused, when the plan was made; or the plan brings it; or it comes by a promise that was set aside. */
  #expected(host: SimulatedHost, vm: string, { known, orders }: Agreement): boolean {
    const brought = orders.some((order) => order.vm === vm && order.what.to === host.id);
    return known.has(vm) || brought || promisedSince(host, vm) >= this.#leaseMs + SET_ASIDE_MS;
  }
}

/** How long a guest that comes to a host has been promised its place; 0: it is not. */
function promisedSince(host: SimulatedHost, vm: string): number {
  const rows = host.disk.keys(intentKey("")).map((key) => host.disk.read(key) ?? "null");
  const intents = rows.flatMap((row) => (JSON.parse(row) as Intent | null) ?? []);
  const promises = intents.filter(({ order, role }) => order.vm === vm && role === "destination");
  return Math.max(0, ...promises.map(({ since }) => host.now() - since));
}

/** Another host has all of it now, and no order of the plan takes it there. */
function moved(host: SimulatedHost, vm: string, { orders }: Agreement, world: CheckedWorld): boolean {
  const elsewhere = world.hosts.some((other) => other !== host && holds(other, vm));
  const sent = orders.some(
    ({ vm: one, what }) => one === vm && what.kind === "migrate" && what.from === host.id,
  );
  return elsewhere && !sent;
}

function holds(host: SimulatedHost, vm: string): boolean {
  return host.domains().some((one) => one.vm === vm && one.pauseReason !== "migrating-in");
}

function agrees(effects: readonly AgentEffect[], re: number): boolean {
  return effects.some(
    (effect) =>
      effect.kind === "send" &&
      effect.message.type === "partition.reply" &&
      effect.message.re === re &&
      effect.message.body.kind === "checked" &&
      effect.message.body.ok,
  );
}
