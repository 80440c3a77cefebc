/** Runs a scenario: its deeds in their time, every checker at every step, and what must have settled at the end. */
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../lrt/config.ts";
import { allCheckers } from "../checkers/all.ts";
import type { Checker } from "../checkers/checker.ts";
import { Simulation, type Violation } from "../simulation.ts";
import type { HostSpec } from "../world/host.ts";
import type { LinkSettings } from "../world/network.ts";
import { perDecision } from "../world/solver.ts";
import { perform } from "./deeds.ts";
import type { Scenario } from "./folder.ts";

export interface ScenarioRun {
  /** The story, then where every VM is. */
  readonly log: string;
  readonly violations: readonly Violation[];
  /** What it was to show and did not, or showed and was not to. */
  readonly missed: readonly string[];
}

const LAN: LinkSettings = { latencyMs: 0.2, jitterMs: 0.3, loss: 0, duplication: 0 };

/** @param more checkers besides those of every scenario. */
export function runScenario(scenario: Scenario, more: readonly Checker[] = []): ScenarioRun {
  const { shape, deeds } = scenario;
  const simulation = stage(scenario, true, more);
  simulation.start();
  for (const deed of deeds) {
    if (!simulation.run(deed.at)) break;
    perform(deed, simulation);
  }
  if (simulation.violations.length === 0) simulation.demandSettled();
  const lines = [...simulation.story.lines, ...placement(simulation, scenario)];
  return {
    log: `${lines.join("\n")}\n`,
    violations: simulation.violations,
    missed: missedOf(shape, lines),
  };
}

/** A scenario's world before anything happens in it, with every checker. `trace`: whether the story is kept. */
export function stage(
  scenario: Pick<Scenario, "shape" | "hosts">,
  trace = true,
  more: readonly Checker[] = [],
): Simulation {
  const { shape, hosts } = scenario;
  const lrt: LrtConfig = { ...DEFAULT_LRT_CONFIG, ...shape.lrt };
  return new Simulation({
    seed: shape.seed,
    hosts,
    config: { lrt, membership: {} },
    hypervisor: definedOf(shape.hypervisor),
    linkOf: linksOf(scenario),
    ...(shape.msPerDecision === undefined ? {} : { solverCost: perDecision(shape.msPerDecision) }),
    checkers: [...allCheckers(lrt), ...more],
    trace,
  });
}

function definedOf<T extends object>(given: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> };
}

function linksOf({
  shape,
  hosts,
}: Pick<Scenario, "shape" | "hosts">): (from: string, to: string) => LinkSettings {
  const near = shape.link ?? LAN;
  const far = shape.between ?? near;
  const racks = new Map(
    hosts.map(({ id, labels }: HostSpec) => [id, `${labels["rack"] ?? ""}/${labels["site"] ?? ""}`]),
  );
  return (from, to) => (racks.get(from) === racks.get(to) ? near : far);
}

/** Where every VM executes and what that comes to, by the loads the script has given them. */
function placement(simulation: Simulation, { hosts, deeds }: Scenario): readonly string[] {
  const domains = hosts.flatMap((host) => host.domains);
  const loads = new Map(domains.map(({ vm, load }) => [vm, load]));
  for (const { verb, words } of deeds) if (verb === "load") loads.set(words[0] ?? "", Number(words[1]));
  const most = new Map(domains.map(({ vm, cpus }) => [vm, cpus * 1000]));
  const wanted = (vm: string): number => Math.min(loads.get(vm) ?? 0, most.get(vm) ?? 0);
  return simulation.hosts.map((host) => {
    const vms = [...host.executing()].sort();
    const cpu = vms.reduce((sum, vm) => sum + wanted(vm), 0);
    const over = cpu > host.spec.capacity.cpu ? ", over" : "";
    return `${host.id}: ${vms.join(" ") || "no VM"} (${cpu} of ${host.spec.capacity.cpu} mCPU${over})`;
  });
}

function missedOf({ shows, never }: Scenario["shape"], lines: readonly string[]): readonly string[] {
  const missed: string[] = [];
  let from = 0;
  for (const text of shows) {
    const at = lines.findIndex((line, index) => index >= from && line.includes(text));
    if (at < 0) missed.push(`does not show: ${text}`);
    else from = at + 1;
  }
  const unwanted = never.filter((text) => lines.some((line) => line.includes(text)));
  return [...missed, ...unwanted.map((text) => `shows what it must not: ${text}`)];
}
