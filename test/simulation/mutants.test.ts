import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { judge, MUTANTS } from "../../scripts/mutants.ts";

/** Found early, and each by another checker or for another reason; all of them: `scripts/node scripts/mutants.ts`. */
const SAMPLE = ["grant-told-early", "token-forgotten", "lease-endless", "foreign-moved", "prepare-skipped"];
const SEEDS = 8;
const TIMEOUT_MS = 60_000;

const SRC = new URL("../../src/", import.meta.url);

test.each(MUTANTS)("the sources have, once, what $name changes", ({ edits }) => {
  for (const { file, from } of edits)
    expect(readFileSync(new URL(file, SRC), "utf8").split(from)).toHaveLength(2);
});

describe("the swarm notices", () => {
  const sample = MUTANTS.filter(({ name }) => SAMPLE.includes(name));
  test("every mutant of the sample exists", () => expect(sample).toHaveLength(SAMPLE.length));

  test.each(sample)("that $what", { timeout: TIMEOUT_MS }, async (mutant) => {
    expect((await judge(mutant, SEEDS)).killedBy?.what).toMatch(/^seed /);
  });
});
