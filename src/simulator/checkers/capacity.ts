import type { AgentEffect } from "../../agent/turn.ts";
import { type Intent, intentKey } from "../../lrt/execution/intent.ts";
import type { ActionOrder } from "../../lrt/messages.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

/**
 * Invariant 4, for memory as the hypervisors have it: nothing that arrives puts a host over its memory. The simulated
 * hypervisor takes in nothing that does not fit (a real one does): so a host must not promise it either.
 */
export class CapacityChecker implements Checker {
  readonly name = "capacity";
  readonly #excess = new Map<string, number>();

  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "persist") return NOTHING_WRONG;
    return effect.writes.flatMap(({ key, value }) => {
      const first = key.startsWith(intentKey("")) && value !== null && host.disk.read(key) === undefined;
      return first ? overbooked(host, value as Intent) : [];
    });
  }

  hypervisorStepped(host: SimulatedHost): readonly string[] {
    const used = usedBy(host);
    const excess = Math.max(0, used - host.spec.capacity.memory);
    const before = this.#excess.get(host.id);
    this.#excess.set(host.id, excess);
    if (before === undefined || excess <= before) return NOTHING_WRONG;
    return [`${host.id} holds ${used} MiB, its capacity is ${host.spec.capacity.memory}`];
  }
}

/** A new promise to take a guest in, beside those that are still open, under the same booking or an earlier one. */
function overbooked(host: SimulatedHost, { order, role, outcome, token }: Intent): readonly string[] {
  if (role === "source" || outcome !== null) return NOTHING_WRONG;
  const here = new Set(host.domains().map(({ vm }) => vm));
  const kept = new Set(host.agent?.lrt.participant.open().map(({ order: { key } }) => key));
  const earlier = promises(host).filter(
    (other) => other.role !== "source" && (other.token === token || kept.has(other.order.key)),
  );
  const coming = [...earlier.map((other) => other.order), order].filter(({ vm }) => !here.has(vm));
  const promised = coming.reduce((sum, one) => sum + memoryOf(one), 0);
  const all = usedBy(host) + promised;
  return all <= host.spec.capacity.memory
    ? NOTHING_WRONG
    : [`${host.id} promises ${order.key} and then holds ${all} MiB of ${host.spec.capacity.memory}`];
}

/** Those on its disk that are open. */
function promises(host: SimulatedHost): readonly Intent[] {
  const rows = host.disk.keys(intentKey("")).map((key) => host.disk.read(key) ?? "null");
  const intents = rows.map((row) => JSON.parse(row) as Intent | null);
  return intents.flatMap((intent) => (intent === null || intent.outcome !== null ? [] : [intent]));
}

function usedBy(host: SimulatedHost): number {
  return host.domains().reduce((sum, { memory, state }) => sum + (state === "shutoff" ? 0 : memory), 0);
}

function memoryOf({ what }: ActionOrder): number {
  return what.kind === "migrate" ? what.memory : what.spec.memory;
}
