import { describe, expect, it } from "vitest";
import { overview, verbHelp } from "../../../src/simulator/command-line/help.ts";
import type { Input } from "../../../src/simulator/command-line/input.ts";
import { parse } from "../../../src/simulator/command-line/parse.ts";
import { sayLeft } from "../../../src/simulator/command-line/status-line.ts";
import { VERBS } from "../../../src/simulator/command-line/verbs.ts";
import { optionsOf } from "../../../src/simulator/evaluation/asked.ts";
import { VMPLACES } from "../../../src/simulator/evaluation/options.ts";

const words = (line: string): string[] => line.split(" ").map((word) => (word === "''" ? "" : word));

function inputOf(line: string): Input {
  const parsed = parse(words(line), VERBS);
  if (!parsed.ok || parsed.value.kind !== "verb") throw new Error(JSON.stringify(parsed));
  return parsed.value.input;
}

/** What is wrong with the words, and what is to be done about it. */
function mistake(line: string): string | null {
  const parsed = parse(words(line), VERBS);
  if (parsed.ok) return null;
  const { message, hint } = parsed.failure;
  return hint === undefined ? message : `${message}; ${hint}`;
}

function refused(line: string): string | null {
  const options = optionsOf(inputOf(`run ${line}`));
  return options.ok ? null : options.failure.message;
}

describe("words of discovery-sim", () => {
  it("become what a verb is given, in any order and form", () => {
    const input = inputOf("swarm --runs=7 --first-seed 12 -ojson --large");
    expect([input.whole("runs"), input.whole("first-seed"), input.json]).toEqual([7, 12, true]);
    expect([input.flag("large"), input.flag("keep-going"), input.given("runs")]).toEqual([true, false, true]);
    expect(inputOf("report -- -odd.json").args).toEqual(["-odd.json"]);
  });

  it.each([
    ["rum", "discovery-sim rum is not known; did you mean: discovery-sim run"],
    ["run --host 3", "--host is no option of run; did you mean --hosts?"],
    ["run --hosts none", '--hosts must be a whole number from 2 to 16384; it is "none"'],
    ["run --hosts 99999999999", '--hosts must be a whole number from 2 to 16384; it is "99999999999"'],
    ["run --hosts 1e3", '--hosts must be a whole number from 2 to 16384; it is "1e3"'],
    ["run --hosts 8 --hosts 8", "--hosts is given twice"],
    ["run --hosts", "--hosts needs a value: --hosts H"],
    ["run --hosts --sites 4", "--hosts needs a value: --hosts H"],
    ["run --faults ''", "--faults is empty: --faults LIST"],
    ["run --walk radnom", '--walk must be locality or random; it is "radnom"; did you mean random?'],
    ["swarm --large=yes", '--large takes no value; it has "yes"'],
    ["swarm -x", "-x is no option of swarm; discovery-sim swarm --help"],
    ["calibrate foo", 'discovery-sim calibrate takes no "foo"; discovery-sim calibrate --help'],
    ["replay", "--seed is missing; discovery-sim replay --help"],
    ["shrink --seed abc --out x", '--seed must be a whole number from 0 to 9007199254740991; it is "abc"'],
    ["scenario", "DIR is missing; discovery-sim scenario --help"],
  ])("that are wrong are named, with what may be meant: %s", (line, said) => {
    expect(mistake(line)).toBe(said);
  });

  it.each(VERBS)("explain $name", (verb) => {
    expect(parse([verb.name, "--help"], VERBS)).toEqual({
      ok: true,
      value: { kind: "help", verb, wanted: true },
    });
    for (const { name } of verb.options) expect(verbHelp(verb)).toContain(`--${name}`);
    expect(overview(VERBS)).toContain(verb.summary);
  });
});

describe("what run is asked for", () => {
  it("is the VMPlaceS workload where nothing else is said", () => {
    expect(optionsOf(inputOf("run"))).toEqual({ ok: true, value: VMPLACES });
  });

  it("is taken from the words", () => {
    const line = "run --hosts 8 --sites 2 --faults failing=50,drained=8 --seed 007";
    const faults = { failingPercent: 50, siteSurgePercent: 0, drained: 8 };
    expect(optionsOf(inputOf(line))).toMatchObject({
      value: { hosts: 8, vms: 80, sites: 2, seed: "7", faults },
    });
  });

  it.each([
    [
      "--algorithm centralised --faults drained=3",
      "--faults drained has no effect on --algorithm centralised: it drains no hosts",
    ],
    [
      "--algorithm centralised --membership real",
      "--membership has no effect on --algorithm centralised: it has none: it knows every host",
    ],
    [
      "--algorithm centralised --walk random",
      "--walk has no effect on --algorithm centralised: it asks no neighbours",
    ],
    [
      "--algorithm centralised --consolidate",
      "--consolidate has no effect on --algorithm centralised: it helps overloaded hosts only",
    ],
    ["--wan-latency 5", "--wan-latency has no effect with one site: add --sites"],
    ["--hosts 8 --sites 9", "--sites 9 is more than there are hosts: 8"],
    [
      "--hosts 8 --vms 100000",
      "--vms 100000 on 8 hosts is 12500 on one: a message carries at most 1024, here 8192 in all",
    ],
    ["--faults failing=200", '--faults failing must be a whole number from 1 to 100; it is "200"'],
    ["--hosts 8 --faults drained=9", '--faults drained must be a whole number from 1 to 8; it is "9"'],
    ["--hosts 8 --faults failing=1", "--faults failing=1 is no host of 8"],
    ["--faults failing=1,failing=2", "--faults has failing twice"],
    ["--faults failing=5,", '--faults must be failing or site-surge or drained; it is ""'],
    ["--faults failing=5=6", "--faults failing=5=6 has two values"],
  ])("is refused where it makes no sense or has no effect: %s", (line, said) => {
    expect(refused(line)).toBe(said);
  });

  it("has no membership where one scheduler knows every host", () => {
    const central = optionsOf(inputOf("run --algorithm centralised"));
    expect(central).toMatchObject({ value: { algorithm: "centralised", membership: "none" } });
  });
});

describe("the estimate of what is left", () => {
  it.each([
    [1000, 1, 3, "over in about 2 s"],
    [60_000, 10, 100, "over in about 9 min"],
    [3_600_000, 1, 5, "over in about 4.0 h"],
  ])("goes on as it went: %i ms, %i of %i", (elapsedMs, done, all, said) => {
    expect(sayLeft(elapsedMs, done, all)).toBe(said);
  });
});
