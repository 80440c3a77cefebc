import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../src/simulator/scenario/folder.ts";
import { runScenario } from "../../src/simulator/scenario/run.ts";

const FOLDERS = join(import.meta.dirname, "scenarios");
/** `UPDATE=1` records the stories anew; the invariants and what a scenario is to show hold all the same. */
const recording = process.env["UPDATE"] === "1";

for (const name of readdirSync(FOLDERS).sort()) {
  const folder = join(FOLDERS, name);
  const read = readFolder(folder);
  test(`${name}: ${read.ok ? read.value.summary : "cannot be read"}`, () => {
    if (!read.ok) throw new Error(read.failure.message);
    const run = runScenario(read.value);
    if (recording) writeFileSync(join(folder, "expected.log"), run.log);
    expect(run.violations).toEqual([]);
    expect(run.missed).toEqual([]);
    expect(run.log).toBe(recording ? run.log : read.value.expected);
  });
}
