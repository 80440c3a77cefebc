/**
 * One seed draws a whole run: hosts, VMs, what changes, which classes of faults there are and how strong. The deeds
 * are drawn first, with absolute times, each class from a stream of its own: taking one away leaves the rest as it is.
 */
import type { InitialDomain } from "../../hypervisor/embedded/settings.ts";
import { Random } from "../../lib/random.ts";
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../lrt/config.ts";
import { DEFAULT_MIGRATION, DEFAULT_POLICY, type VmPolicy } from "../../model/virtual-machine.ts";
import { allCheckers } from "../checkers/all.ts";
import type { Deed } from "../faults/verbs.ts";
import type { SimulationSpec } from "../simulation.ts";
import type { HostSpec } from "../world/host.ts";
import { drawFaults } from "./faults.ts";

export interface Run {
  readonly seed: number;
  readonly spec: SimulationSpec;
  readonly deeds: readonly Deed[];
  /** When faults end and everything is healed. */
  readonly healAtMs: number;
}

/** Membership has found everybody by then. */
export const WARM_UP_MS = 8_000;

export function drawRun(seed: number, trace: boolean): Run {
  const random = new Random(`swarm/${seed}`);
  const lrt = drawConfig(random.fork("config"));
  const hosts = drawHosts(random.fork("hosts"));
  const vms = hosts.flatMap(({ domains }) => domains.map(({ vm }) => vm));
  const healAtMs = WARM_UP_MS + random.int(40, 150) * 1000;
  const ids = hosts.map(({ id }) => id);
  const deeds = [
    ...drawLoads(random.fork("loads"), hosts, healAtMs),
    ...drawOrders(random.fork("orders"), ids, vms, healAtMs),
    ...drawFaults(random.fork("faults"), ids, vms, healAtMs),
  ].sort((a, b) => a.atMs - b.atMs);
  const latencyMs = random.pick([0.2, 0.2, 2, 20]) ?? 0.2;
  const jitterMs = random.pick([0.1, 1, 10]) ?? 0.1;
  const spec: SimulationSpec = {
    seed: `swarm/${seed}`,
    hosts,
    config: { lrt, membership: {} },
    hypervisor: { linkMibPerSecond: random.pick([100, 400, 1000]) ?? 400 },
    linkOf: () => ({ latencyMs, jitterMs, loss: 0, duplication: 0 }),
    checkers: allCheckers(lrt),
    msPerDecision: random.pick([0.005, 0.05, 1]) ?? 0.005,
    trace,
  };
  return { seed, spec, deeds, healAtMs };
}

function drawConfig(random: Random): LrtConfig {
  return {
    ...DEFAULT_LRT_CONFIG,
    holdMs: random.pick([1000, 2000, 5000]) ?? 5000,
    maxHosts: random.pick([3, 64, 64]) ?? 64,
    migrationsPerHost: random.pick([1, 2, 4]) ?? 2,
    lifeSlackMs: random.pick([10_000, 60_000]) ?? 60_000,
    replans: random.pick([1, 3]) ?? 3,
    consolidate: random.chance(0.15),
  };
}

function drawHosts(random: Random): HostSpec[] {
  const count = random.int(3, random.chance(0.3) ? 12 : 6);
  const cpu = random.pick([2000, 4000, 8000]) ?? 4000;
  const memory = random.pick([4096, 8192, 16_384]) ?? 8192;
  const fill = random.pick([300, 600, 800]) ?? 600;
  return Array.from({ length: count }, (_, i) => ({
    id: `h${i + 1}`,
    labels: random.chance(0.5) ? { site: random.pick(["a", "b"]) ?? "a" } : {},
    capacity: { cpu, memory },
    domains: drawDomains(random, `h${i + 1}`, Math.floor((memory * fill) / 1000), cpu),
  }));
}

function drawDomains(random: Random, host: string, memory: number, cpu: number): InitialDomain[] {
  const domains: InitialDomain[] = [];
  let left = memory;
  for (let n = random.int(0, 5); n > 0; n--) {
    const size = random.pick([256, 512, 1024, 2048]) ?? 512;
    if (size > left) continue;
    left -= size;
    const name = `v${host.slice(1)}-${domains.length + 1}`;
    domains.push(drawDomain(random, name, host, size, Math.floor(cpu / 5)));
  }
  return domains;
}

function drawDomain(random: Random, name: string, host: string, memory: number, load: number): InitialDomain {
  const stamp = {
    ve: name,
    vm: name,
    handler: name,
    generation: 1,
    adopted: random.chance(0.1),
    policy: drawPolicy(random, host),
  };
  return {
    vm: name,
    name,
    cpus: 4,
    memory,
    persistent: stamp.adopted,
    stamp: random.chance(0.05) ? null : stamp,
    load: random.int(50, load),
    dirtyRate: random.pick([0, 20, 200]) ?? 0,
    powerOffMs: 1000,
  };
}

/** Now and then a VM must be apart from the first one of the next host, or is not to be moved. */
function drawPolicy(random: Random, host: string): VmPolicy {
  return {
    ...DEFAULT_POLICY,
    apart: random.chance(0.2) ? [`v${Number(host.slice(1)) + 1}-1`] : [],
    balancing: random.chance(0.05) ? "off" : "auto",
    drain: random.chance(0.05) ? "stay" : "live",
    migration: { ...DEFAULT_MIGRATION, timeoutMs: random.pick([3_000, 60_000, 300_000]) ?? 300_000 },
  };
}

function drawLoads(random: Random, hosts: readonly HostSpec[], endMs: number): Deed[] {
  const guests = hosts.flatMap(({ domains, capacity }) =>
    domains.map(({ vm }) => ({ vm, cpu: capacity.cpu })),
  );
  const everyMs = random.pick([2_000, 5_000, 15_000]) ?? 5_000;
  const most = random.pick([400, 700, 1100]) ?? 700;
  const deeds: Deed[] = [];
  for (let at = WARM_UP_MS; at < endMs; at += random.int(1, 2 * everyMs)) {
    const one = random.pick(guests);
    if (one === undefined) break;
    const load = Math.min(4000, Math.floor((one.cpu * random.int(20, most)) / 1000));
    deeds.push({ atMs: at, verb: "load", args: [one.vm, String(load)] });
  }
  return deeds;
}

function drawOrders(random: Random, hosts: readonly string[], vms: readonly string[], endMs: number): Deed[] {
  const deeds: Deed[] = [];
  for (let n = random.chance(0.5) ? 0 : random.int(1, 6); n > 0; n--) {
    const atMs = random.int(WARM_UP_MS, endMs);
    const host = random.pick(hosts) ?? "h1";
    const vm = random.pick(vms);
    if (random.chance(0.4)) {
      deeds.push({ atMs, verb: "drain", args: [host] });
      deeds.push({ atMs: atMs + random.int(1, 60) * 1000, verb: "restore", args: [host] });
    } else if (vm !== undefined) deeds.push({ atMs, verb: "migrate", args: [vm, "to", host] });
  }
  return deeds;
}
