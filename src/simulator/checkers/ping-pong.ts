import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { Agendas } from "./agendas.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

/** Hosts' clocks go a little faster or slower than the world. */
const CLOCKS = 0.98;

/**
 * Invariant 11: overload and underload never send a VM back to a host on which it executed within its cool-down, nor does
 * a rule that is mended by the same plan. Where VMs execute is read from the hypervisors.
 */
export class PingPongChecker implements Checker {
  readonly name = "ping-pong";
  readonly #agendas: Agendas;
  readonly #cooldownMs: number;
  readonly #executing = new Map<string, ReadonlySet<string>>();
  readonly #left = new Map<string, Map<string, number>>();

  constructor(agendas: Agendas, cooldownMs: number) {
    this.#agendas = agendas;
    this.#cooldownMs = cooldownMs;
  }

  /** What is started has not come from anywhere. */
  effect(_host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind === "hypervisor" && effect.command.kind === "start")
      this.#left.delete(effect.command.spec.id);
    return NOTHING_WRONG;
  }

  hypervisorStepped(host: SimulatedHost, world: CheckedWorld): readonly string[] {
    const now = new Set(host.executing());
    for (const vm of this.#executing.get(host.id) ?? []) {
      if (now.has(vm)) continue;
      const left = this.#left.get(vm) ?? new Map<string, number>();
      this.#left.set(vm, left.set(host.id, world.now));
    }
    this.#executing.set(host.id, now);
    return NOTHING_WRONG;
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    if (notification.kind !== "action-started" || notification.action !== "migrate") return NOTHING_WRONG;
    const { vm, to, event, key } = notification;
    const at = this.#left.get(vm)?.get(to);
    if (
      !this.#binds(event, key) ||
      at === undefined ||
      to === host.id ||
      world.now - at >= this.#cooldownMs * CLOCKS
    )
      return NOTHING_WRONG;
    return [`${vm} goes back to ${to}, which it left ${Math.round(world.now - at)} ms ago`];
  }

  /** A rule's own partition may send a VM back; where a load is shifted, too, it may not. */
  #binds(event: string, key: string): boolean {
    const partition = this.#agendas.of(key.slice(0, key.lastIndexOf("@")));
    const shifts = partition.some(({ cause }) => cause.kind === "overload" || cause.kind === "underload");
    return /\/(overload|underload)\//.test(event) || (shifts && event.includes("/violation/"));
  }
}
