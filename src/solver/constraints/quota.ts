import type { Constraint } from "./constraint.ts";

/** What the VMs on a set of hosts take together stays within a maximum (RunningCapacity, ResourceCapacity, Overbook). */
export class Quota implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[] = [];
  readonly hosts: readonly number[];
  readonly #max: number;
  readonly #amount: (vm: number) => number;
  /** VMs on the set; a VM that moves within it is there twice for a moment. */
  readonly #tenants = new Map<number, number>();
  #taken = 0;

  constructor(
    rule: number,
    weight: number,
    hosts: readonly number[],
    max: number,
    amount: (vm: number) => number,
  ) {
    this.rule = rule;
    this.weight = weight;
    this.hosts = hosts;
    this.#max = max;
    this.#amount = amount;
  }

  enter(vm: number): void {
    this.#taken += this.#amount(vm);
    this.#tenants.set(vm, (this.#tenants.get(vm) ?? 0) + 1);
  }

  leave(vm: number): void {
    this.#taken -= this.#amount(vm);
    const times = (this.#tenants.get(vm) ?? 0) - 1;
    if (times > 0) this.#tenants.set(vm, times);
    else this.#tenants.delete(vm);
  }

  excess(): number {
    return Math.max(0, this.#taken - this.#max);
  }

  admits(vm: number): boolean {
    const amount = this.#amount(vm);
    return amount === 0 || this.#taken + amount <= this.#max;
  }

  conflict(): readonly number[] {
    return [...this.#tenants.keys()].filter((vm) => this.#amount(vm) > 0).sort((a, b) => a - b);
  }
}
