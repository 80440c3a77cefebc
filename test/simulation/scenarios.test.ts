import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../src/simulator/scenario/folder.ts";
import { record } from "../../src/simulator/scenario/record.ts";
import { runScenario } from "../../src/simulator/scenario/run.ts";

const FOLDERS = join(import.meta.dirname, "scenarios");
/** `UPDATE=1` does what `discovery-sim scenario --record` does, for all of them. */
const recording = process.env["UPDATE"] === "1";

for (const name of readdirSync(FOLDERS).sort()) {
  const folder = join(FOLDERS, name);
  const read = readFolder(folder);
  test(`${name}: ${read.ok ? read.value.summary : "cannot be read"}`, () => {
    if (!read.ok) throw new Error(read.failure.message);
    const run = runScenario(read.value);
    if (recording) record(folder, run);
    expect(run.violations).toEqual([]);
    expect(run.missed).toEqual([]);
    expect(run.log).toBe(recording ? run.log : read.value.expected);
  });
}
