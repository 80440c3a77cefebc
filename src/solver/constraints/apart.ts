import type { Constraint } from "./constraint.ts";
import type { Spots } from "./spots.ts";

/** Who belongs to which group: several disjoint groups, or one group and everyone else. */
export interface Groups {
  of(vm: number): number;
}

/** VMs of different groups never share a spot (Split; Lonely, with everyone else as the other group). */
export class Apart implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[];
  readonly hosts?: readonly number[];
  readonly #groups: Groups;
  readonly #spots: Spots;
  /** Per spot and group, how often each VM is on it: twice while it moves within the spot. */
  readonly #tenants = new Map<number, Map<number, Map<number, number>>>();
  #excess = 0;

  /** @param scope the VMs in groups; or the hosts, when every VM is in a group. */
  constructor(
    rule: number,
    weight: number,
    scope: { readonly vms: readonly number[]; readonly hosts?: readonly number[] },
    groups: Groups,
    spots: Spots,
  ) {
    this.rule = rule;
    this.weight = weight;
    this.vms = scope.vms;
    if (scope.hosts !== undefined) this.hosts = scope.hosts;
    this.#groups = groups;
    this.#spots = spots;
  }

  enter(vm: number, host: number): void {
    const tenants = this.#tenantsOf(host);
    if (tenants === null) return;
    const group = this.#groups.of(vm);
    const mates = tenants.get(group);
    if (mates !== undefined) {
      mates.set(vm, (mates.get(vm) ?? 0) + 1);
      return;
    }
    if (tenants.size > 0) this.#excess++;
    tenants.set(group, new Map([[vm, 1]]));
  }

  leave(vm: number, host: number): void {
    const tenants = this.#tenantsOf(host);
    const group = this.#groups.of(vm);
    const mates = tenants?.get(group);
    if (tenants === null || mates === undefined) return;
    const times = (mates.get(vm) ?? 0) - 1;
    if (times > 0) mates.set(vm, times);
    else mates.delete(vm);
    if (mates.size > 0) return;
    tenants.delete(group);
    if (tenants.size > 0) this.#excess--;
  }

  excess(): number {
    return this.#excess;
  }

  admits(vm: number, host: number): boolean {
    const tenants = this.#tenantsOf(host);
    return tenants === null || tenants.size === 0 || tenants.has(this.#groups.of(vm));
  }

  conflict(): readonly number[] {
    for (const tenants of this.#tenants.values()) {
      if (tenants.size > 1)
        return [...tenants.values()].slice(0, 2).map((mates) => Math.min(...mates.keys()));
    }
    return [];
  }

  /** Null for hosts outside every spot. */
  #tenantsOf(host: number): Map<number, Map<number, number>> | null {
    const spot = this.#spots.of[host] as number;
    if (spot < 0) return null;
    let tenants = this.#tenants.get(spot);
    if (tenants === undefined) {
      tenants = new Map();
      this.#tenants.set(spot, tenants);
    }
    return tenants;
  }
}

/** Numbered groups; a VM in none of them is in group -1. */
export function numberedGroups(groups: readonly (readonly number[])[]): Groups {
  const of = new Map(groups.flatMap((vms, group) => vms.map((vm): [number, number] => [vm, group])));
  return { of: (vm) => of.get(vm) ?? -1 };
}
