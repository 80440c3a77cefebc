/** `discovery-sim scenario [--check] DIR…`: prints the stories; with --check only what differs from the recorded ones. */
import { readFolder, type Scenario } from "./folder.ts";
import { runScenario, type ScenarioRun } from "./run.ts";

const USAGE = "Usage: discovery-sim scenario [--check] DIR…\n";

/** @returns the exit code: 1 something is wrong, 2 not understood. */
export function main(args: readonly string[]): Promise<number> {
  const check = args.includes("--check");
  const folders = args.filter((arg) => !arg.startsWith("-"));
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--check" && arg !== "--help");
  if (args.includes("--help")) process.stdout.write(USAGE);
  else if (unknown !== undefined || folders.length === 0) process.stderr.write(USAGE);
  if (unknown !== undefined || folders.length === 0) return Promise.resolve(args.includes("--help") ? 0 : 2);
  return Promise.resolve(Math.max(...folders.map((folder) => one(folder, check))));
}

function one(folder: string, check: boolean): number {
  const scenario = readFolder(folder);
  if (!scenario.ok) {
    process.stderr.write(`${scenario.failure.message}\n`);
    return 2;
  }
  const run = runScenario(scenario.value);
  const { name, summary } = scenario.value;
  if (!check) process.stdout.write(`${name}: ${summary}\n\n${run.log}\n`);
  const wrong = wrongWith(scenario.value, run, check);
  for (const what of wrong) process.stderr.write(`${name}: ${what}\n`);
  if (check && wrong.length === 0) process.stdout.write(`${name}: as recorded\n`);
  return wrong.length === 0 ? 0 : 1;
}

function wrongWith({ expected }: Scenario, run: ScenarioRun, check: boolean): readonly string[] {
  const wrong = run.violations.map(
    ({ at, checker, what }) => `${(at / 1000).toFixed(3)} ${checker}: ${what}`,
  );
  wrong.push(...run.missed);
  if (check && expected !== run.log) wrong.push(difference(expected, run.log));
  return wrong;
}

function difference(expected: string | null, log: string): string {
  if (expected === null) return "has no expected.log";
  const before = expected.split("\n");
  const now = log.split("\n");
  const at = now.findIndex((line, index) => line !== before[index]);
  const line = at < 0 ? now.length : at;
  return `expected.log:${line + 1} differs\n  was: ${before[line] ?? "(the end)"}\n  is:  ${now[line] ?? "(the end)"}`;
}
