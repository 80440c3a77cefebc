import { describe, expect, it } from "vitest";
import { type EvaluationOptions, VMPLACES } from "../../../src/simulator/evaluation/options.ts";
import type { Report } from "../../../src/simulator/evaluation/report.ts";
import { summary } from "../../../src/simulator/evaluation/statistics.ts";
import { page } from "../../../src/simulator/report/page.ts";
import { COLUMNS } from "../../../src/simulator/report/rows.ts";
import { compared, nameOf, runsOf, sayNumbers } from "../../../src/simulator/report/runs.ts";

const NONE = { mean: 0, p50: 0 };
const NO_TRAFFIC = { messages: 0, bytes: 0 };

/** A report of a run in which the violations lasted so long. */
function run(change: Partial<EvaluationOptions>, handled: readonly number[] = [10, 12]): Report {
  const { hosts = VMPLACES.hosts } = change;
  return {
    options: { ...VMPLACES, vms: 10 * hosts, ...change },
    complete: true,
    simulatedSeconds: 1800,
    steps: 1,
    loadChanges: 1,
    wrong: [],
    violations: {
      seconds: summary([...handled, 3]),
      handled: summary(handled),
      distribution: [],
      parts: { detect: NONE, wait: NONE, build: NONE, compute: NONE, apply: NONE },
      open: 0,
      secondsPerVmHour: 0,
    },
    partitions: {
      events: {},
      outcomes: {},
      hosts: summary([]),
      seconds: summary([]),
      wastedPercent: 0,
      drains: { asked: 0, seconds: summary([]) },
    },
    migrations: { seconds: summary([]), done: 0, failed: 0, acrossSites: 0, acrossPercent: 0 },
    traffic: { lanes: {}, modelled: null, perEvent: NO_TRAFFIC, perHostAndSecond: NO_TRAFFIC },
    kilowattHours: 0,
    story: [],
    map: [],
  };
}

const textOf = (html: string): string => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");

describe("the runs that are compared by size", () => {
  it("are the largest class that differs in size, seed and algorithm only, from the smallest on", () => {
    const others: readonly (readonly [Partial<EvaluationOptions>, string])[] = [
      [{ sites: 4 }, "4 sites, locality"],
      [{ load: { mean: 63, sigma: 20 } }, "N(63, 20)"],
      [{ holdMs: 5000 }, "hold 5 s"],
      [{ consolidate: true }, "consolidating"],
      [{ membership: "real" }, "real membership"],
      [{ faults: { ...VMPLACES.faults, drained: 1 } }, "1 hosts drained"],
      [{ durationMs: 60_000 }, "60 s"],
      [{ vms: 640 }, "5 VMs per host"],
    ];
    const reports = [
      run({ hosts: 1024 }),
      ...others.map(([change]) => run(change)),
      run({ hosts: 128, seed: "24" }),
      run({ hosts: 256, algorithm: "centralised", membership: "none" }),
    ];
    const { alike, others: left } = compared(runsOf(reports).runs);
    expect(alike.map(({ number }) => number)).toEqual([10, 11, 1]);
    expect(left.map(({ why }) => why)).toEqual(others.map(([, why]) => why));
  });

  it("are those of another kind where there are more of them", () => {
    const reports = [
      run({}),
      run({ sites: 4, walk: "random" }),
      run({ hosts: 64, sites: 4, walk: "random" }),
    ];
    const { alike, others } = compared(runsOf(reports).runs);
    expect(sayNumbers(alike)).toBe("#2, #3");
    expect(others.map(({ why }) => why)).toEqual(["one site"]);
  });
});

describe("runs", () => {
  it("are named by what sets them apart from the plain workload", () => {
    expect(nameOf(VMPLACES)).toBe("partition");
    expect(nameOf({ ...VMPLACES, sites: 4, walk: "random", wanLatencyMs: 50, membership: "real" })).toBe(
      "partition; real membership; 4 sites, random; 50 ms between sites",
    );
    expect(nameOf({ ...VMPLACES, algorithm: "centralised", membership: "none", sites: 2 })).toBe(
      "centralised; 2 sites",
    );
  });

  it("are told apart by their seeds, and what all have in common is said once", () => {
    const { runs, common } = runsOf([
      run({ durationMs: 60_000 }),
      run({ durationMs: 60_000, seed: "24", holdMs: 5000 }),
    ]);
    expect(runs.map(({ label }) => label)).toEqual(["partition; seed 23", "partition; hold 5 s; seed 24"]);
    expect(common).toEqual(["60 s"]);
  });
});

describe("the page", () => {
  it("says of which runs a plot is, with which membership, and why others are not in it", () => {
    const html = textOf(page([run({}), run({ hosts: 64 }), run({ sites: 4 }), run({ hosts: 32 }, [])]));
    expect(html).toContain("Shown: #1, #2. Membership: modelled.");
    expect(html).toContain("Not in it: #3 (4 sites, locality); #4 (no violation was handled).");
  });

  it("has plots of a single run of any kind", () => {
    const html = page([run({ sites: 4, walk: "random" })]);
    expect(html.match(/<svg/g)).toHaveLength(3);
    expect(textOf(html)).toContain("No run has an event of a partition to tell.");
  });

  it("says which of many runs a plot of lines leaves out", () => {
    const many = Array.from({ length: 13 }, (_, seed) => run({ seed: `${seed}` }));
    const html = textOf(page([...many, run({ sites: 4 })]));
    expect(html).toContain("Not in it: #13, #14 (more than 12 lines cannot be told apart).");
  });

  it("says so where there is nothing to show", () => {
    const html = page([run({}, [])]);
    expect(html).not.toContain("<svg");
    expect(textOf(html)).toContain("Nothing to show.");
  });

  it("has the membership in every row, and says what every column says", () => {
    const html = textOf(
      page([run({}), run({ membership: "real" }), run({ algorithm: "centralised", membership: "none" })]),
    );
    for (const word of [
      "partition modelled 23 128",
      "real membership real 23 128",
      "centralised none 23 128",
    ])
      expect(html).toContain(word);
    expect(html).toContain("52 of these ended while a plan for that host was being carried out");
    for (const { title } of COLUMNS) expect(html).toContain(title);
  });
});
