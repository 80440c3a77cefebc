import type { Constraint } from "./constraint.ts";

/**
 * A rule about single VMs and fixed hosts, as a preference (its strict form narrows domains before the search).
 * Excess: VMs that stand where the rule would not have them.
 */
export class Wish implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[];
  readonly hosts?: readonly number[];
  readonly #unwanted: (vm: number, host: number) => boolean;
  readonly #offenders = new Set<number>();

  constructor(
    rule: number,
    weight: number,
    scope: { readonly vms: readonly number[]; readonly hosts?: readonly number[] },
    unwanted: (vm: number, host: number) => boolean,
  ) {
    this.rule = rule;
    this.weight = weight;
    this.vms = scope.vms;
    if (scope.hosts !== undefined) this.hosts = scope.hosts;
    this.#unwanted = unwanted;
  }

  enter(vm: number, host: number): void {
    if (this.#unwanted(vm, host)) this.#offenders.add(vm);
  }

  leave(vm: number, host: number): void {
    if (this.#unwanted(vm, host)) this.#offenders.delete(vm);
  }

  excess(): number {
    return this.#offenders.size;
  }

  admits(vm: number, host: number): boolean {
    return !this.#unwanted(vm, host);
  }

  /** All of them must stand elsewhere, so one of them must. */
  conflict(): readonly number[] {
    return this.#offenders.size === 0 ? [] : [Math.min(...this.#offenders)];
  }
}
