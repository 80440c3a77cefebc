/** Draws a world from a seed: hosts, guests with their policies, links, constants. */
import type { EmbeddedSettings, InitialDomain } from "../../hypervisor/embedded/settings.ts";
import type { Random } from "../../lib/random.ts";
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../lrt/config.ts";
import { DEFAULT_POLICY, type VmPolicy } from "../../model/virtual-machine.ts";
import type { HostSpec } from "../world/host.ts";
import type { LinkSettings } from "../world/network.ts";

export interface SwarmWorld {
  readonly hosts: readonly HostSpec[];
  /** Within a site, and between two. */
  readonly links: readonly [near: LinkSettings, far: LinkSettings];
  readonly lrt: LrtConfig;
  readonly hypervisor: Partial<EmbeddedSettings>;
  /** What a solver's decision costs. */
  readonly msPerDecision: number;
}

const CPU = 4000;
const HOST_MEMORIES = [4096, 8192, 12_288] as const;
const MEMORIES = [256, 512, 1024, 2048] as const;
const LINKS_MIB_PER_SECOND = [100, 200, 1000] as const;
const BANDWIDTHS = [0, 60, 100] as const;
const MAX_DIRTY_RATE = 15;
const TIMEOUTS_MS = [3000, 60_000, 60_000, 300_000] as const;
/** Clocks are wrong by at most so much of a second per second. */
const DRIFT = 0.01;

/** How many hosts worlds have, mostly and otherwise. */
const HOSTS = {
  small: [
    [3, 7],
    [8, 12],
  ],
  large: [
    [25, 35],
    [36, 48],
  ],
} as const;

export function drawWorld(random: Random, size: "small" | "large"): SwarmWorld {
  const [mostly, otherwise] = HOSTS[size];
  const [fewest, most] = random.chance(0.8) ? mostly : otherwise;
  const count = random.int(fewest, most);
  const sites = random.int(1, 3);
  const capacity = { cpu: CPU, memory: random.pick(HOST_MEMORIES) ?? CPU };
  const drifts = random.chance(0.3);
  const hosts = Array.from({ length: count }, (_, i) => {
    const id = `h${i + 1}`;
    return {
      id,
      labels: { site: `s${i % sites}` },
      capacity,
      domains: drawDomains(random, capacity.memory, i + 1, sites),
      clockRate: drifts ? 1 - DRIFT + 2 * DRIFT * random.fraction() : 1,
    };
  });
  return {
    hosts: withRules(hosts, random),
    links: drawLinks(random),
    lrt: drawConstants(random),
    hypervisor: { linkMibPerSecond: random.pick(LINKS_MIB_PER_SECOND) ?? 200 },
    msPerDecision: random.pick([0.005, 0.005, 0.1, 1]) ?? 0.005,
  };
}

/** As many as the memory holds; now and then more, so that a host is overloaded by memory. */
function drawDomains(random: Random, memory: number, host: number, sites: number): InitialDomain[] {
  const domains: InitialDomain[] = [];
  let left = random.chance(0.05) ? memory + 2048 : memory;
  for (let i = random.int(1, 6); i > 0; i--) {
    const size = random.pick(MEMORIES) ?? MEMORIES[0];
    left -= size;
    if (left >= 0) domains.push(drawDomain(random, `v${host}-${domains.length}`, size, host, sites));
  }
  return domains;
}

function drawDomain(random: Random, vm: string, memory: number, host: number, sites: number): InitialDomain {
  const adopted = random.chance(0.2);
  const stamp = {
    ve: "scenario",
    vm,
    handler: "scenario-1-1",
    generation: 1,
    adopted,
    policy: drawPolicy(random, host, sites),
  };
  return {
    vm,
    name: vm,
    cpus: 4,
    memory,
    persistent: adopted,
    load: random.int(50, 700),
    dirtyRate: random.int(0, MAX_DIRTY_RATE),
    powerOffMs: random.int(100, 3000),
    stamp: random.chance(0.1) ? null : stamp,
  };
}

/** Mostly of its own site; now and then of another, so that a rule is broken from the beginning. */
function drawPolicy(random: Random, host: number, sites: number): VmPolicy {
  const bandwidthMibPerSecond = random.pick(BANDWIDTHS) ?? 0;
  const site = random.chance(0.9) ? (host - 1) % sites : random.int(0, sites - 1);
  return {
    ...DEFAULT_POLICY,
    require: random.chance(0.1) ? { site: `s${site}` } : {},
    balancing: random.chance(0.1) ? "off" : "auto",
    drain: random.chance(0.05) ? "stay" : "live",
    migration: { bandwidthMibPerSecond, timeoutMs: random.pick(TIMEOUTS_MS) ?? 60_000 },
  };
}

/** Pairs that must be apart or together; both know. */
function withRules(hosts: readonly HostSpec[], random: Random): HostSpec[] {
  const vms = hosts.flatMap(({ domains }) => domains).filter(({ stamp }) => stamp !== null);
  const apart = new Map<string, string[]>();
  const together = new Map<string, string[]>();
  for (let i = random.int(0, random.chance(0.2) ? 12 : 3); i > 0; i--)
    pair(apart, random.pick(vms)?.vm, random.pick(vms)?.vm);
  const neighbours = random.chance(0.3)
    ? random.pick(hosts)?.domains.filter((one) => one.stamp !== null)
    : [];
  if (neighbours !== undefined && neighbours.length > 1) {
    const [one, other] = random.shuffle(neighbours);
    if (!(apart.get(one?.vm ?? "") ?? []).includes(other?.vm ?? "")) pair(together, one?.vm, other?.vm);
  }
  const ruled = (domain: InitialDomain): InitialDomain => {
    if (domain.stamp === null) return domain;
    const rules = { apart: apart.get(domain.vm) ?? [], together: together.get(domain.vm) ?? [] };
    return { ...domain, stamp: { ...domain.stamp, policy: { ...domain.stamp.policy, ...rules } } };
  };
  return hosts.map((host) => ({ ...host, domains: host.domains.map(ruled) }));
}

function pair(rules: Map<string, string[]>, one: string | undefined, other: string | undefined): void {
  if (one === undefined || other === undefined || one === other) return;
  if ((rules.get(one) ?? []).includes(other)) return;
  rules.set(one, [...(rules.get(one) ?? []), other]);
  rules.set(other, [...(rules.get(other) ?? []), one]);
}

function drawLinks(random: Random): SwarmWorld["links"] {
  const loss = random.chance(0.3) ? random.fraction() * 0.1 : 0;
  const duplication = random.chance(0.3) ? random.fraction() * 0.3 : 0;
  const near = random.pick([0.2, 1, 20]) ?? 1;
  const far = near + (random.pick([0, 5, 100]) ?? 0);
  const link = (latencyMs: number): LinkSettings => ({ latencyMs, jitterMs: latencyMs, loss, duplication });
  return [link(near), link(far)];
}

/** Shorter than in the field where that makes more happen. */
function drawConstants(random: Random): LrtConfig {
  return {
    ...DEFAULT_LRT_CONFIG,
    holdMs: random.pick([1000, 2000, 5000]) ?? 2000,
    cooldownMs: random.pick([30_000, 120_000, 600_000]) ?? 30_000,
    relistMs: random.pick([20_000, 60_000]) ?? 20_000,
    backoffMaxMs: 30_000,
    maxHosts: random.pick([3, 64, 64]) ?? 64,
    replans: random.pick([1, 3]) ?? 3,
    lifeSlackMs: random.pick([10_000, 60_000]) ?? 60_000,
    leaseMs: random.chance(0.3) ? 15_000 : DEFAULT_LRT_CONFIG.leaseMs,
    renewMs: random.chance(0.3) ? 5000 : DEFAULT_LRT_CONFIG.renewMs,
    consolidate: random.chance(0.15),
    migrationsPerHost: random.int(1, 3),
    solverDecisions: 2000,
  };
}
