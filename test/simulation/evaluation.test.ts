import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { Evaluation } from "../../src/simulator/evaluation/evaluation.ts";
import { type EvaluationOptions, VMPLACES } from "../../src/simulator/evaluation/options.ts";
import type { Report } from "../../src/simulator/evaluation/report.ts";

const MAIN = new URL("../../src/simulator/main.ts", import.meta.url).pathname;
const SMALL: EvaluationOptions = { ...VMPLACES, hosts: 24, vms: 240, durationMs: 900_000 };

function evaluated(options: EvaluationOptions): Report {
  const evaluation = new Evaluation(options);
  evaluation.start();
  while (!evaluation.over) evaluation.advance(10_000);
  return evaluation.report();
}

describe("an evaluation", () => {
  test("tells the same bytes twice, and others from another seed", () => {
    const options = { ...SMALL, durationMs: 300_000 };
    const once = JSON.stringify(evaluated(options));
    expect(JSON.stringify(evaluated(options))).toBe(once);
    expect(JSON.stringify(evaluated({ ...options, seed: "24" }))).not.toBe(once);
  });

  test("violates no invariant and ends overloads within one migration, one sample and half a second", () => {
    const { wrong, violations, migrations, partitions } = evaluated(SMALL);
    expect(wrong).toEqual([]);
    expect(violations.handled.count).toBeGreaterThan(5);
    expect(violations.handled.p50).toBeLessThanOrEqual(migrations.seconds.p50 + 1 + 0.5);
    expect(partitions.hosts.p50).toBeLessThan(4);
  });

  test("splits the time of violations into parts that add up", () => {
    const { violations } = evaluated(SMALL);
    const parts = Object.values(violations.parts).reduce((sum, { mean }) => sum + mean, 0);
    expect(parts).toBeCloseTo(violations.handled.mean, 1);
  });

  test("lets the central scheduler's hosts wait for its period", () => {
    const many = { ...SMALL, hosts: 96, vms: 960 };
    const central = evaluated({ ...many, algorithm: "centralised" });
    const partition = evaluated(many);
    expect(central.wrong).toEqual([]);
    expect(central.loadChanges).toBe(partition.loadChanges);
    expect(central.violations.parts.detect.mean).toBeGreaterThan(5);
    expect(partition.violations.parts.detect.mean).toBeLessThan(1);
  });

  test("has no agents beside the central scheduler, not even where a host comes back", () => {
    const faults = { ...VMPLACES.faults, failingPercent: 50 };
    const options = { ...SMALL, algorithm: "centralised", membership: "none", faults } as const;
    const evaluation = new Evaluation(options);
    evaluation.start();
    while (!evaluation.over) evaluation.advance(10_000);
    expect(evaluation.report().wrong).toEqual([]);
    expect(evaluation.simulation.hosts.filter(({ agent }) => agent !== null)).toEqual([]);
  });

  test("with the real membership finds what it finds with the model, within a second", () => {
    const real = evaluated({ ...SMALL, membership: "real" });
    const modelled = evaluated(SMALL);
    expect(real.wrong).toEqual([]);
    expect(Math.abs(real.violations.handled.p50 - modelled.violations.handled.p50)).toBeLessThan(1);
    expect(real.traffic.modelled).toBeNull();
    expect(modelled.traffic.lanes["membership"]).toBeUndefined();
  });

  test("keeps migrations inside a site where it can", () => {
    const sites = { ...SMALL, hosts: 48, vms: 480, sites: 4 };
    const near = evaluated(sites);
    const random = evaluated({ ...sites, walk: "random" });
    expect(near.wrong).toEqual([]);
    expect(near.migrations.acrossPercent).toBeLessThan(random.migrations.acrossPercent / 2);
  });

  test("goes on when hosts fail, a site wants more and hosts are drained", () => {
    const faults = { failingPercent: 10, siteSurgePercent: 5, drained: 2 };
    const { wrong, partitions } = evaluated({ ...SMALL, sites: 2, faults });
    expect(wrong).toEqual([]);
    expect(partitions.drains.asked).toBe(2);
  });
});

describe("the command", () => {
  test("gives a partial report when it is interrupted", async () => {
    const args = ["run", "--hosts", "64", "-o", "json"];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const [status] = (await once(child, "close")) as [number | null];
    expect(status).toBe(130);
    const report = JSON.parse(text) as Report;
    expect(report.complete).toBe(false);
    expect(report.options.hosts).toBe(64);
  });

  test("refuses arguments that make no sense", async () => {
    const child = spawn(process.execPath, [MAIN, "run", "--hosts", "none"], { stdio: "ignore" });
    expect(await once(child, "close")).toEqual([2, null]);
  });
});
