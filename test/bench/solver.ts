/**
 * `npm run bench:solver [-- --quick] [-- --write]`: the goals of the solver, measured, beside its peers. `--quick` stays
 * under two minutes; `--write` puts the report into docs/benchmarks.md.
 */
import { spawnSync } from "node:child_process";
import { resolve } from "../../src/solver/index.ts";
import { BestKnown } from "./best-known.ts";
import { FAMILIES, type FamilyName, INFEASIBLE } from "./families.ts";
import { costAt, cpuMs, type Measured, measure, quantile } from "./measure.ts";
import { exactPlacement, hbal, loadHighs } from "./peers.ts";
import { above, chart, machine, ms, table, writeSection } from "./report.ts";

const quick = process.argv.includes("--quick");
const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const EASY: readonly FamilyName[] = ["hot", "event", "mixed", "tight", "swap", "drain", "affinity"];
const PACKED: readonly FamilyName[] = ["packed95", "packed98"];
const MARKS = [50, 100, 200, 500, 1000, 2000];

let illegal = 0;
let plans = 0;

function counted(run: Measured): Measured {
  illegal += run.illegal;
  if (run.first !== null) plans++;
  return run;
}

function warmUp(): void {
  for (const name of [...EASY, ...PACKED]) measure(FAMILIES[name](32, 99), 150);
}

function easyFamilies(hosts: number, count: number): string {
  const rows = EASY.map((name) => {
    const runs = seeds(count).map((seed) => counted(measure(FAMILIES[name](hosts, seed), 50)));
    const proved = runs.filter((run) => run.solution.status === "optimal").length;
    const firsts = runs.map((run) => run.first ?? Number.POSITIVE_INFINITY);
    return [
      name,
      hosts,
      ms(quantile(firsts, 0.5)),
      ms(quantile(firsts, 0.95)),
      `${proved} of ${count}`,
      ms(cold(name, hosts)),
    ];
  });
  return table(
    ["family", "hosts", "first plan, median ms", "p95", "proved optimal within 50 ms", "cold process, ms"],
    rows,
  );
}

/** Median of three fresh processes. */
function cold(name: FamilyName, hosts: number): number {
  const times = [1, 2, 3].map((seed) => {
    const run = spawnSync(process.execPath, ["test/bench/cold.ts", name, String(hosts), String(seed)], {
      encoding: "utf8",
    });
    return Number(run.stdout);
  });
  return quantile(times, 0.5);
}

function packedFamilies(best: BestKnown, count: number): string {
  const last = quick ? 500 : 2000;
  const marks = MARKS.filter((mark) => mark <= last);
  const parts = PACKED.map((name) => {
    const ratios = new Map(marks.map((mark): [number, number[]] => [mark, []]));
    const firsts: number[] = [];
    for (const seed of seeds(count)) {
      const run = counted(measure(FAMILIES[name](64, seed), last));
      const known = best.offer(`${name}/64/${seed}`, costAt(run, last));
      for (const mark of marks) ratios.get(mark)?.push(costAt(run, mark) / known);
      firsts.push(run.first ?? Number.POSITIVE_INFINITY);
    }
    const at = (p: number) => marks.map((mark) => quantile(ratios.get(mark) ?? [], p));
    const rows = [
      ["median", ...at(0.5).map(above), ms(quantile(firsts, 0.5))],
      ["p95", ...at(0.95).map(above), ms(quantile(firsts, 0.95))],
    ];
    const percent = at(0.5).map((ratio) => (Number.isFinite(ratio) ? (ratio - 1) * 100 : 100));
    return [
      table(
        [`${name}, 64 hosts, ${count} seeds`, ...marks.map((mark) => `${mark} ms`), "first plan, ms"],
        rows,
      ),
      chart(
        `${name}: median cost above the best known`,
        marks.map((mark) => `${mark} ms`),
        "percent",
        [percent],
      ),
    ].join("\n\n");
  });
  return parts.join("\n\n");
}

function wholeInfrastructures(): string {
  const hosts = quick ? 2000 : 10_000;
  const names: readonly FamilyName[] = ["event", "hot", "drain", "tight", "mixed"];
  const rows = names.map((name) => {
    const problem = FAMILIES[name](hosts, 1);
    const runs = [0, 1, 2].map(() => counted(measure(problem, 1000)));
    const { solution } = runs[2] as Measured;
    const gap =
      solution.status === "optimal" || solution.status === "feasible"
        ? solution.cost / Math.max(1, solution.bound)
        : Number.NaN;
    const warm = runs.slice(1).map((run) => run.first ?? Number.POSITIVE_INFINITY);
    return [
      name,
      hosts,
      problem.vms.length,
      ms(runs[0]?.first ?? Number.NaN),
      ms(quantile(warm, 0.5)),
      above(gap),
      solution.status,
    ];
  });
  return [
    table(["family", "hosts", "VMs", "first call, ms", "later, ms", "above the bound", "status"], rows),
    `One event, incrementally: ${ms(incremental(hosts))} ms (median).`,
  ].join("\n\n");
}

/** A VM per event grows until its host holds too much. */
function incremental(hosts: number): number {
  const problem = FAMILIES.event(hosts, 2);
  let previous = resolve({ problem }, {}, { decisions: 10_000 });
  const times = seeds(15).map((k) => {
    const here = previous.problem.vms.filter((vm) => vm.host === `h${k * 7}`);
    const vms = here.map((vm) => ({ ...vm, demand: { ...vm.demand, cpu: 1000 } }));
    const start = cpuMs();
    const next = resolve(previous, { vms }, { decisions: 10_000 });
    const spent = cpuMs() - start;
    previous = resolve(next, { vms: here }, { decisions: 10_000 });
    return spent;
  });
  return quantile(times.slice(5), 0.5);
}

function infeasible(count: number): string {
  const rows = Object.entries(INFEASIBLE).map(([name, make]) => {
    const runs = seeds(count).map((seed) => measure(make(64, seed), 1000));
    const proved = runs.filter((run) => run.solution.status === "infeasible").length;
    return [
      name,
      `${proved} of ${count}`,
      ms(
        quantile(
          runs.map((run) => run.total),
          0.95,
        ),
      ),
    ];
  });
  return table(["kind, 64 hosts", "proved and explained", "p95 ms"], rows);
}

function swaps(count: number): string {
  const rows = seeds(count).map((seed) => {
    const { solution } = counted(measure(FAMILIES.swap(64, seed), 200));
    if (solution.status !== "optimal" && solution.status !== "feasible")
      return [seed, solution.status, "–", "–", "–"];
    return [seed, solution.status, solution.cost, solution.bound, above(solution.cost / solution.bound)];
  });
  return table(["seed", "status", "cost", "lower bound", "above"], rows);
}

async function peers(): Promise<string> {
  const highs = await loadHighs();
  const cap = quick ? 6000 : 60_000;
  const jobs: readonly (readonly [FamilyName, number])[] = quick
    ? [
        ["hot", 20],
        ["drain", 20],
        ["packed95", 10],
      ]
    : [
        ["hot", 20],
        ["mixed", 20],
        ["tight", 20],
        ["drain", 20],
        ["packed95", 10],
        ["packed95", 20],
        ["packed98", 20],
        ["hot", 64],
      ];
  const rows = jobs.map(([name, hosts]) => {
    const problem = FAMILIES[name](hosts, 1);
    const ours = counted(measure(problem, 1000));
    const theirs = hbal(problem, cap);
    const exact = highs === null ? null : exactPlacement(highs, problem, cap);
    const cell = (run: { ms: number; cost: number | null; note: string } | null) =>
      run === null ? "not installed" : `${run.cost ?? run.note} in ${ms(run.ms)} ms`;
    return [
      `${name} ${hosts}`,
      `${costAt(ours, 1000)} in ${ms(ours.trace.at(-1)?.ms ?? Number.NaN)} ms (${ours.solution.status})`,
      cell(theirs),
      cell(exact),
    ];
  });
  return table(
    ["instance", "this solver: MiB", "hbal: MiB (it balances)", "HiGHS: MiB (placement only)"],
    rows,
  );
}

const best = new BestKnown();
warmUp();
const sections: string[] = [
  "## Solver",
  "`npm run bench:solver -- --write`. Times are CPU milliseconds of one process on one core.",
];
sections.push("### Easy families", easyFamilies(64, quick ? 5 : 20));
sections.push("### Packed hosts", packedFamilies(best, quick ? 5 : 10));
sections.push("### Swaps", swaps(quick ? 5 : 10));
sections.push("### Infeasible", infeasible(quick ? 5 : 20));
sections.push("### Whole infrastructures", wholeInfrastructures());
sections.push("### Peers", await peers());
sections.push("### Legality", `${illegal} faults found by the independent replay in ${plans} plans.`);
const report = `${sections.join("\n\n")}\n`;
best.save();
if (process.argv.includes("--write")) writeSection("solver", `${report}\n${machine()}`);
console.log(report);
process.exitCode = illegal === 0 ? 0 : 1;
