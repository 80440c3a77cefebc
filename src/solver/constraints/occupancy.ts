import type { Constraint } from "./constraint.ts";

/** At most so many hosts of a set run anything (MaxOnline: the others may be switched off). */
export class Occupancy implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[] = [];
  readonly hosts: readonly number[];
  readonly #max: number;
  readonly #tenants = new Map<number, Set<number>>();

  constructor(rule: number, weight: number, hosts: readonly number[], max: number) {
    this.rule = rule;
    this.weight = weight;
    this.hosts = hosts;
    this.#max = max;
  }

  enter(vm: number, host: number): void {
    const tenants = this.#tenants.get(host) ?? new Set();
    tenants.add(vm);
    this.#tenants.set(host, tenants);
  }

  leave(vm: number, host: number): void {
    const tenants = this.#tenants.get(host);
    tenants?.delete(vm);
    if (tenants?.size === 0) this.#tenants.delete(host);
  }

  excess(): number {
    return Math.max(0, this.#tenants.size - this.#max);
  }

  admits(_vm: number, host: number): boolean {
    return this.#tenants.has(host) || this.#tenants.size < this.#max;
  }

  /** One VM of each occupied host: some host must be left by all, so by that one. */
  conflict(): readonly number[] {
    const hosts = [...this.#tenants].sort(([a, x], [b, y]) => x.size - y.size || a - b);
    return hosts.map(([, vms]) => Math.min(...vms));
  }
}
