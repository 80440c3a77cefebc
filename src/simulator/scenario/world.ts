import type { InitialDomain } from "../../hypervisor/embedded/settings.ts";
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../lrt/config.ts";
import { DEFAULT_MIGRATION, type VmPolicy } from "../../model/virtual-machine.ts";
import { allCheckers } from "../checkers/all.ts";
import type { SimulationSpec } from "../simulation.ts";
import type { HostSpec } from "../world/host.ts";
import type { LinkSettings } from "../world/network.ts";
import type { ScenarioFile } from "./schema.ts";

type VmEntry = NonNullable<ScenarioFile["vms"]>[string];

const HOST = { cpu: 4000, memory: 16_384 };
/** Farther than hosts that are near each other, near enough not to matter. */
const LINK = { latencyMs: 5, jitterMs: 1 };
const NEAR: LinkSettings = { latencyMs: 0.2, jitterMs: 0.1, loss: 0, duplication: 0 };

/** The simulation that a scenario's file describes. */
export function worldOf(
  name: string,
  file: ScenarioFile,
): Omit<SimulationSpec, "checkers"> & { lrt: LrtConfig } {
  const lrt = { ...DEFAULT_LRT_CONFIG, ...(file.lrt as Partial<LrtConfig> | undefined) };
  return {
    seed: file.seed ?? name,
    hosts: Object.entries(file.hosts).map(([id, entry]) => hostOf(id, entry, file)),
    config: { lrt, membership: {} },
    hypervisor: file.hypervisor ?? {},
    linkOf: linksOf(file),
    ...(file.msPerDecision === undefined ? {} : { msPerDecision: file.msPerDecision }),
    lrt,
  };
}

/** The same with its checkers. */
export function specOf(name: string, file: ScenarioFile): SimulationSpec {
  const { lrt, ...spec } = worldOf(name, file);
  return { ...spec, checkers: allCheckers(lrt) };
}

function hostOf(id: string, entry: ScenarioFile["hosts"][string], file: ScenarioFile): HostSpec {
  const common = file.host;
  const here = Object.entries(file.vms ?? {}).filter(([, vm]) => vm.host === id);
  return {
    id,
    labels: entry?.labels ?? common?.labels ?? {},
    capacity: {
      cpu: entry?.cpu ?? common?.cpu ?? HOST.cpu,
      memory: entry?.memory ?? common?.memory ?? HOST.memory,
    },
    domains: here.map(([name, vm]) => domainOf(name, { ...file.vm, ...vm })),
  };
}

function domainOf(name: string, vm: VmEntry): InitialDomain {
  const adopted = vm.adopted ?? false;
  const stamp = { ve: name, vm: name, handler: name, generation: 1, adopted, policy: policyOf(vm) };
  return {
    vm: name,
    name,
    cpus: vm.cpus ?? 4,
    memory: vm.memory ?? 1024,
    persistent: adopted,
    stamp: vm.managed === false ? null : stamp,
    load: vm.load ?? 100,
    dirtyRate: vm.dirty ?? 0,
    powerOffMs: 1000,
  };
}

function policyOf({ apart, together, require, balancing, drain, migrationTimeoutMs }: VmEntry): VmPolicy {
  return {
    apart: apart ?? [],
    together: together ?? [],
    require: require ?? {},
    balancing: balancing ?? "auto",
    drain: drain ?? "live",
    migration: { ...DEFAULT_MIGRATION, ...(migrationTimeoutMs && { timeoutMs: migrationTimeoutMs }) },
    priority: 50,
  };
}

function linksOf({ link, near = [] }: ScenarioFile): (from: string, to: string) => LinkSettings {
  const { latencyMs = LINK.latencyMs, jitterMs = LINK.jitterMs } = link ?? {};
  const far: LinkSettings = { latencyMs, jitterMs, loss: 0, duplication: 0 };
  const pairs = new Set(near.flatMap((group) => group.flatMap((a) => group.map((b) => `${a}>${b}`))));
  return (from, to) => (pairs.has(`${from}>${to}`) ? NEAR : far);
}
