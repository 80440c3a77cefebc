import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";

const MAIN = new URL("../../src/simulator/main.ts", import.meta.url).pathname;
/** As many seeds as one run of the tests checks: 3–12 hosts each, and 25–48 in the large ones. */
const SMALL = { seeds: 4000, perTest: 200 };
const LARGE = { seeds: 20, perTest: 2 };
const TIMEOUT_MS = 600_000;

const running = new Set<Promise<string>>();

/** Runs a swarm as a process of its own, no more of them at a time than there are processors. */
async function swarm(first: number, runs: number, ...more: string[]): Promise<string> {
  while (running.size >= availableParallelism()) await Promise.race(running);
  const args = [
    MAIN,
    "swarm",
    "--first-seed",
    String(first),
    "--runs",
    String(runs),
    "--keep-going",
    ...more,
  ];
  const told = new Promise<string>((resolve) => {
    execFile(process.execPath, args, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
  running.add(told);
  return await told.finally(() => running.delete(told));
}

const firsts = ({ seeds, perTest }: typeof SMALL): number[] =>
  Array.from({ length: seeds / perTest }, (_, i) => 1 + i * perTest);

describe.concurrent("a swarm of worlds with faults keeps every invariant and settles", () => {
  test.each(firsts(SMALL))("from seed %i on", { timeout: TIMEOUT_MS }, async (first) => {
    expect(await swarm(first, SMALL.perTest)).toMatch(/^no seed shows a fault;/);
  });

  test.each(firsts(LARGE))("from large seed %i on", { timeout: TIMEOUT_MS }, async (first) => {
    expect(await swarm(first, LARGE.perTest, "--large")).toMatch(/^no seed shows a fault;/);
  });
});
