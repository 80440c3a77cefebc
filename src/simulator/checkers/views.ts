import type { SimulatedHost } from "../world/host.ts";
import type { CheckedWorld, Checker } from "./checker.ts";

/**
 * Convergence: once everything is healed, every agent sees every other one alive, and what it believes of its own
 * host is what the hypervisor has.
 */
export class ViewChecker implements Checker {
  readonly name = "views";

  unsettled({ hosts }: CheckedWorld): readonly string[] {
    return hosts.flatMap((host) => [...strangers(host, hosts), ...mistaken(host)]);
  }
}

function strangers(host: SimulatedHost, hosts: readonly SimulatedHost[]): readonly string[] {
  const { agent } = host;
  if (agent === null) return [];
  const states = new Map(agent.members().map(({ id, state }) => [id, state]));
  return hosts
    .filter(({ id }) => states.get(id) !== "alive")
    .map(({ id }) => `${host.id} sees ${id} ${states.get(id) ?? "nowhere"}`);
}

function mistaken(host: SimulatedHost): readonly string[] {
  const { agent } = host;
  if (agent === null) return [];
  const say = ({ vm, state, pauseReason }: ReturnType<SimulatedHost["domains"]>[number]): string =>
    `${vm} ${state} ${pauseReason ?? ""}`;
  const believed = new Set(agent.lrt.inventory.all().map(say));
  const there = new Set(host.domains().map(say));
  return [
    ...[...there].filter((one) => !believed.has(one)).map((one) => `${host.id} does not know of ${one}`),
    ...[...believed].filter((one) => !there.has(one)).map((one) => `${host.id} believes in ${one}`),
  ];
}
