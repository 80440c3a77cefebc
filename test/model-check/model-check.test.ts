import { describe, expect, test } from "vitest";
import { type Check, check, told, whyNot } from "./check.ts";
import { HOLDS, LIMITS, MUTANTS } from "./checks.ts";

/** A quiet core needs a tenth of it. */
const TIMEOUT_MS = 120_000;
const MEGABYTES = 2_000;
const reason = whyNot();
const title = "the reservation protocol";

describe.skipIf(reason !== null)(reason === null ? title : `${title} (${reason})`, () => {
  const judge = async (name: string, wanted: Check) => {
    const verdict = await check(wanted, MEGABYTES);
    console.log(`${name}: ${told(verdict)}`);
    return verdict;
  };

  test.each(HOLDS)("keeps its promises: $name", { timeout: TIMEOUT_MS }, async ({ name, ...wanted }) => {
    const { broken, states } = await judge(name, wanted);
    expect(broken).toBeNull();
    expect(states).toBeGreaterThan(1000);
  });

  test.each(MUTANTS)("would break if $name", { timeout: TIMEOUT_MS }, async ({ name, breaks, ...wanted }) => {
    expect((await judge(name, wanted)).broken).toBe(breaks);
  });

  test.each(LIMITS)(
    "is known to break if $name",
    { timeout: TIMEOUT_MS },
    async ({ name, breaks, ...wanted }) => {
      expect((await judge(name, wanted)).broken).toBe(breaks);
    },
  );
});
