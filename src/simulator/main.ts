/** `discovery-sim`: scenarios, single seeds, swarms of seeds. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { byText } from "../lib/order.ts";
import { loadScenario, runScenario } from "./scenario/scenario.ts";
import { ScenarioError } from "./scenario/script.ts";
import { type RunResult, runSeed } from "./swarm/run.ts";
import { Tally } from "./swarm/tally.ts";

const USAGE = `discovery-sim scenario DIR... [--update]   run scenario folders
discovery-sim run --seed N                 run one seed, say how it went
discovery-sim replay --seed N              the same, with its whole story
discovery-sim swarm --runs N [--first-seed S]
`;

function scenario(folders: readonly string[], update: boolean): boolean {
  let good = true;
  for (const folder of folders) {
    const { log, violations } = runScenario(loadScenario(folder));
    if (update) writeFileSync(join(folder, "expected.log"), log);
    else process.stdout.write(log);
    for (const { at, checker, what } of violations)
      console.error(`${folder}: ${(at / 1000).toFixed(3)} ${checker}: ${what}`);
    good &&= violations.length === 0;
  }
  return good;
}

function run(seed: number, trace: boolean): boolean {
  const result = runSeed(seed, trace);
  for (const told of result.lines) console.log(told);
  report(result);
  const { events, settledInMs, fingerprint } = result;
  console.log(
    `seed ${seed}: ${events} events, settled in ${settledInMs / 1000} s, fingerprint ${fingerprint}`,
  );
  return result.violations.length === 0;
}

function report({ seed, violations }: RunResult): void {
  for (const { at, checker, what } of violations)
    console.error(`seed ${seed} ${(at / 1000).toFixed(3)} ${checker}: ${what}`);
  if (violations.length > 0) console.error(`discovery-sim replay --seed ${seed}`);
}

function swarm(first: number, runs: number): boolean {
  const begun = performance.now();
  const total = new Tally();
  let bad = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const result = runSeed(seed);
    total.add(result.tally);
    if (result.violations.length > 0) bad++;
    report(result);
  }
  const seconds = (performance.now() - begun) / 1000;
  for (const [what, count] of [...total.counts].sort(([a], [b]) => byText(a, b)))
    console.log(`${count} ${what}`);
  console.log(
    `${runs} seeds from ${first}: ${bad} failed, ${Math.round((runs * 60) / seconds)} seeds a minute`,
  );
  return bad === 0;
}

function main(args: readonly string[]): boolean {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      update: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      runs: { type: "string", default: "100" },
      "first-seed": { type: "string", default: "1" },
    },
  });
  const [command, ...rest] = positionals;
  if (command === "scenario" && rest.length > 0) return scenario(rest, values.update);
  if (command === "run" || command === "replay") return run(Number(values.seed), command === "replay");
  if (command === "swarm") return swarm(Number(values["first-seed"]), Number(values.runs));
  process.stderr.write(USAGE);
  return false;
}

try {
  process.exitCode = main(process.argv.slice(2)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof ScenarioError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
