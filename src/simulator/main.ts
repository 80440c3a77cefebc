/** `discovery-sim`: scenarios, single seeds, swarms of seeds. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadScenario, runScenario } from "./scenario/scenario.ts";
import { ScenarioError } from "./scenario/script.ts";

const USAGE = `discovery-sim scenario DIR... [--update]
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

function main(args: readonly string[]): boolean {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { update: { type: "boolean", default: false } },
  });
  const [command, ...rest] = positionals;
  if (command === "scenario" && rest.length > 0) return scenario(rest, values.update);
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
