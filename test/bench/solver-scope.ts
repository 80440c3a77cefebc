/** How much `bench:solver` measures: everything, or what CI has time for. */
import type { FamilyName } from "./families.ts";

export interface Scope {
  /** Seeds on which the solver was developed, and seeds never used for that. */
  readonly seeds: readonly (readonly [name: string, seeds: readonly number[]])[];
  /** The same for the easy families, whose figures are small: the more problems, the less a pause of the machine counts. */
  readonly easySeeds: readonly (readonly [name: string, seeds: readonly number[]])[];
  /** Problems of each family solved before anything is measured. */
  readonly warmUp: number;
  readonly hosts: number;
  /** Milliseconds at which costs on packed hosts are read. */
  readonly marks: readonly number[];
  /** Fresh processes per family. */
  readonly cold: number;
  readonly sizes: readonly number[];
  readonly largest: number;
  readonly peerCapMs: number;
  readonly peers: readonly (readonly [FamilyName, number])[];
}

const from = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);

export const FULL: Scope = {
  seeds: [
    ["development", from(1, 10)],
    ["fresh", from(1001, 10)],
  ],
  easySeeds: [
    ["development", from(1, 40)],
    ["fresh", from(1001, 40)],
  ],
  warmUp: 12,
  hosts: 64,
  marks: [50, 100, 200, 500, 1000, 2000],
  cold: 3,
  sizes: [8, 64, 256, 1000, 4000, 10_000],
  largest: 10_000,
  peerCapMs: 20_000,
  peers: [
    ["hot", 20],
    ["mixed", 20],
    ["tight", 20],
    ["drain", 20],
    ["affinity", 20],
    ["packed95", 10],
    ["packed95", 20],
    ["packed98", 20],
    ["hot", 64],
    ["swap", 64],
    ["packed95", 64],
    ["hot", 256],
    ["hot", 1000],
  ],
};

export const QUICK: Scope = {
  ...FULL,
  seeds: [
    ["development", from(1, 3)],
    ["fresh", from(1001, 3)],
  ],
  easySeeds: [
    ["development", from(1, 10)],
    ["fresh", from(1001, 10)],
  ],
  warmUp: 3,
  marks: [50, 100, 200, 500],
  cold: 1,
  sizes: [8, 64, 256, 1000],
  largest: 2000,
  peerCapMs: 6000,
  peers: [
    ["hot", 20],
    ["drain", 20],
    ["packed95", 10],
  ],
};
