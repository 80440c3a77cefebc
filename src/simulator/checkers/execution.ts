import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

/**
 * Invariant 10: a VM executes on at most one host at every instant, and is nowhere only after a crash, a stop or a
 * suspend. Between the last copy and the first instruction at the destination it executes nowhere, but its
 * memory is held somewhere at every instant.
 */
export class ExecutionChecker implements Checker {
  readonly name = "execution";
  readonly #executing = new Map<string, Set<string>>();
  readonly #held = new Map<string, Set<string>>();
  readonly #byHost = new Map<string, { executing: readonly string[]; held: readonly string[] }>();
  /** VMs that were there once. */
  readonly #known = new Set<string>();
  readonly #excused = new Set<string>();
  /** Those that a VE starts again, and whose start has not shown yet: it may come to nothing. */
  readonly #starting = new Set<string>();

  excuse(vms: readonly string[]): void {
    for (const vm of vms) this.#excused.add(vm);
  }

  /** What a VE stops goes by its owner's will; what it starts again is there to stay. */
  effect(_host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "hypervisor") return NOTHING_WRONG;
    const { command } = effect;
    if (command.kind === "start") this.#starting.add(command.spec.id);
    if (command.kind !== "stop") return NOTHING_WRONG;
    this.#excused.add(command.vm);
    this.#starting.delete(command.vm);
    return NOTHING_WRONG;
  }

  hypervisorStepped(host: SimulatedHost): readonly string[] {
    const before = this.#byHost.get(host.id) ?? { executing: [], held: [] };
    const executing = host.executing();
    const held = host
      .domains()
      .filter(
        ({ pauseReason, state }) =>
          pauseReason !== "migrating-in" && state !== "shutoff" && state !== "crashed",
      )
      .map(({ vm }) => vm);
    this.#byHost.set(host.id, { executing, held });
    update(this.#executing, host.id, before.executing, executing);
    update(this.#held, host.id, before.held, held);
    const wrong: string[] = [];
    for (const vm of executing) {
      this.#known.add(vm);
      if (this.#starting.delete(vm)) this.#excused.delete(vm);
      const hosts = this.#executing.get(vm);
      if (hosts !== undefined && hosts.size > 1)
        wrong.push(`${vm} executes on ${[...hosts].sort().join(" and ")}`);
    }
    for (const vm of before.held) {
      if ((this.#held.get(vm)?.size ?? 0) === 0 && !this.#excused.has(vm))
        wrong.push(`${vm} is nowhere, and nobody ended it`);
    }
    return wrong;
  }

  unsettled(world: CheckedWorld): readonly string[] {
    const left = world.hosts.flatMap((host) => host.domains().filter(({ job }) => job !== "none"));
    const idle = [...this.#known].filter(
      (vm) => !this.#excused.has(vm) && (this.#executing.get(vm)?.size ?? 0) !== 1,
    );
    return [
      ...left.map(({ vm, job }) => `${vm} is still ${job}`),
      ...idle.map((vm) => `${vm} executes nowhere`),
    ];
  }
}

function update(
  where: Map<string, Set<string>>,
  host: string,
  before: readonly string[],
  after: readonly string[],
): void {
  for (const vm of before) where.get(vm)?.delete(host);
  for (const vm of after) {
    const hosts = where.get(vm);
    if (hosts === undefined) where.set(vm, new Set([host]));
    else hosts.add(host);
  }
}
