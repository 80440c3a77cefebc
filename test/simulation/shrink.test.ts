import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Checker } from "../../src/simulator/checkers/checker.ts";
import { readFolder } from "../../src/simulator/scenario/folder.ts";
import { runScenario } from "../../src/simulator/scenario/run.ts";
import { drawCase, type SwarmCase } from "../../src/simulator/swarm/run.ts";
import { Shrinker, type Shrunk } from "../../src/simulator/swarm/shrink.ts";
import { writeShrunk } from "../../src/simulator/swarm/shrink-command.ts";

const folder = mkdtempSync(join(tmpdir(), "shrink-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A planted fault: draining is right, and this says that it is not. */
const NO_DRAIN: Checker = {
  name: "no-drain",
  notified: (host, { kind }) => (kind === "drain" ? [`${host.id} drains`] : []),
};
/** A drawn world, an operator who drains a host, and faults that have nothing to do with it. */
function drainingCase(): SwarmCase {
  const command = { type: "host.drain", host: "h2" } as const;
  return {
    ...drawCase("2"),
    faults: [
      { at: 11_000, fault: { kind: "slow-disk", host: "h1", byMs: 50, forMs: 2000 } },
      { at: 12_000, fault: { kind: "cut", from: "h1", to: "h3", forMs: 1000 } },
      { at: 13_000, fault: { kind: "slow-cpu", host: "h3", byMs: 5, forMs: 1000 } },
      { at: 15_000, fault: { kind: "command", host: "h2", command } },
      { at: 16_000, fault: { kind: "kill", host: "h3", forMs: 2000 } },
    ],
  };
}

/** @param runs no run begins after so many. */
async function shrunk(runs: number): Promise<Shrunk | null> {
  return await new Shrinker((done) => Promise.resolve(done < runs), [NO_DRAIN]).shrink(drainingCase());
}

describe("a seed that shows a planted fault", () => {
  test("becomes a small folder that shows it again", async () => {
    const small = await shrunk(1000);
    if (small === null) throw new Error("it shows nothing");
    const { hosts } = small.draft.shape;
    expect(hosts).toHaveLength(2);
    expect(small.script.trimEnd().split("\n")).toHaveLength(2);
    writeShrunk(folder, "Seed 2", small);
    const read = readFolder(folder);
    if (!read.ok) throw new Error(read.failure.message);
    const run = runScenario(read.value, [NO_DRAIN]);
    expect(run.violations[0]?.checker).toBe("no-drain");
    expect(run.log).toBe(read.value.expected);
    expect(readFileSync(join(folder, "README.md"), "utf8")).toBe("Seed 2, no-drain: h2 drains.\n");
    expect(runScenario(read.value).violations).toEqual([]);
  });

  test("is what it has come to when the time is over, after no run more", async () => {
    const some = await shrunk(4);
    expect(some?.runs).toBe(4);
    expect(some?.violation.checker).toBe("no-drain");
    expect(some?.draft.shape.hosts.length).toBeGreaterThan(1);
  });

  test("is nothing before the first run", async () => {
    expect(await shrunk(0)).toBeNull();
  });
});
