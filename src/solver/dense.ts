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
  readonly problem: Problem;
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
  /** As `domainOf`, for what holds at every instant (continuous bans and fences). */
  readonly passageOf: Int32Array;

  constructor(problem: Problem) {
    this.problem = problem;
    this.hostCount = problem.hosts.length;
    this.vmCount = problem.vms.length;
    this.resources = resourceNames(problem);
    this.width = this.resources.length;
    for (const host of problem.hosts) this.hostIndex.set(host.id, this.hostIndex.size);
    for (const vm of problem.vms) this.vmIndex.set(vm.id, this.vmIndex.size);
    this.room = this.#table(problem.hosts.map((host) => host.capacity));
    this.ceiling = this.room.slice();
    this.held = this.#table(problem.vms.map((vm) => vm.demand));
    this.demand = this.held.slice();
    this.home = new Int32Array(this.vmCount).fill(-1);
    this.image = new Int32Array(this.vmCount).fill(-1);
    this.fate = new Uint8Array(this.vmCount);
    this.fixed = new Uint8Array(this.vmCount);
    this.suspendable = new Uint8Array(this.vmCount);
    this.shut = Uint8Array.from(problem.hosts, (host) => (host.online ? 0 : 1));
    this.closed = this.shut.slice();
    this.domainOf = new Int32Array(this.vmCount).fill(-1);
    this.passageOf = new Int32Array(this.vmCount).fill(-1);
    for (const [v, vm] of problem.vms.entries()) this.#takeVm(vm, v);
    this.meanRoom = this.#means();
    this.charges = new Charges(problem, this.home, this.image);
    this.planRules = new PlanRules(problem, this.vmIndex);
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

  #takeVm(vm: ProblemVm, v: number): void {
    const host = vm.host === null ? -1 : present(this.hostIndex.get(vm.host), `host ${vm.host}`);
    if (vm.state === "running") this.home[v] = host;
    if (vm.state === "sleeping") this.image[v] = host;
    const stands = vm.desired === "running";
    this.fate[v] = stands ? FATE.stands : this.#mustAct(vm) ? FATE.leaves : FATE.rests;
    if (vm.pinned === true && vm.state === "running") this.fixed[v] = 1;
    if (vm.suspendable === true) this.suspendable[v] = 1;
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
