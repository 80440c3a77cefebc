import { describe, expect, test } from "vitest";
import { judge, MUTANTS } from "../../scripts/mutants.ts";

/** Found early, and each by another checker or for another reason; all of them: `scripts/node scripts/mutants.ts`. */
const SAMPLE = [
  "grant-told-early",
  "token-forgotten",
  "lease-endless",
  "departures-forgotten",
  "prepare-skipped",
];
const SEEDS = 8;
const TIMEOUT_MS = 60_000;

describe("the swarm notices", () => {
  const sample = MUTANTS.filter(({ name }) => SAMPLE.includes(name));
  test("every mutant of the sample exists", () => expect(sample).toHaveLength(SAMPLE.length));

  test.each(sample)("that $what", { timeout: TIMEOUT_MS }, async (mutant) => {
    expect((await judge(mutant, SEEDS)).killedBy?.what).toMatch(/^seed /);
  });
});
