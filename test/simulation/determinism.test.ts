import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { drawCase, runCase } from "../../src/simulator/swarm/run.ts";

const MAIN = new URL("../../src/simulator/main.ts", import.meta.url).pathname;
const DEADLINE_MS = 60_000;

const digest = (seed: string): string =>
  createHash("sha256")
    .update(JSON.stringify(runCase(drawCase(seed), true)))
    .digest("hex");

test.each(["1", "2", "3", "24"])("seed %s gives the same bytes twice", (seed) => {
  expect(digest(seed)).toBe(digest(seed));
});

test("different seeds give different worlds", () => {
  expect(new Set(["1", "2", "3"].map(digest)).size).toBe(3);
});

test("a process of its own tells the same story", { timeout: DEADLINE_MS }, () => {
  const args = ["swarm", "--runs", "1", "--first-seed", "2", "-v"];
  const { stdout, status } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout).toContain(`${runCase(drawCase("2"), true).story.join("\n")}\n`);
});

test("whether the story is kept changes nothing else", () => {
  const { story: _told, ...told } = runCase(drawCase("7"), true);
  const { story: _untold, ...untold } = runCase(drawCase("7"), false);
  expect(untold).toEqual(told);
});
