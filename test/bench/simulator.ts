/**
 * Runs the evaluation in `discovery-sim run`, writes the tables to `docs/benchmarks.md` and the page with the plots.
 * A run whose result lies in the folder already is not made again: delete the folder to measure anew.
 *
 *     scripts/node test/bench/simulator.ts [FOLDER] [--only WORD]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHARGE } from "../../src/simulator/calibration/charge.ts";
import type { Cost } from "../../src/simulator/evaluation/progress.ts";
import type { Report } from "../../src/simulator/evaluation/report.ts";
import { page } from "../../src/simulator/report/page.ts";
import { rowOf, TITLES } from "../../src/simulator/report/rows.ts";
import { nameOf } from "../../src/simulator/report/runs.ts";
import { machine, median, table, writeSection } from "./report.ts";

type Run = Report & { readonly measured?: Cost };

const SEED = "23";
const MAIN = new URL("../../src/simulator/main.ts", import.meta.url).pathname;
const SIZES = [128, 256, 512, 1024, 4096, 10_240] as const;
const REAL_SIZES = [128, 256, 512, 1024] as const;
/** Few hosts have few violations: more runs of the smaller sizes, to know their means as well as those of the larger ones. */
const MORE_SEEDS = [
  [128, [24, 25, 26, 27, 28, 29, 30, 31]],
  [256, [24, 25, 26, 27]],
  [512, [24, 25, 26]],
  [1024, [24, 25, 26]],
] as const;
const SITES = ["--hosts", "512", "--sites", "4"] as const;

/** By the name of the file that its result is kept in. */
const RUNS: readonly (readonly [string, readonly string[]])[] = [
  ...SIZES.map((hosts) => [`partition-${hosts}`, ["--hosts", `${hosts}`]] as const),
  ...SIZES.map(
    (hosts) => [`centralised-${hosts}`, ["--hosts", `${hosts}`, "--algorithm", "centralised"]] as const,
  ),
  ...MORE_SEEDS.flatMap(([hosts, seeds]) =>
    seeds.map((seed) => [`seed-${hosts}-${seed}`, ["--hosts", `${hosts}`, "--seed", `${seed}`]] as const),
  ),
  ...REAL_SIZES.map((hosts) => [`real-${hosts}`, ["--hosts", `${hosts}`, "--membership", "real"]] as const),
  ["sites-locality", [...SITES, "--walk", "locality"]],
  ["sites-random", [...SITES, "--walk", "random"]],
  ["held", ["--hosts", "512", "--hold", "5", "--window", "3"]],
  ["heavy", ["--hosts", "512", "--workload", "vmplaces-heavy"]],
  ["heavy-centralised", ["--hosts", "512", "--workload", "vmplaces-heavy", "--algorithm", "centralised"]],
  ["failing", ["--hosts", "512", "--faults", "failing=5"]],
  ["surge", [...SITES, "--faults", "site-surge=10"]],
  ["drained", ["--hosts", "1024", "--faults", "drained=100"]],
];

const [folder = ".cache/simulator", ...rest] = process.argv.slice(2).filter((word) => word !== "--only");
const only = process.argv.includes("--only") ? rest[0] : undefined;
mkdirSync(folder, { recursive: true });
for (const [name, args] of RUNS) if (only === undefined || name.startsWith(only)) made(name, args);
const runs = RUNS.flatMap(([name]) => kept(name) ?? []);
writeFileSync(join(folder, "report.html"), page(runs.filter(({ options }) => options.seed === SEED)));
writeSection("simulator", section(runs));

function made(name: string, args: readonly string[]): void {
  if (existsSync(fileOf(name))) return;
  console.log(`${name}: run ${args.join(" ")}`);
  const command = ["--disable-warning=ExperimentalWarning", MAIN, "run", ...args, "--measured", "-o", "json"];
  const { stdout, stderr, status } = spawnSync(process.execPath, command, {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status === 0) {
    writeFileSync(fileOf(name), stdout);
    writeFileSync(commitFile(name), commit());
  } else console.error(`${name}: exit ${status}\n${stderr.slice(-2000)}${stdout.slice(0, 2000)}`);
}

function kept(name: string): Run | null {
  return existsSync(fileOf(name)) ? (JSON.parse(readFileSync(fileOf(name), "utf8")) as Run) : null;
}

function fileOf(name: string): string {
  return join(folder, `${name}.json`);
}

function section(all: readonly Run[]): string {
  const costs = all.filter(({ options }) => isPlainLoad(options) && options.seed === SEED);
  const shown = all.filter(({ options }) => options.seed === SEED);
  return [
    "## The simulator: ten thousand hosts",
    "`scripts/node test/bench/simulator.ts`. The VMPlaceS workload for 1,800 simulated seconds, seed 23 " +
      "([how it is made and measured](reference/simulator.md#at-scale)). Violations and their parts: those about " +
      "which something was done, in seconds from the true onset, means unless said otherwise. Membership is " +
      "modelled (heartbeats counted, not sent) unless the run says *real*; the central scheduler needs none.",
    table([...TITLES], shown.map(rowOf)),
    ...shown.flatMap(drained),
    "### Is it flat?",
    "Handled violations of the plain workload with modelled membership, all seeds of a size together.",
    table(
      ["hosts", "runs", "violations", "mean s", "± (95 %)", "median of the runs' medians s"],
      flatness(all),
    ),
    "### What the simulation itself takes",
    "Runs of the central scheduler have no agents: they take what its solver, the hypervisors and the migrations take.",
    table(
      [
        "run",
        "hosts",
        "events",
        "events per processor second",
        "processor seconds",
        "wall clock s",
        "peak MiB",
        "KiB per host",
      ],
      costs.map(({ options, steps, measured }) => [
        nameOf(options),
        options.hosts,
        steps,
        measured?.eventsPerSecond ?? "–",
        measured?.cpuSeconds ?? "–",
        measured?.seconds ?? "–",
        measured?.peakMib ?? "–",
        measured?.peakKibPerHost ?? "–",
      ]),
    ),
    `Made by ${commits().join(", ")}; the solver is charged ${CHARGE.microsecondsPerVm} µs per VM and ` +
      `${CHARGE.microsecondsPerDecision} µs per decision ([calibrated](reference/simulator.md#at-scale)). ` +
      `Measured on ${machine()}.`,
  ].join("\n\n");
}

/** How long hosts that were drained together took to be empty. */
function drained({ options, partitions: { drains } }: Run): readonly string[] {
  if (options.faults.drained === 0) return [];
  const { mean, p50, p99, max } = drains.seconds;
  return [
    `*${nameOf(options)}*: \`discovery-sim run --hosts ${options.hosts} --faults drained=${drains.asked}\`. ` +
      `${drains.seconds.count} of ${drains.asked} became empty, in ${p50.toFixed(0)} s at the median, ` +
      `${mean.toFixed(0)} s at the mean, ${p99.toFixed(0)} s at p99 and ${max.toFixed(0)} s at most.`,
  ];
}

/** Mean and half its 95 % interval, over all runs of a size. */
function flatness(all: readonly Run[]): readonly (readonly (string | number)[])[] {
  const plain = all.filter(({ options }) => isPlain(options) && options.membership === "modelled");
  return SIZES.flatMap((hosts) => {
    const runs = plain
      .filter(({ options }) => options.hosts === hosts)
      .map(({ violations }) => violations.handled);
    const count = runs.reduce((sum, one) => sum + one.count, 0);
    if (count === 0) return [];
    const mean = runs.reduce((sum, one) => sum + one.count * one.mean, 0) / count;
    const squares = runs.reduce((sum, one) => sum + one.count * (one.sigma ** 2 + (one.mean - mean) ** 2), 0);
    const half = (1.96 * Math.sqrt(squares / count)) / Math.sqrt(count);
    const middle = median(runs.map(({ p50 }) => p50));
    return [[hosts, runs.length, count, mean.toFixed(2), half.toFixed(2), middle.toFixed(2)]];
  });
}

function isPlain(options: Report["options"]): boolean {
  return options.algorithm === "partition" && isPlainLoad(options);
}

function isPlainLoad({ sites, load, faults, holdMs }: Report["options"]): boolean {
  const calm = Object.values(faults).every((value) => value === 0);
  return sites === 1 && load.mean === 60 && calm && holdMs === 0;
}

/** Of the sources that make runs now. */
function commit(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "src") === "" ? "" : " with changes";
  return `commit ${git("rev-parse", "--short=12", "HEAD")}${changed}`;
}

/** Of the sources that made the runs that are shown: more than one where some lay in the folder already. */
function commits(): readonly string[] {
  const made = RUNS.filter(([name]) => existsSync(fileOf(name))).map(([name]) => commitFile(name));
  return [
    ...new Set(made.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "an unknown commit"))),
  ];
}

function commitFile(name: string): string {
  return join(folder, `${name}.commit`);
}
