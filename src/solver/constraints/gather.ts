import type { Constraint, Places } from "./constraint.ts";
import type { Spots } from "./spots.ts";

/** Its VMs stand on one spot. Excess: spots too many. */
export class Gather implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[];
  readonly #spots: Spots;
  readonly #places: Places;
  readonly #crowd = new Map<number, number>();

  constructor(rule: number, weight: number, vms: readonly number[], spots: Spots, places: Places) {
    this.rule = rule;
    this.weight = weight;
    this.vms = vms;
    this.#spots = spots;
    this.#places = places;
  }

  enter(_vm: number, host: number): void {
    const spot = this.#spots.of[host] as number;
    this.#crowd.set(spot, (this.#crowd.get(spot) ?? 0) + 1);
  }

  leave(_vm: number, host: number): void {
    const spot = this.#spots.of[host] as number;
    const crowd = (this.#crowd.get(spot) ?? 0) - 1;
    if (crowd === 0) this.#crowd.delete(spot);
    else this.#crowd.set(spot, crowd);
  }

  excess(): number {
    return Math.max(0, this.#crowd.size - 1);
  }

  admits(_vm: number, host: number): boolean {
    return this.#crowd.size === 0 || this.#crowd.has(this.#spots.of[host] as number);
  }

  conflict(): readonly number[] {
    const placed = this.vms.filter((v) => (this.#places.at[v] as number) >= 0);
    const anchor = this.#spotOf(placed[0]);
    const stray = placed.find((v) => this.#spotOf(v) !== anchor);
    return stray === undefined ? [] : [placed[0] as number, stray];
  }

  #spotOf(vm: number | undefined): number {
    return vm === undefined ? -1 : (this.#spots.of[this.#places.at[vm] as number] as number);
  }
}
