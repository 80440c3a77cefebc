import type { Notification } from "../../agent/notifications.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

/**
 * Invariant 5, as the hypervisors have it: no VM comes to execute on a host that lacks a label it requires; when a
 * partition has solved its event, none has come beside one it must be apart from. (A plan may pass through such a
 * state: the rule is a discrete one.)
 */
export class RuleChecker implements Checker {
  readonly name = "rules";
  readonly #executing = new Map<string, ReadonlySet<string>>();
  /** By host: VMs that have come to it. */
  readonly #came = new Map<string, Set<string>>();

  hypervisorStepped(host: SimulatedHost): readonly string[] {
    const domains = host.domains().filter(({ state }) => state === "running");
    const before = this.#executing.get(host.id);
    this.#executing.set(host.id, new Set(domains.map(({ vm }) => vm)));
    if (before === undefined) return NOTHING_WRONG;
    const came = this.#came.get(host.id) ?? new Set();
    this.#came.set(host.id, came);
    return domains.flatMap(({ vm, stamp }) => {
      if (before.has(vm) || stamp === null) return [];
      came.add(vm);
      const { require } = stamp.policy;
      const lacking = Object.entries(require).filter(([label, value]) => host.spec.labels[label] !== value);
      return lacking.map(([label, value]) => `${vm} comes to ${host.id}, which is not ${label}=${value}`);
    });
  }

  notified(_host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    if (notification.kind !== "partition-ended" || notification.outcome.kind !== "solved")
      return NOTHING_WRONG;
    return notification.hosts.flatMap((id) => this.#close(world.host(id)));
  }

  #close(host: SimulatedHost | undefined): readonly string[] {
    if (host === undefined) return NOTHING_WRONG;
    const domains = host.domains().filter(({ state }) => state === "running");
    const here = new Set(domains.map(({ vm }) => vm));
    const came = this.#came.get(host.id) ?? new Set();
    return domains.flatMap(({ vm, stamp }) =>
      (stamp?.policy.apart ?? [])
        .filter((other) => here.has(other) && (came.has(vm) || came.has(other)))
        .map((other) => `${vm} and ${other} have come together on ${host.id}, and must be apart`),
    );
  }
}
