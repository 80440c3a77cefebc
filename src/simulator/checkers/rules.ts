import type { SimulatedHost } from "../world/host.ts";
import type { Checker } from "./checker.ts";

/**
 * Invariant 5, as the hypervisors have it: no VM comes to execute beside one it must be apart from, or on a host
 * that lacks a label it requires.
 */
export class RuleChecker implements Checker {
  readonly name = "rules";
  readonly #executing = new Map<string, ReadonlySet<string>>();

  hypervisorStepped(host: SimulatedHost): readonly string[] {
    const domains = host.domains().filter(({ state }) => state === "running");
    const before = this.#executing.get(host.id);
    const now = new Set(domains.map(({ vm }) => vm));
    this.#executing.set(host.id, now);
    if (before === undefined) return [];
    return domains.flatMap(({ vm, stamp }) => {
      if (before.has(vm) || stamp === null) return [];
      const { apart, require } = stamp.policy;
      const close = apart.filter((other) => now.has(other));
      const lacking = Object.entries(require).filter(([label, value]) => host.spec.labels[label] !== value);
      return [
        ...close.map((other) => `${vm} comes to ${host.id} beside ${other}, from which it must be apart`),
        ...lacking.map(([label, value]) => `${vm} comes to ${host.id}, which is not ${label}=${value}`),
      ];
    });
  }
}
