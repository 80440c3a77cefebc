import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadScenario, runScenario } from "../../src/simulator/scenario/scenario.ts";

const FOLDER = join(import.meta.dirname, "scenarios");
const UPDATE = process.env["UPDATE"] === "1";

describe("scenarios", () => {
  for (const name of readdirSync(FOLDER).sort()) {
    const readme = readFileSync(join(FOLDER, name, "README.md"), "utf8").trim();
    it(`${name}: ${readme}`, () => {
      expect(readme, "a README is one line").not.toContain("\n");
      const { log, violations } = runScenario(loadScenario(join(FOLDER, name)));
      expect(violations).toEqual([]);
      const expected = join(FOLDER, name, "expected.log");
      if (UPDATE) writeFileSync(expected, log);
      expect(log).toBe(readFileSync(expected, "utf8"));
    });
  }
});
