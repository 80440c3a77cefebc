import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawCase, runCase } from "../../src/simulator/swarm/run.ts";

/** About 90 s on one slow core: 0.25 s a seed there. */
const SEEDS = 360;
const PER_TEST = 30;
const TIMEOUT_MS = 120_000;

const wrong = (seed: string): string[] =>
  runCase(drawCase(seed), false).violations.map(
    ({ at, checker, what }) => `seed ${seed} at ${at}: ${checker}: ${what}`,
  );

const known = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8")) as readonly {
  readonly seed: number;
  readonly why: string;
}[];

describe("a swarm of worlds with faults", () => {
  const firsts = Array.from({ length: SEEDS / PER_TEST }, (_, i) => 1 + i * PER_TEST);
  test.each(firsts)(
    `keeps every invariant and settles, from seed %i on`,
    { timeout: TIMEOUT_MS },
    (first) => {
      const seeds = Array.from({ length: PER_TEST }, (_, i) => String(first + i));
      expect(seeds.flatMap(wrong)).toEqual([]);
    },
  );
});

describe("a seed that once showed a fault shows none any more", () => {
  test.each(known)("seed $seed: $why", ({ seed }) => {
    expect(wrong(String(seed))).toEqual([]);
  });
});
