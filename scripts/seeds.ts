/**
 * Runs the swarm range after range and writes each into test/simulation/seeds.json: first and last seed, the commit, and
 * the seeds that showed a fault. It goes on where the file ends, so it can be stopped and started at will.
 * Arguments: `--ranges N` (1), `--seeds N` in each (1000), `--jobs N` side by side (1), `--large`.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface Range {
  readonly size: "small" | "large";
  readonly first: number;
  readonly last: number;
  readonly commit: string;
  /** Empty: every invariant held, and everything settled. */
  readonly faults: readonly number[];
}

const ROOT = new URL("..", import.meta.url).pathname;
const FILE = `${ROOT}test/simulation/seeds.json`;
const BIOME = `${ROOT}node_modules/@biomejs/biome/bin/biome`;
const MAIN = `${ROOT}src/simulator/main.ts`;
/** Most of what a step makes is garbage soon: a larger nursery saves a tenth of the time. */
const NURSERY = ["--max-semi-space-size=64"];

function recorded(): readonly Range[] {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Range[]) : [];
}

/** The sources must be those of the commit: a range of anything else says nothing to others. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  if (git("status", "--porcelain", "src") !== "") throw new Error("src has changes that are not committed");
  return git("rev-parse", "--short=12", "HEAD");
}

function swarm(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 << 20 };
    execFile(
      process.execPath,
      [...NURSERY, MAIN, "swarm", "--keep-going", ...args],
      options,
      (_error, stdout) => resolve(stdout),
    );
  });
}

async function run(size: Range["size"], first: number, seeds: number): Promise<Range> {
  const large = size === "large" ? ["--large"] : [];
  const at = commit();
  const said = await swarm(["--first-seed", String(first), "--runs", String(seeds), ...large]);
  if (!/simulated hours\n$/.test(said)) throw new Error(`the swarm did not end well: ${said.slice(-2000)}`);
  const faults = [...said.matchAll(/^seed (\d+) shows a fault:/gm)].map(([, seed]) => Number(seed));
  if (faults.length > 0) process.stdout.write(said);
  return { size, first, last: first + seeds - 1, commit: at, faults };
}

function record(range: Range): void {
  const ranges = [...recorded(), range].toSorted((a, b) => a.first - b.first);
  const lines = ranges.map((one) => JSON.stringify(one));
  writeFileSync(FILE, `[\n${lines.join(",\n")}\n]\n`);
  execFileSync(process.execPath, [BIOME, "format", "--write", FILE], { cwd: ROOT, stdio: "ignore" });
  process.stdout.write(`${JSON.stringify(range)}\n`);
}

/** The first seeds of the next ranges: gaps first, which a stopped run with several jobs leaves. */
function* firsts(size: Range["size"], seeds: number): Generator<number, never> {
  const made = recorded().filter((range) => range.size === size);
  for (let first = 1; ; first += seeds) {
    if (!made.some((range) => range.first <= first && first <= range.last)) yield first;
  }
}

const { values } = parseArgs({
  options: {
    ranges: { type: "string", default: "1" },
    seeds: { type: "string", default: "1000" },
    jobs: { type: "string", default: "1" },
    large: { type: "boolean", default: false },
  },
});
const size = values.large ? "large" : "small";
const seeds = Number(values.seeds);
const free = firsts(size, seeds);
let left = Number(values.ranges);
const job = async (): Promise<void> => {
  while (left-- > 0) record(await run(size, free.next().value, seeds));
};
await Promise.all(Array.from({ length: Number(values.jobs) }, job));
