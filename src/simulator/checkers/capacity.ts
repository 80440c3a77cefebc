import type { SimulatedHost } from "../world/host.ts";
import type { Checker } from "./checker.ts";

/** Invariant 4, for memory as the hypervisors have it: nothing that arrives puts a host over its memory. */
export class CapacityChecker implements Checker {
  readonly name = "capacity";
  readonly #excess = new Map<string, number>();

  hypervisorStepped(host: SimulatedHost): readonly string[] {
    const used = host
      .domains()
      .reduce((sum, { memory, state }) => sum + (state === "shutoff" ? 0 : memory), 0);
    const excess = Math.max(0, used - host.spec.capacity.memory);
    const before = this.#excess.get(host.id);
    this.#excess.set(host.id, excess);
    if (before === undefined || excess <= before) return [];
    return [`${host.id} holds ${used} MiB, its capacity is ${host.spec.capacity.memory}`];
  }
}
