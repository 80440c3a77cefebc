/**
 * Seeded families of reconfiguration problems, from easy to hard. Integers only; the same seed draws the same problem
 * everywhere. `packed` is the hard one: a viable placement exists by construction, with 5 % or 2 % to spare.
 */
import { Random } from "../../src/lib/random.ts";
import type { Rule } from "../../src/model/constraint.ts";
import type { Problem, ProblemHost, ProblemVm } from "../../src/solver/index.ts";

export const FAMILIES = {
  /** 8 cores and 32 GiB, ten VMs of 1 GiB around 60 % of a core; a tenth of the hosts overloaded in CPU. */
  hot: (hosts: number, seed: number) =>
    new Family("hot", hosts, seed).hot(Math.max(1, Math.round(hosts / 10))),
  /** The same with a single overloaded host. */
  event: (hosts: number, seed: number) => new Family("event", hosts, seed).hot(1),
  /** Mixed hosts and VMs, four fifths of the memory taken; a tenth of the hosts hot, some VMs grown. */
  mixed: (hosts: number, seed: number) => new Family("mixed", hosts, seed).mixed(),
  /** Mixed, with 95.5 % of the memory taken. */
  tight: (hosts: number, seed: number) => new Family("tight", hosts, seed).tight(0.955),
  /** Full hosts whose large VMs must change places in cycles; a tenth of the hosts have room for one. */
  swap: (hosts: number, seed: number) => new Family("swap", hosts, seed).swap(),
  /** One host in twelve is to be emptied. */
  drain: (hosts: number, seed: number) => new Family("drain", hosts, seed).drain(),
  /** Spread, gather, ban and fence, some broken; one host in sixteen to be emptied, as many hot. */
  affinity: (hosts: number, seed: number) => new Family("affinity", hosts, seed).affinity(),
  packed95: (hosts: number, seed: number) => new Family("packed95", hosts, seed).packed(0.95),
  packed98: (hosts: number, seed: number) => new Family("packed98", hosts, seed).packed(0.98),
} as const;

export const INFEASIBLE = {
  load: (hosts: number, seed: number) => new Family("load", hosts, seed).overload(),
  pigeonhole: (hosts: number, seed: number) => new Family("pigeonhole", hosts, seed).pigeonhole(),
  spread: (hosts: number, seed: number) => new Family("spread", hosts, seed).tooSpread(),
  deadlock: (hosts: number, seed: number) => new Family("deadlock", hosts, seed).deadlock(),
} as const;

export type FamilyName = keyof typeof FAMILIES;

interface Draft {
  cpu: number;
  memory: number;
  host: number;
  /** Most CPU the VM can use. */
  readonly most: number;
}

/** Cores, GiB and how often. */
const CLASSES = [
  { cores: 1, gib: 2, weight: 30 },
  { cores: 2, gib: 4, weight: 25 },
  { cores: 2, gib: 8, weight: 15 },
  { cores: 4, gib: 16, weight: 15 },
  { cores: 8, gib: 32, weight: 8 },
  { cores: 4, gib: 48, weight: 7 },
] as const;
const GIB = 1024;

class Family {
  readonly #random: Random;
  readonly #count: number;
  readonly #capacities: { cpu: number; memory: number }[] = [];
  readonly #vms: Draft[] = [];
  readonly #rules: Rule[] = [];

  constructor(name: string, hosts: number, seed: number) {
    this.#random = new Random(`${name}/${hosts}/${seed}`);
    this.#count = hosts;
  }

  hot(overloaded: number): Problem {
    const hot = new Set(this.#some(overloaded));
    for (let host = 0; host < this.#count; host++) {
      this.#capacities.push({ cpu: 8000, memory: 32 * GIB });
      for (let k = 0; k < 10; k++) {
        const cpu = hot.has(host) ? this.#normal(920, 60, 850, 1000) : this.#normal(600, 200, 20, 1000);
        this.#vms.push({ cpu, memory: GIB, host, most: 1000 });
      }
    }
    return this.#problem();
  }

  mixed(): Problem {
    this.#fill(0.82, 0.75);
    this.#heat(this.#some(Math.max(1, Math.round(this.#count / 10))), 1.08);
    for (const host of this.#some(Math.max(1, Math.round(this.#count / 20)))) this.#growOn(host);
    return this.#problem();
  }

  tight(memory: number): Problem {
    this.#fill(memory, 0.7);
    this.#heat(this.#some(Math.max(1, Math.round(this.#count * 0.12))), 1.06);
    return this.#problem();
  }

  drain(): Problem {
    this.#fill(0.75, 0.75);
    const hosts = this.#some(Math.max(1, Math.round(this.#count / 12)));
    this.#rules.push({ kind: "offline", hosts: hosts.map(hostId) });
    return this.#problem();
  }

  swap(): Problem {
    const order = this.#random.shuffle([...Array(this.#count).keys()]);
    const pivots = Math.max(1, Math.floor(this.#count / 10));
    const full = order.slice(pivots);
    const large = this.#fillForSwaps(new Set(order.slice(0, pivots)));
    for (let at = 0; at + 1 < full.length * 0.4; ) {
      const cycle = full.slice(at, at + this.#random.int(2, 4));
      at += cycle.length;
      if (cycle.length > 1) this.#tieCycle(cycle, large);
    }
    return this.#problem();
  }

  affinity(): Problem {
    this.#fill(0.72, 0.7);
    this.#spreads();
    this.#gathers();
    this.#bansAndFences();
    const some = Math.max(1, Math.round(this.#count / 16));
    this.#rules.push({ kind: "offline", hosts: this.#some(some).map(hostId) });
    this.#heat(this.#some(some), 1.06);
    return this.#problem();
  }

  packed(used: number): Problem {
    const capacity = { cpu: 32_000, memory: 128 * GIB };
    for (let host = 0; host < this.#count; host++) {
      this.#capacities.push({ ...capacity });
      const count = this.#random.int(9, 15);
      const cpus = this.#split(Math.round(capacity.cpu * used), count, 50);
      const memories = this.#split(Math.round(capacity.memory * used), count, 256);
      for (let k = 0; k < count; k++) {
        this.#vms.push({ cpu: cpus[k] as number, memory: memories[k] as number, host, most: capacity.cpu });
      }
    }
    this.#trade(Math.max(1, Math.round(this.#count * 0.15)), capacity);
    return this.#problem();
  }

  overload(): Problem {
    for (let host = 0; host < this.#count; host++) {
      this.#capacities.push({ cpu: 8000, memory: 32 * GIB });
      for (let k = 0; k < 10; k++)
        this.#vms.push({ cpu: this.#random.int(805, 900), memory: GIB, host, most: 1000 });
    }
    return this.#problem();
  }

  /** One VM of more than half a host per host, and one host to be emptied. */
  pigeonhole(): Problem {
    for (let host = 0; host < this.#count; host++) {
      this.#capacities.push({ cpu: 16_000, memory: 64 * GIB });
      this.#vms.push({ cpu: 1000, memory: 34_000 + this.#random.int(0, 2000), host, most: 1000 });
      for (let k = 0; k < 3; k++) this.#vms.push({ cpu: 500, memory: 2 * GIB, host, most: 500 });
    }
    this.#rules.push({ kind: "offline", hosts: [hostId(this.#count - 1)] });
    return this.#problem();
  }

  /** More VMs that must stand apart than hosts they may use. */
  tooSpread(): Problem {
    this.hot(0);
    const hosts = this.#some(Math.max(1, Math.min(4, this.#count - 1)));
    const vms = [...hosts.map((host) => host * 10), (hosts[0] as number) * 10 + 1].map(vmId);
    this.#rules.push({ kind: "spread", vms }, { kind: "fence", vms, hosts: hosts.map(hostId) });
    return this.#problem();
  }

  /** Two full hosts that must exchange their large VMs, and no room anywhere. */
  deadlock(): Problem {
    for (let host = 0; host < this.#count; host++) {
      this.#capacities.push({ cpu: 16_000, memory: 64 * GIB });
      this.#vms.push({ cpu: 1000, memory: 40 * GIB, host, most: 1000 });
      for (let k = 0; k < 3; k++) this.#vms.push({ cpu: 500, memory: 8 * GIB, host, most: 500 });
      this.#rules.push({ kind: "root", vms: [1, 2, 3].map((k) => vmId(4 * host + k)) });
    }
    this.#rules.push({ kind: "fence", vms: [vmId(0)], hosts: [hostId(1)] });
    this.#rules.push({ kind: "fence", vms: [vmId(4)], hosts: [hostId(0)] });
    return this.#problem();
  }

  #problem(): Problem {
    const hosts = this.#capacities.map(
      (capacity, i): ProblemHost => ({ id: hostId(i), capacity, online: true, labels: {} }),
    );
    const vms = this.#vms.map(
      ({ cpu, memory, host }, i): ProblemVm => ({
        id: vmId(i),
        state: "running",
        desired: "running",
        host: hostId(host),
        demand: { cpu, memory },
      }),
    );
    return { hosts, vms, rules: this.#rules, objective: "memory" };
  }

  /** So many different hosts, sorted. */
  #some(count: number): readonly number[] {
    return this.#random
      .shuffle([...Array(this.#count).keys()])
      .slice(0, count)
      .sort((a, b) => a - b);
  }

  /** Twelve uniform draws make a bell of the wanted mean and width. */
  #normal(mean: number, width: number, least: number, most: number): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.#random.fraction();
    return Math.round(Math.min(most, Math.max(least, mean + width * sum)));
  }

  #class(): (typeof CLASSES)[number] {
    const draw = this.#random.int(1, 100);
    let sum = 0;
    for (const candidate of CLASSES) {
      sum += candidate.weight;
      if (draw <= sum) return candidate;
    }
    return CLASSES[0];
  }

  #on(host: number): readonly Draft[] {
    return this.#byHost()[host] ?? [];
  }

  #byHost(): readonly (readonly Draft[])[] {
    const lists: Draft[][] = this.#capacities.map(() => []);
    for (const vm of this.#vms) (lists[vm.host] as Draft[]).push(vm);
    return lists;
  }

  /** Two kinds of hosts, each filled with VM classes up to shares of its memory and CPU. */
  #fill(memoryShare: number, cpuShare: number): void {
    for (let host = 0; host < this.#count; host++) {
      const times = this.#random.chance(0.3) ? 2 : 1;
      const capacity = { cpu: 24_000 * times, memory: 128 * GIB * times };
      this.#capacities.push(capacity);
      let cpu = 0;
      let memory = 0;
      for (let misses = 0; misses < 6; ) {
        const { cores, gib } = this.#class();
        const demand = Math.max(50, Math.round((cores * 1000 * this.#normal(45, 20, 5, 100)) / 100));
        if (memory + gib * GIB > capacity.memory * memoryShare || cpu + demand > capacity.cpu * cpuShare) {
          misses++;
          continue;
        }
        cpu += demand;
        memory += gib * GIB;
        this.#vms.push({ cpu: demand, memory: gib * GIB, host, most: cores * 1000 });
      }
    }
  }

  /** Raises the CPU demand on these hosts to a share of what they have. */
  #heat(hosts: readonly number[], share: number): void {
    const lists = this.#byHost();
    for (const host of hosts) {
      const vms = lists[host] as readonly Draft[];
      const wanted = (this.#capacities[host] as { cpu: number }).cpu * share;
      for (let i = 0; i < 400 && vms.reduce((sum, vm) => sum + vm.cpu, 0) < wanted; i++) {
        const vm = this.#random.pick(vms) as Draft;
        vm.cpu = Math.min(vm.most, vm.cpu + Math.max(100, Math.round(vm.most * 0.15)));
      }
    }
  }

  /** VMs grow by half until the host holds too much memory. */
  #growOn(host: number): void {
    const vms = this.#on(host).filter((vm) => vm.memory < 60_000);
    const room = (this.#capacities[host] as { memory: number }).memory;
    for (let i = 0; i < 30 && this.#on(host).reduce((sum, vm) => sum + vm.memory, 0) <= room; i++) {
      const vm = this.#random.pick(vms);
      if (vm !== undefined) vm.memory = Math.round(vm.memory * 1.5);
    }
  }

  /** Every host but the pivots is full to the last GiB; returns each one's large VM. */
  #fillForSwaps(pivots: ReadonlySet<number>): ReadonlyMap<number, number> {
    const large = new Map<number, number>();
    for (let host = 0; host < this.#count; host++) {
      this.#capacities.push({ cpu: 16_000, memory: 64 * GIB });
      let memory = 0;
      if (!pivots.has(host)) {
        memory = 20 * GIB;
        large.set(host, this.#vms.push({ cpu: 2000, memory, host, most: 2000 }) - 1);
      }
      const limit = pivots.has(host) ? 64 * GIB - 25 * GIB : 63 * GIB;
      for (let misses = 0; misses < 5; ) {
        const size = GIB * 2 ** this.#random.int(1, 3);
        if (memory + size > limit) {
          misses++;
          continue;
        }
        memory += size;
        this.#vms.push({ cpu: this.#random.int(200, 800), memory: size, host, most: 1000 });
      }
    }
    return large;
  }

  #tieCycle(cycle: readonly number[], large: ReadonlyMap<number, number>): void {
    for (const [k, host] of cycle.entries()) {
      const next = cycle[(k + 1) % cycle.length] as number;
      this.#rules.push({ kind: "fence", vms: [vmId(large.get(host) as number)], hosts: [hostId(next)] });
    }
  }

  /** Triples to stand apart; one in twelve stands together now. */
  #spreads(): void {
    const used = new Set<number>();
    for (let k = 0; k < this.#vms.length / 10; k++) {
      const broken = this.#random.chance(0.08);
      const group = new Set<number>();
      for (let tries = 0; group.size < 3 && tries < 60; tries++) {
        const vm = this.#random.int(0, this.#vms.length - 1);
        const hosts = new Set([...group].map((other) => (this.#vms[other] as Draft).host));
        const together = hosts.has((this.#vms[vm] as Draft).host);
        if (!used.has(vm) && (group.size === 0 || together === (broken && group.size === 1))) group.add(vm);
      }
      for (const vm of group) used.add(vm);
      if (group.size > 1) this.#rules.push({ kind: "spread", vms: [...group].map(vmId) });
    }
  }

  /** On every second host two small VMs that belong together. */
  #gathers(): void {
    const spread = new Set(this.#rules.flatMap((rule) => (rule.kind === "spread" ? rule.vms : [])));
    const index = new Map(this.#vms.map((vm, i) => [vm, i]));
    for (const vms of this.#byHost()) {
      const small = vms
        .map((vm) => index.get(vm) as number)
        .filter((i) => (this.#vms[i] as Draft).memory <= 8 * GIB);
      const pair = small
        .map(vmId)
        .filter((id) => !spread.has(id))
        .slice(0, 2);
      if (pair.length === 2 && this.#random.chance(0.5)) this.#rules.push({ kind: "gather", vms: pair });
    }
  }

  /** Bans that hold already but for one in twenty; fences to the eighth of the hosts where the VM is. */
  #bansAndFences(): void {
    const zones = Math.max(1, Math.floor(this.#count / 8));
    const tied = new Set(this.#rules.flatMap((rule) => ("vms" in rule ? rule.vms : [])));
    for (const [i, vm] of this.#vms.entries()) {
      const draw = this.#random.fraction();
      if (draw < 0.05) {
        const hosts = this.#some(Math.max(1, Math.floor(this.#count / 5))).filter(
          (host) => host !== vm.host || this.#random.chance(0.05),
        );
        if (hosts.length > 0 && hosts.length < this.#count)
          this.#rules.push({ kind: "ban", vms: [vmId(i)], hosts: hosts.map(hostId) });
      } else if (draw < 0.1 && zones > 1 && !tied.has(vmId(i))) {
        const zone = [...Array(this.#count).keys()].filter((host) => host % zones === vm.host % zones);
        this.#rules.push({ kind: "fence", vms: [vmId(i)], hosts: zone.map(hostId) });
      }
    }
  }

  /** A total in so many unequal parts, in whole units. */
  #split(total: number, count: number, unit: number): readonly number[] {
    const shares = Array.from(
      { length: count },
      () => 0.15 + 2 * this.#random.fraction() * this.#random.fraction(),
    );
    const whole = shares.reduce((sum, share) => sum + share, 0);
    const parts = shares.map((share) => Math.max(unit, Math.floor((total * share) / whole / unit) * unit));
    let rest = Math.floor(total / unit) * unit - parts.reduce((sum, part) => sum + part, 0);
    for (let i = 0; rest !== 0; i = (i + 1) % count) {
      const step = rest > 0 ? unit : (parts[i] as number) > unit ? -unit : 0;
      parts[i] = (parts[i] as number) + step;
      rest -= step;
    }
    return parts;
  }

  /** VMs trade places, memory staying legal, until so many hosts hold too much CPU. */
  #trade(overloaded: number, capacity: { readonly cpu: number; readonly memory: number }): void {
    const lists = this.#byHost();
    const cpu = lists.map((vms) => vms.reduce((sum, vm) => sum + vm.cpu, 0));
    const memory = lists.map((vms) => vms.reduce((sum, vm) => sum + vm.memory, 0));
    let over = 0;
    for (let tries = 0; over < overloaded && tries < 400_000; tries++) {
      const a = this.#random.pick(this.#vms) as Draft;
      const b = this.#random.pick(this.#vms) as Draft;
      const [i, j] = [a.host, b.host];
      const [dc, dm] = [a.cpu - b.cpu, a.memory - b.memory];
      const legal =
        (memory[i] as number) - dm <= capacity.memory && (memory[j] as number) + dm <= capacity.memory;
      const before = (cpu[i] as number) <= capacity.cpu && (cpu[j] as number) <= capacity.cpu;
      if (i === j || !legal || !before || (cpu[j] as number) + dc <= capacity.cpu) continue;
      cpu[i] = (cpu[i] as number) - dc;
      cpu[j] = (cpu[j] as number) + dc;
      memory[i] = (memory[i] as number) - dm;
      memory[j] = (memory[j] as number) + dm;
      a.host = j;
      b.host = i;
      over++;
    }
  }
}

const hostId = (i: number): string => `h${i}`;
const vmId = (i: number): string => `v${i}`;
