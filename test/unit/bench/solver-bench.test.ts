import { describe, expect, test } from "vitest";
import { BestKnown } from "../../bench/best-known.ts";
import { Sections } from "../../bench/solver-goals.ts";
import { sizes, wholeInfrastructures } from "../../bench/solver-scale.ts";
import { QUICK } from "../../bench/solver-scope.ts";

const TINY = {
  ...QUICK,
  seeds: [
    ["development", [1]],
    ["fresh", [1001]],
  ],
  hosts: 8,
  marks: [20],
  cold: 0,
  sizes: [8],
  largest: 110,
} as const;

describe("the solver's bench on tiny sizes", () => {
  test("measures every goal and finds no illegal step", () => {
    const goals = new Sections(TINY, new BestKnown("{}"));
    const report = [
      goals.easyFamilies(),
      goals.packedFamilies(),
      goals.swaps(),
      goals.infeasible(),
      sizes(TINY, goals.tally),
      wholeInfrastructures(TINY, goals.tally),
    ].join("\n");
    for (const name of ["hot", "affinity", "packed98", "pigeonhole", "deadlock", "drain"])
      expect(report).toContain(name);
    expect(report).toContain("fresh");
    expect(goals.tally.text()).toMatch(/^0 faults found by the independent replay in \d\d+ plans\.$/);
  });
});
