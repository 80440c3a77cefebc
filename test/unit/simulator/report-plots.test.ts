import { describe, expect, it } from "vitest";
import { VMPLACES } from "../../../src/simulator/evaluation/options.ts";
import type { Report } from "../../../src/simulator/evaluation/report.ts";
import { bySize } from "../../../src/simulator/report/plots.ts";
import { nameOf } from "../../../src/simulator/report/rows.ts";

const run = (change: Partial<Report["options"]>): Report =>
  ({ options: { ...VMPLACES, ...change } }) as unknown as Report;

describe("the runs that are compared by size", () => {
  it("are the plain ones of an algorithm, from the smallest on", () => {
    const large = run({ hosts: 1024 });
    const small = run({ hosts: 128 });
    const others = [
      run({ sites: 4 }),
      run({ load: { mean: 63, sigma: 20 } }),
      run({ holdMs: 5000 }),
      run({ consolidate: true }),
      run({ membership: "real" }),
      run({ faults: { ...VMPLACES.faults, drained: 1 } }),
      run({ algorithm: "centralised" }),
    ];
    expect(bySize([large, ...others, small], "partition")).toEqual([small, large]);
  });

  it("are named by what sets them apart", () => {
    expect(nameOf(VMPLACES)).toBe("partition");
    expect(nameOf({ ...VMPLACES, sites: 4, walk: "random", membership: "real" })).toBe(
      "partition; real membership; 4 sites, random",
    );
  });
});
