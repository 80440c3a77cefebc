import { Random } from "../../src/lib/random.ts";
import { type BalancingMode, DEFAULT_LRT_CONFIG, type LrtConfig } from "../../src/lrt/config.ts";
import type { ArrivingVm, EventCause, SchedulingEvent } from "../../src/lrt/scheduling/event.ts";
import type { NodeSnapshot, VmSnapshot } from "../../src/lrt/scheduling/snapshot.ts";
import type { NodeId } from "../../src/model/node.ts";
import { DEFAULT_POLICY, type VmId, type VmPolicy } from "../../src/model/virtual-machine.ts";

/** What a partition may come to plan for: the hosts it holds, as they told it, and its events, the own one first. */
export interface DrawnPartition {
  readonly members: readonly NodeSnapshot[];
  readonly events: readonly [SchedulingEvent, ...SchedulingEvent[]];
  readonly mode: BalancingMode;
  readonly config: LrtConfig;
  /** Moves that failed in it before. */
  readonly failed: readonly { readonly vm: VmId; readonly host: NodeId }[];
}

const KINDS = [
  "overload",
  "overload",
  "underload",
  "underload",
  "arrival",
  "drain",
  "drain",
  "violation",
  "move",
] as const;
/** Whom a partition has heard of and does not hold. */
const OUTSIDE = "h99";

/** The same seed draws the same. */
export function randomPartition(seed: string): DrawnPartition {
  return new Draw(new Random(seed)).partition();
}

class Draw {
  readonly #random: Random;
  readonly #nodes: readonly NodeId[];
  readonly #ids: readonly VmId[];
  /** How likely a VM is on a second host. */
  readonly #doubled: number;

  constructor(random: Random) {
    this.#random = random;
    this.#nodes = Array.from({ length: random.int(2, this.#one([5, 5, 5, 9])) }, (_, i) => `h${i + 1}`);
    this.#ids = Array.from({ length: random.int(0, 5 * this.#nodes.length) }, (_, i) => `v${i + 1}`);
    this.#doubled = this.#one([0, 0, 0.02, 0.15]);
  }

  partition(): DrawnPartition {
    const random = this.#random;
    const policies = this.#policies();
    const vms = this.#ids.map((id) => this.#vm(id, policies.get(id) ?? DEFAULT_POLICY));
    const homes = vms.map((vm) => ({ vm, on: this.#holders() }));
    const hosts = this.#nodes.map((node, i) =>
      this.#host(
        node,
        i,
        homes.filter(({ on }) => on.has(node)).map(({ vm }) => vm),
      ),
    );
    const others = Array.from({ length: random.chance(0.5) ? 0 : random.int(0, 2) }, (_, i) =>
      this.#event(i + 2, hosts, random.chance(0.1)),
    );
    const events = [this.#event(1, hosts, false), ...others] as const;
    const drained = new Set(events.filter(({ cause }) => cause.kind === "drain").map(({ origin }) => origin));
    return {
      members: hosts.map((host) => ({ ...host, draining: host.draining || drained.has(host.node) })),
      events,
      mode: this.#one(["auto", "auto", "recommend", "manual"]),
      config: this.#config(),
      failed: random.chance(0.1) ? this.#some(1, this.#ids).map((vm) => ({ vm, host: this.#node() })) : [],
    };
  }

  #config(): LrtConfig {
    return {
      ...DEFAULT_LRT_CONFIG,
      migrationsPerHost: this.#random.int(1, 3),
      overloadPermille: this.#one([1000, 900, 800]),
      consolidate: true,
      solverDecisions: this.#one([10, 50, 200, 2000]),
    };
  }

  #host(node: NodeId, i: number, vms: readonly VmSnapshot[]): NodeSnapshot {
    return {
      node,
      name: node,
      capacity: { cpu: 4000, memory: this.#one([4096, 4096, 8192]) },
      labels: { site: `s${i % 2}` },
      draining: this.#random.chance(0.03),
      version: 1,
      vms,
    };
  }

  /** Now and then two hosts say that they hold the same VM. */
  #holders(): ReadonlySet<NodeId> {
    return new Set([this.#node(), ...(this.#random.chance(this.#doubled) ? [this.#node()] : [])]);
  }

  #vm(id: VmId, policy: VmPolicy): VmSnapshot {
    const random = this.#random;
    const isLarge = random.chance(0.15);
    return {
      id,
      name: id,
      demand: {
        cpu: isLarge ? random.int(1000, 3500) : random.int(50, 900),
        memory: this.#one([256, 512, 1024, 1024, 2048]),
      },
      pinned: random.chance(0.08) ? "not managed" : null,
      adopted: false,
      policy,
      left: random.chance(0.15)
        ? this.#some(random.int(1, this.#one([1, 1, 2, 4])), this.#nodes).map((host) => ({
            host,
            agoMs: 1000,
          }))
        : [],
      failed: random.chance(0.07) ? [{ host: this.#node(), forMs: 1000 }] : [],
      restsForMs: random.chance(0.03) ? 1000 : null,
    };
  }

  /** Pairs that must be apart, or together, know of each other. */
  #policies(): ReadonlyMap<VmId, VmPolicy> {
    const random = this.#random;
    const policies = new Map(this.#ids.map((id) => [id, this.#policy()]));
    for (let i = random.int(0, 3); i > 0; i--) {
      const [a = "", b = ""] = this.#some(2, this.#ids);
      const [one, other] = [policies.get(a), policies.get(b)];
      if (one === undefined || other === undefined) continue;
      if ([...one.apart, ...one.together].includes(b)) continue;
      const kind = random.chance(0.6) ? "apart" : "together";
      policies.set(a, { ...one, [kind]: [...one[kind], b] });
      policies.set(b, { ...other, [kind]: [...other[kind], a] });
    }
    return policies;
  }

  #policy(): VmPolicy {
    const random = this.#random;
    return {
      ...DEFAULT_POLICY,
      require: random.chance(0.12) ? { site: this.#one(["s0", "s1"]) } : {},
      balancing: random.chance(0.12) ? this.#one(["off", "recommend"]) : "auto",
      together: random.chance(0.03) ? ["elsewhere"] : [],
      drain: random.chance(0.1) ? "stay" : "live",
    };
  }

  #event(counter: number, hosts: readonly NodeSnapshot[], isOutside: boolean): SchedulingEvent {
    const host = this.#one(hosts);
    const origin = isOutside ? OUTSIDE : host.node;
    const cause = this.#cause(counter, isOutside ? [] : host.vms);
    return { id: `${origin}/${cause.kind}/1.${counter}`, origin, raisedAt: 0, cause };
  }

  #cause(counter: number, here: readonly VmSnapshot[]): EventCause {
    const random = this.#random;
    const kind = this.#one(KINDS);
    switch (kind) {
      case "overload":
        return { kind, resource: "cpu", wanted: 1, limit: 1 };
      case "underload":
        return { kind, wanted: 1 };
      case "drain":
        return { kind };
      case "violation":
        return { kind, vms: [], rule: "" };
      case "arrival":
        return { kind, ve: "new", vms: this.#arriving(counter) };
      case "move": {
        // Another plan may have taken it elsewhere, or it has ended.
        const vm = random.chance(0.8) ? random.pick(here)?.id : random.pick(this.#ids);
        return { kind, vm: vm ?? "gone", to: random.chance(0.7) ? this.#node() : null };
      }
    }
  }

  #arriving(counter: number): readonly ArrivingVm[] {
    const random = this.#random;
    const ids = Array.from({ length: random.int(1, 2) }, (_, i) => `n${counter}-${i}`);
    const areApart = random.chance(0.5);
    return ids.map((id) => {
      const known = random.chance(0.2) ? this.#some(random.int(1, 2), this.#ids) : [];
      const apart = [...(areApart ? ids.filter((other) => other !== id) : []), ...known];
      const together = !areApart && random.chance(0.2) ? ids.filter((other) => other !== id) : [];
      const policy = {
        ...DEFAULT_POLICY,
        apart,
        together,
        require: random.chance(0.2) ? { site: "s0" } : {},
      };
      const memory = this.#one([512, 2048]);
      return {
        spec: { id, name: id, cpus: 1, memory, disks: [], nics: [] },
        stamp: { ve: "new", vm: id, handler: "h1-1-1", generation: 1, adopted: false, policy },
        demand: { cpu: random.int(1, 1500), memory },
      };
    });
  }

  #node(): NodeId {
    return this.#one(this.#nodes);
  }

  #one<T>(items: readonly T[]): T {
    return this.#random.pick(items) as T;
  }

  #some<T>(count: number, items: readonly T[]): readonly T[] {
    return this.#random.shuffle(items).slice(0, count);
  }
}
