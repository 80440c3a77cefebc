import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

type Domain = ReturnType<SimulatedHost["domains"]>[number];

/**
 * Invariant 5, as the hypervisors have it: no VM comes to execute beside one it must be apart from (unless they were
 * together where both come from), or from a host that has a label it requires on one that lacks it; none starts on one
 * that lacks it. A rule that was made while the VM was on its way is broken by nobody.
 */
export class RuleChecker implements Checker {
  readonly name = "rules";
  /** VMs that have executed on a host and are still held there; not those on their way to it. */
  readonly #held = new Map<string, ReadonlySet<string>>();
  /** Where a VM executed last. */
  readonly #last = new Map<string, SimulatedHost>();
  /** And where before that. */
  readonly #earlier = new Map<string, SimulatedHost>();

  /** Per VM: since when its rules have been seen. */
  readonly #rules = new Map<string, ReadonlyMap<string, number>>();
  /** Host and VM on its way there: since when; its hypervisor may begin later than it is told to. */
  readonly #coming = new Map<string, number>();

  /** What is started has not come from anywhere. */
  effect(_host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind === "hypervisor" && effect.command.kind === "start") {
      this.#last.delete(effect.command.spec.id);
      this.#earlier.delete(effect.command.spec.id);
    }
    return NOTHING_WRONG;
  }

  notified(_host: SimulatedHost, notification: Notification, { now }: CheckedWorld): readonly string[] {
    if (notification.kind === "action-started" && notification.action === "migrate")
      this.#coming.set(`${notification.to} ${notification.vm}`, now);
    return NOTHING_WRONG;
  }

  hypervisorStepped(host: SimulatedHost, { now: at }: CheckedWorld): readonly string[] {
    const all = host.domains();
    for (const domain of all) this.#see(host, domain, at);
    const held = all.filter(({ state, pauseReason }) => state === "running" || isHeld(state, pauseReason));
    const domains = held.filter(({ state }) => state === "running");
    const before = this.#held.get(host.id);
    const now = new Set(domains.map(({ vm }) => vm));
    const lived = held.filter(({ vm }) => now.has(vm) || before?.has(vm) === true || before === undefined);
    this.#held.set(host.id, new Set(lived.map(({ vm }) => vm)));
    const from = new Map(domains.map(({ vm }) => [vm, this.#last.get(vm)]));
    for (const [vm, last] of from) if (last !== undefined && last !== host) this.#earlier.set(vm, last);
    for (const { vm } of domains) this.#last.set(vm, host);
    if (before === undefined) return [];
    return domains.flatMap(({ vm, stamp }) => {
      if (before.has(vm) || stamp === null) return [];
      const { apart, require } = stamp.policy;
      const sent = this.#coming.get(`${host.id} ${vm}`) ?? at;
      this.#coming.delete(`${host.id} ${vm}`);
      const binds = (rule: string) => (this.#rules.get(vm)?.get(rule) ?? at) <= sent;
      const close = apart.filter(
        (other) =>
          binds(other) && now.has(other) && (this.#earlier.get(other) ?? host) !== (from.get(vm) ?? null),
      );
      const lacking = Object.entries(require).filter(
        ([label, value]) =>
          binds(`${label}=${value}`) &&
          host.spec.labels[label] !== value &&
          (from.get(vm) === undefined || from.get(vm)?.spec.labels[label] === value),
      );
      return [
        ...close.map((other) => `${vm} comes to ${host.id} beside ${other}, from which it must be apart`),
        ...lacking.map(([label, value]) => `${vm} comes to ${host.id}, which is not ${label}=${value}`),
      ];
    });
  }

  #see(host: SimulatedHost, { vm, stamp, state, pauseReason }: Domain, at: number): void {
    const place = `${host.id} ${vm}`;
    if (state === "paused" && pauseReason === "migrating-in" && !this.#coming.has(place))
      this.#coming.set(place, at);
    if (stamp === null) return;
    const { apart, require } = stamp.policy;
    const named = [...apart, ...Object.entries(require).map(([label, value]) => `${label}=${value}`)];
    const known = this.#rules.get(vm);
    this.#rules.set(vm, new Map(named.map((rule) => [rule, known?.get(rule) ?? at])));
  }
}

function isHeld(state: string, pauseReason: string | null): boolean {
  return state === "paused" && pauseReason !== "migrating-in";
}
