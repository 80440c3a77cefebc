import type { Constraint, Places } from "./constraint.ts";
import type { Spots } from "./spots.ts";

/** Its VMs stand on pairwise distinct spots. Excess: VMs too many on their spots. */
export class Spread implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[];
  readonly #spots: Spots;
  readonly #places: Places;
  readonly #crowd = new Map<number, number>();
  #excess = 0;

  constructor(rule: number, weight: number, vms: readonly number[], spots: Spots, places: Places) {
    this.rule = rule;
    this.weight = weight;
    this.vms = vms;
    this.#spots = spots;
    this.#places = places;
  }

  enter(_vm: number, host: number): void {
    const spot = this.#spots.of[host] as number;
    const crowd = this.#crowd.get(spot) ?? 0;
    if (crowd > 0) this.#excess++;
    this.#crowd.set(spot, crowd + 1);
  }

  leave(_vm: number, host: number): void {
    const spot = this.#spots.of[host] as number;
    const crowd = (this.#crowd.get(spot) ?? 0) - 1;
    if (crowd > 0) this.#excess--;
    this.#crowd.set(spot, crowd);
  }

  excess(): number {
    return this.#excess;
  }

  admits(_vm: number, host: number): boolean {
    return (this.#crowd.get(this.#spots.of[host] as number) ?? 0) === 0;
  }

  conflict(): readonly number[] {
    for (const [spot, crowd] of this.#crowd) {
      if (crowd > 1) return this.vms.filter((v) => this.#spotOf(v) === spot).slice(0, 2);
    }
    return [];
  }

  #spotOf(vm: number): number {
    const host = this.#places.at[vm] as number;
    return host < 0 ? -1 : (this.#spots.of[host] as number);
  }
}
