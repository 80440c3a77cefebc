import type { Notification } from "../../agent/notifications.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

/**
 * Invariant 11: overload and underload never send a VM back to a host on which it executed within its cool-down.
 * Where VMs execute is read from the hypervisors. A step aside and back within one plan (a pivot) is no return.
 */
export class PingPongChecker implements Checker {
  readonly name = "ping-pong";
  readonly #cooldownMs: number;
  readonly #executing = new Map<string, ReadonlySet<string>>();
  readonly #left = new Map<string, Map<string, { readonly at: number; readonly plan: string }>>();
  /** VM → the plan that moves it. */
  readonly #plans = new Map<string, string>();

  constructor(cooldownMs: number) {
    this.#cooldownMs = cooldownMs;
  }

  hypervisorStepped(host: SimulatedHost, world: CheckedWorld): readonly string[] {
    const now = new Set(host.executing());
    for (const vm of this.#executing.get(host.id) ?? []) {
      if (now.has(vm)) continue;
      const left = this.#left.get(vm) ?? new Map<string, { at: number; plan: string }>();
      this.#left.set(vm, left.set(host.id, { at: world.now, plan: this.#plans.get(vm) ?? "" }));
    }
    this.#executing.set(host.id, now);
    return NOTHING_WRONG;
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    if (notification.kind !== "action-started" || notification.action !== "migrate") return NOTHING_WRONG;
    const { vm, to, event, key } = notification;
    const plan = key.slice(0, key.lastIndexOf("/"));
    this.#plans.set(vm, plan);
    const left = this.#left.get(vm)?.get(to);
    const automatic = /\/(overload|underload)\//.test(event);
    if (!automatic || left === undefined || to === host.id || left.plan === plan) return NOTHING_WRONG;
    const ago = Math.round(world.now - left.at);
    return ago < this.#cooldownMs ? [`${vm} goes back to ${to}, which it left ${ago} ms ago`] : NOTHING_WRONG;
  }
}
