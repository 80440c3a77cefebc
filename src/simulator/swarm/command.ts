/** `discovery-sim swarm`: runs seeds and stops at the first that shows a fault. */
import { parseArgs } from "node:util";
import { drawCase, runCase, type Size, type SwarmResult } from "./run.ts";

const USAGE = `Usage: discovery-sim swarm [--runs N] [--first-seed S] [--large] [--keep-going] [-v]

  --runs N          how many seeds (100)
  --first-seed S    the first of them (1)
  --large           25 to 48 hosts instead of 3 to 12
  --keep-going      goes on after a seed that shows a fault
  -v                prints each seed's story
`;
/** A seed that shows a fault says no more than so many of its violations. */
const MAX_TOLD = 5;

/** @returns 0: nothing is wrong; 1: a seed showed a fault; 2: the arguments make no sense. */
export function main(args: readonly string[]): Promise<number> {
  return Promise.resolve(swarm(args));
}

function swarm(args: readonly string[]): number {
  const options = optionsOf(args);
  if (options === null) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { first, runs, verbose, keepGoing, size } = options;
  const sums = { bad: 0, actions: 0, simulatedMs: 0, events: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const result = runCase(drawCase(String(seed), size), verbose);
    sums.actions += result.actions;
    sums.simulatedMs += result.simulatedMs;
    sums.events += result.events;
    if (verbose) process.stdout.write(`${result.story.join("\n")}\n`);
    progress(seed - first + 1, runs);
    if (result.violations.length === 0) continue;
    sums.bad++;
    tell(seed, size, result);
    if (!keepGoing) break;
  }
  const hours = (sums.simulatedMs / 3_600_000).toFixed(1);
  const bad = sums.bad === 0 ? "no seed shows a fault" : `seeds that show a fault: ${sums.bad}`;
  process.stdout.write(`${bad}; ${sums.actions} actions, ${sums.events} steps, ${hours} simulated hours\n`);
  return sums.bad === 0 ? 0 : 1;
}

function optionsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: "string", default: "100" },
        "first-seed": { type: "string", default: "1" },
        large: { type: "boolean", default: false },
        "keep-going": { type: "boolean", default: false },
        verbose: { type: "boolean", short: "v", default: false },
      },
    });
    const runs = Number(values.runs);
    const first = Number(values["first-seed"]);
    if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(first) || first < 0) return null;
    const size: Size = values.large ? "large" : "small";
    return { runs, first, size, verbose: values.verbose, keepGoing: values["keep-going"] };
  } catch {
    return null;
  }
}

function tell(seed: number, size: Size, { violations }: SwarmResult): void {
  process.stdout.write(`seed ${seed} shows a fault:\n`);
  for (const { at, checker, what } of violations.slice(0, MAX_TOLD))
    process.stdout.write(`  ${(at / 1000).toFixed(3)} s  ${checker}: ${what}\n`);
  if (violations.length > MAX_TOLD) process.stdout.write(`  and ${violations.length - MAX_TOLD} more\n`);
  process.stdout.write(
    `replay: bin/discovery-sim replay ${size === "large" ? "--large " : ""}--seed ${seed}\n`,
  );
}

function progress(done: number, runs: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done}/${runs} seeds${done === runs ? "\n" : ""}`);
}
