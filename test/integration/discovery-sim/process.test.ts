import { type SpawnSyncOptionsWithStringEncoding, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { misfitOf } from "../../../src/simulator/command-line/field.ts";
import { SCENARIO_FIELDS } from "../../../src/simulator/scenario/format.ts";
import { REPLAY_FIELDS, SWARM_FIELDS } from "../../../src/simulator/swarm/format.ts";

const MAIN = new URL("../../../src/simulator/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "discovery-sim-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sim(args: readonly string[], options: Partial<SpawnSyncOptionsWithStringEncoding> = {}) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", ...options });
}

/** A file of the folder. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("discovery-sim as a process", () => {
  test("explains itself on stdout, and what it does not know on stderr", () => {
    expect(sim(["run", "--help"])).toMatchObject({ status: 0, stderr: "" });
    expect(sim([])).toMatchObject({ status: 2, stdout: "" });
    expect(sim(["swram"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("did you mean: discovery-sim swarm"),
    });
  });

  test.each([
    [
      "a file that is not there",
      () => ["report", join(folder, "none.json")],
      "none.json cannot be read: there is no",
    ],
    ["a folder", () => ["report", folder], "cannot be read: it is a folder"],
    ["no JSON", () => ["report", file("odd.json", "{")], "odd.json is no JSON"],
    [
      "JSON of something else",
      () => ["report", file("else.json", "[1]")],
      "else.json is not what discovery-sim run -o json writes",
    ],
    [
      "a place where nothing can be written",
      () => ["report", file("x.json", "{}"), "--html", join(folder, "none", "x.html")],
      "x.html cannot be written: there is no such file or folder",
    ],
    [
      "a page that would replace its run",
      () => ["report", file("same.json", "{}"), "--html", join(folder, "none", "..", "same.json")],
      "would replace the run that it is made of",
    ],
    [
      "a folder that has something in it",
      () => ["shrink", "--seed", "1", "--out", folder],
      "exists and is not empty",
    ],
    ["a folder without a scenario", () => ["scenario", folder], "has no README.md"],
  ])("says in a sentence that it was given %s", (_what, args, said) => {
    const { status, stderr } = sim(args());
    expect(status).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test("says that its output is lost when the disk is full", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = sim(["run", "--help"], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    expect([status, stderr]).toEqual([2, "error: the output is lost: there is no space left\n"]);
  });

  test("ends quietly when nobody reads its output any more", async () => {
    const child = spawn(process.execPath, [MAIN, "swarm", "--runs", "3", "-v"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [status] = (await once(child, "close")) as [number | null];
    expect([status, said]).toEqual([141, ""]);
  });
});

describe("a swarm", () => {
  test("tells programs the same twice: what was run, and what comes next", () => {
    const args = ["swarm", "--runs", "2", "--first-seed", "3", "-o", "json"];
    const { status, stdout } = sim(args);
    expect(status).toBe(0);
    expect(misfitOf(JSON.parse(stdout), SWARM_FIELDS)).toBeNull();
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(SWARM_FIELDS.map(({ path }) => path));
    expect(JSON.parse(stdout)).toMatchObject({ firstSeed: 3, runs: 2, done: 2, nextSeed: null, faults: [] });
    expect(sim(args).stdout).toBe(stdout);
  });

  test("tells upon Ctrl-C what it found until then, and the first seed that was not run", async () => {
    const args = ["swarm", "--runs", "100000", "-v"];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (text === "") child.kill("SIGINT");
      text += chunk.toString();
    });
    const [status] = (await once(child, "close")) as [number | null];
    expect(status).toBe(130);
    expect(text).toMatch(/interrupted after (\d+) of 100000 seeds; the first that was not run: \d+\n$/);
  });
});

test("a replay prints the world before the story, and both for programs", () => {
  const { stdout } = sim(["replay", "--seed", "3"]);
  expect(stdout).toMatch(/^The world of seed 3:\n\nseed: "3"\n/);
  expect(stdout).toMatch(/\n {2}- name: h1\n(.*\n)*\nIts story:\n\n +0\.\d{3} h\d/);
  const told = JSON.parse(sim(["replay", "--seed", "3", "-o", "json"]).stdout) as { world: { seed: string } };
  expect(misfitOf(told, REPLAY_FIELDS)).toBeNull();
  expect(Object.keys(told)).toEqual(REPLAY_FIELDS.map(({ path }) => path));
  expect(told).toMatchObject({ seed: 3, size: "small", violations: [], world: { seed: "3" } });
});

test("scenarios are one document, those that cannot be played included", () => {
  const drain = new URL("../../simulation/scenarios/drain", import.meta.url).pathname;
  const { status, stdout } = sim(["scenario", "-o", "json", "--check", drain, folder]);
  expect(status).toBe(2);
  const { scenarios } = JSON.parse(stdout) as { scenarios: object[] };
  expect(Object.keys(scenarios[0] ?? {})).toEqual(SCENARIO_FIELDS.map(({ path }) => path));
  expect(scenarios).toMatchObject([
    { name: "drain", mistake: null, difference: null, violations: [] },
    { mistake: `${folder} has no README.md` },
  ]);
});

test("a shrink of a seed without a fault leaves no folder behind", () => {
  const out = join(folder, "shrunk");
  expect(sim(["shrink", "--seed", "1", "--out", out])).toMatchObject({
    status: 1,
    stdout: "seed 1 shows no fault as a scenario; nothing is written\n",
  });
  expect(readdirSync(folder)).not.toContain("shrunk");
});

/** As after `scripts/setup` without `--dev`. */
const WITHOUT_PLOTS = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== "echarts") return next(specifier, context);
      throw Object.assign(new Error("Cannot find package 'echarts'"), { code: "ERR_MODULE_NOT_FOUND" });
    },
  });
`)}`;

test("a report without the package that draws plots says how to get it", () => {
  const { stdout } = sim(["run", "--hosts", "2", "--duration", "1", "-o", "json"]);
  const args = [
    "--import",
    WITHOUT_PLOTS,
    MAIN,
    "report",
    file("run.json", stdout),
    "--html",
    join(folder, "x.html"),
  ];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toBe(
    "error: the package that draws plots (echarts) is not installed\n  next: scripts/setup --dev\n",
  );
});
