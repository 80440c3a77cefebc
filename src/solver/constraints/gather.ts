import type { Constraint, Places } from "./constraint.ts";
import type { Spots } from "./spots.ts";

/**
 * Its VMs stand on one spot (Gather: a host or a label's value; Among: one of several groups of hosts, and on no
 * host outside them). Excess: spots too many, plus VMs outside every spot.
 */
export class Gather implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[];
  readonly #spots: Spots;
  readonly #places: Places;
  readonly #crowd = new Map<number, number>();
  #outside = 0;

  constructor(rule: number, weight: number, vms: readonly number[], spots: Spots, places: Places) {
    this.rule = rule;
    this.weight = weight;
    this.vms = vms;
    this.#spots = spots;
    this.#places = places;
  }

  enter(_vm: number, host: number): void {
    const spot = this.#spots.of[host] as number;
    if (spot < 0) this.#outside++;
    else this.#crowd.set(spot, (this.#crowd.get(spot) ?? 0) + 1);
  }

  leave(_vm: number, host: number): void {
    const spot = this.#spots.of[host] as number;
    if (spot < 0) {
      this.#outside--;
      return;
    }
    const crowd = (this.#crowd.get(spot) ?? 0) - 1;
    if (crowd === 0) this.#crowd.delete(spot);
    else this.#crowd.set(spot, crowd);
  }

  excess(): number {
    return Math.max(0, this.#crowd.size - 1) + this.#outside;
  }

  admits(_vm: number, host: number): boolean {
    const spot = this.#spots.of[host] as number;
    return spot >= 0 && (this.#crowd.size === 0 || this.#crowd.has(spot));
  }

  conflict(): readonly number[] {
    const placed = this.vms.filter((vm) => (this.#places.at[vm] as number) >= 0);
    const outside = placed.find((vm) => this.#spotOf(vm) < 0);
    if (outside !== undefined) return [outside];
    const anchor = placed[0] as number;
    const stray = placed.find((vm) => this.#spotOf(vm) !== this.#spotOf(anchor));
    return stray === undefined ? [] : [anchor, stray];
  }

  #spotOf(vm: number): number {
    return this.#spots.of[this.#places.at[vm] as number] as number;
  }
}
