/**
 * The problem in dense indices: every id becomes a small integer once, at the border, and the search works on
 * typed arrays. Hosts × resources are row-major (`host * width + resource`).
 */
import { present } from "../lib/assert.ts";
import { type Bits, bitCount, hasBit } from "./bits.ts";
import { Charges } from "./charges.ts";
import { PlanRules } from "./plan-rules.ts";
import type { Amounts, Problem, ProblemVm } from "./problem.ts";

/** What must become of a VM: it stands somewhere at the end, it leaves its host, or nothing. */
export const FATE = { stands: 0, leaves: 1, rests: 2 } as const;

export class Dense {
  #problem: Problem;
  readonly hostCount: number;
  readonly vmCount: number;
  /** Resource names, sorted; `width` is how many. */
  readonly resources: readonly string[];
  readonly width: number;
  readonly hostIndex = new Map<string, number>();
  readonly vmIndex = new Map<string, number>();
  /** What a host may hold at the end. */
  readonly room: Float64Array;
  /** Mean of `room` over the hosts, per resource; at least 1. */
  readonly meanRoom: Float64Array;
  /** What no action may lift a host above, while the plan runs. */
  readonly ceiling: Float64Array;
  /** What a VM takes wherever the plan puts it, and at its end. */
  readonly demand: Float64Array;
  /** What a VM takes where it is now. */
  readonly held: Float64Array;
  /** The host a VM runs on now, or -1. */
  readonly home: Int32Array;
  /** The host that has a sleeping VM's image, or -1. */
  readonly image: Int32Array;
  readonly fate: Uint8Array;
  /** 1: may not be migrated. */
  readonly fixed: Uint8Array;
  readonly suspendable: Uint8Array;
  /** 1: nothing may arrive on this host, ever. */
  readonly shut: Uint8Array;
  /** 1: nothing may stand on this host at the end. */
  readonly closed: Uint8Array;
  readonly charges: Charges;
  readonly planRules: PlanRules;
  /** Index into `domains`, -1: every host. */
  readonly domainOf: Int32Array;
  readonly domains: Bits[] = [];
  /** Whether some VM is to be given more than it has. */
  grows = false;
  /** As `domainOf`, for what holds at every instant (continuous bans and fences). */
  readonly passageOf: Int32Array;

  constructor(problem: Problem) {
    this.#problem = problem;
    this.hostCount = problem.hosts.length;
    this.vmCount = problem.vms.length;
    this.resources = resourceNames(problem);
    this.width = this.resources.length;
    for (const host of problem.hosts) this.hostIndex.set(host.id, this.hostIndex.size);
    for (const vm of problem.vms) this.vmIndex.set(vm.id, this.vmIndex.size);
    this.room = this.#table(problem.hosts.map((host) => host.capacity));
    this.ceiling = this.room.slice();
    this.held = new Float64Array(this.vmCount * this.width);
    this.demand = new Float64Array(this.vmCount * this.width);
    this.home = new Int32Array(this.vmCount).fill(-1);
    this.image = new Int32Array(this.vmCount).fill(-1);
    this.fate = new Uint8Array(this.vmCount);
    this.fixed = new Uint8Array(this.vmCount);
    this.suspendable = new Uint8Array(this.vmCount);
    this.shut = Uint8Array.from(problem.hosts, (host) => (host.online ? 0 : 1));
    this.closed = this.shut.slice();
    this.domainOf = new Int32Array(this.vmCount).fill(-1);
    this.passageOf = new Int32Array(this.vmCount).fill(-1);
    this.charges = new Charges(problem, this.home, this.image);
    for (const [v, vm] of problem.vms.entries()) this.takeVm(vm, v);
    this.meanRoom = this.#means();
    this.planRules = new PlanRules(problem, this.vmIndex);
  }

  get problem(): Problem {
    return this.#problem;
  }

  /** Whether the host may hold the VM at the end, as far as this VM alone is concerned (not: room). */
  mayEnd(vm: number, host: number): boolean {
    if (this.closed[host] === 1) return false;
    if (this.fixed[vm] === 1 && this.home[vm] !== host) return false;
    const domain = this.domainOf[vm] as number;
    return domain < 0 || hasBit(this.domains[domain] as Bits, host);
  }

  /** How many hosts the VM's own rules leave it. */
  choices(vm: number): number {
    if (this.fixed[vm] === 1) return 1;
    const domain = this.domainOf[vm] as number;
    return domain < 0 ? this.hostCount : bitCount(this.domains[domain] as Bits);
  }

  /** Whether the plan may bring the VM to the host, for an instant or for good. */
  mayEnter(vm: number, host: number): boolean {
    if (this.shut[host] === 1 || (this.fixed[vm] === 1 && this.home[vm] !== -1)) return false;
    const passage = this.passageOf[vm] as number;
    return passage < 0 || hasBit(this.domains[passage] as Bits, host);
  }

  /** Where the VM stands before anything is changed; -1: nowhere, or not for long. */
  standsAt(vm: number): number {
    return this.fate[vm] === FATE.stands ? (this.home[vm] as number) : -1;
  }

  /** Serves a new version of the problem, which the tables fit already. */
  adopt(problem: Problem): void {
    this.#problem = problem;
  }

  /** VMs that should stand and run nowhere yet. */
  arriving(): readonly number[] {
    const vms: number[] = [];
    for (let vm = 0; vm < this.vmCount; vm++)
      if (this.home[vm] === -1 && this.fate[vm] === FATE.stands) vms.push(vm);
    return vms;
  }

  hostId(host: number): string {
    return present(this.problem.hosts[host], `host ${host}`).id;
  }

  vmId(vm: number): string {
    return present(this.problem.vms[vm], `VM ${vm}`).id;
  }

  hostsOf(ids: readonly string[]): number[] {
    return ids.map((id) => present(this.hostIndex.get(id), `host ${id}`));
  }

  vmsOf(ids: readonly string[]): number[] {
    return ids.map((id) => present(this.vmIndex.get(id), `VM ${id}`));
  }

  #table(rows: readonly Amounts[]): Float64Array {
    const table = new Float64Array(rows.length * this.width);
    this.resources.forEach((name, r) => {
      for (let i = 0; i < rows.length; i++) table[i * this.width + r] = (rows[i] as Amounts)[name] ?? 0;
    });
    return table;
  }

  #means(): Float64Array {
    const means = new Float64Array(this.width);
    this.room.forEach((amount, cell) => {
      means[cell % this.width] = (means[cell % this.width] as number) + amount / this.hostCount;
    });
    return means.map((mean) => Math.max(1, mean));
  }

  /** Reads a VM into place `v`, as far as no rule is concerned. */
  takeVm(vm: ProblemVm, v: number): void {
    const host = vm.host === null ? -1 : present(this.hostIndex.get(vm.host), vm.host);
    this.home[v] = vm.state === "running" ? host : -1;
    this.image[v] = vm.state === "sleeping" ? host : -1;
    const stands = vm.desired === "running";
    this.fate[v] = stands ? FATE.stands : this.#mustAct(vm) ? FATE.leaves : FATE.rests;
    this.fixed[v] = vm.pinned === true && vm.state === "running" ? 1 : 0;
    this.suspendable[v] = vm.suspendable === true ? 1 : 0;
    for (let r = 0; r < this.width; r++) {
      const amount = vm.demand[this.resources[r] as string] ?? 0;
      this.held[v * this.width + r] = amount;
      this.demand[v * this.width + r] = amount;
    }
    this.charges.take(vm, v);
  }

  #mustAct(vm: ProblemVm): boolean {
    return vm.state === "running" || (vm.state === "sleeping" && vm.desired === "stopped");
  }
}

function resourceNames(problem: Problem): readonly string[] {
  const names = new Set<string>();
  for (const host of problem.hosts) for (const name in host.capacity) names.add(name);
  for (const vm of problem.vms) for (const name in vm.demand) names.add(name);
  for (const rule of problem.rules) if ("resource" in rule) names.add(rule.resource);
  return [...names].sort();
}
