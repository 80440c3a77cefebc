/** `discovery-sim scenario`: plays folders; prints their stories, or what differs from the recorded ones, or records. */
import { EXIT, refuse } from "../command-line/failure.ts";
import type { Input } from "../command-line/input.ts";
import { readFolder, type Scenario } from "./folder.ts";
import { type Difference, differenceOf, record } from "./record.ts";
import { runScenario, type ScenarioRun } from "./run.ts";

interface Played {
  readonly folder: string;
  /** What is wrong in the folder; null: it can be played. */
  readonly mistake: string | null;
  readonly scenario: Scenario | null;
  readonly run: ScenarioRun | null;
  /** What is not as recorded; null: nothing, or nobody asked. */
  readonly difference: Difference | null;
  readonly recorded: boolean;
}

export function main(input: Input): number {
  if (input.flag("check") && input.flag("record")) refuse("--check and --record do not go together");
  const all: Played[] = [];
  for (const folder of input.args) {
    const played = playFolder(folder, input);
    all.push(played);
    if (!input.json) tell(played, input);
  }
  if (input.json) process.stdout.write(`${JSON.stringify({ scenarios: all.map(document) })}\n`);
  if (all.some(({ mistake }) => mistake !== null)) return EXIT.usage;
  return all.some(isWrong) ? EXIT.wrong : EXIT.done;
}

function playFolder(folder: string, input: Input): Played {
  const nothing = { folder, scenario: null, run: null, difference: null, recorded: false };
  const read = readFolder(folder);
  if (!read.ok) return { ...nothing, mistake: read.failure.message };
  const run = runScenario(read.value);
  const recorded = input.flag("record") && record(folder, run);
  const difference = input.flag("check") ? differenceOf(read.value.expected, run.log) : null;
  return { folder, mistake: null, scenario: read.value, run, difference, recorded };
}

function isWrong({ run, difference }: Played): boolean {
  return run === null || run.violations.length > 0 || run.missed.length > 0 || difference !== null;
}

function tell({ mistake, scenario, run, difference, recorded }: Played, input: Input): void {
  if (mistake !== null || scenario === null || run === null)
    return void process.stderr.write(`error: ${mistake}\n`);
  const { name, summary } = scenario;
  const quiet = input.flag("check") || input.flag("record");
  if (!quiet) process.stdout.write(`${name}: ${summary}\n\n${run.log}\n`);
  const wrong = [
    ...run.violations.map(({ at, checker, what }) => `${(at / 1000).toFixed(3)} ${checker}: ${what}`),
    ...run.missed,
    ...(difference === null ? [] : [sayDifference(difference)]),
  ];
  for (const what of wrong) process.stderr.write(`${name}: ${what}\n`);
  if (input.flag("check") && wrong.length === 0) process.stdout.write(`${name}: as recorded\n`);
  if (input.flag("record"))
    process.stdout.write(`${name}: ${recorded ? "recorded" : "not recorded: it is not right"}\n`);
}

function sayDifference({ line, was, is }: Difference): string {
  if (line === 0) return "has no expected.log";
  return `expected.log:${line} differs\n  was: ${was ?? "(the end)"}\n  is:  ${is ?? "(the end)"}`;
}

function document({ folder, mistake, scenario, run, difference, recorded }: Played): object {
  if (scenario === null || run === null) return { folder, mistake };
  const { name, summary } = scenario;
  const { violations, missed, log } = run;
  const story = log.trimEnd().split("\n");
  return { folder, mistake, name, summary, violations, missed, difference, recorded, story };
}
