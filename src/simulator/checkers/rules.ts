import type { SimulatedHost } from "../world/host.ts";
import type { Checker } from "./checker.ts";

/**
 * Invariant 5, as the hypervisors have it: no VM comes to execute beside one it must be apart from (unless they were
 * together where both come from), or from a host that has a label it requires on one that lacks it.
 */
export class RuleChecker implements Checker {
  readonly name = "rules";
  /** VMs that have executed on a host and are still held there; not those on their way to it. */
  readonly #held = new Map<string, ReadonlySet<string>>();
  /** Where a VM executed last. */
  readonly #last = new Map<string, SimulatedHost>();
  /** And where before that. */
  readonly #earlier = new Map<string, SimulatedHost>();

  hypervisorStepped(host: SimulatedHost): readonly string[] {
    const held = host
      .domains()
      .filter(({ state, pauseReason }) => state === "running" || isHeld(state, pauseReason));
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
      const close = apart.filter(
        (other) => now.has(other) && (this.#earlier.get(other) ?? host) !== (from.get(vm) ?? null),
      );
      const lacking = Object.entries(require).filter(
        ([label, value]) =>
          host.spec.labels[label] !== value && (from.get(vm) ?? host).spec.labels[label] === value,
      );
      return [
        ...close.map((other) => `${vm} comes to ${host.id} beside ${other}, from which it must be apart`),
        ...lacking.map(([label, value]) => `${vm} comes to ${host.id}, which is not ${label}=${value}`),
      ];
    });
  }
}

function isHeld(state: string, pauseReason: string | null): boolean {
  return state === "paused" && pauseReason !== "migrating-in";
}
