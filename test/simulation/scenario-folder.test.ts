import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { DEFAULT_LRT_CONFIG } from "../../src/lrt/config.ts";
import { readFolder } from "../../src/simulator/scenario/folder.ts";
import { EXAMPLE } from "../../src/simulator/scenario/page.ts";
import { differenceOf, record } from "../../src/simulator/scenario/record.ts";
import { runScenario } from "../../src/simulator/scenario/run.ts";
import { readAmbush, VERBS, type Verb } from "../../src/simulator/scenario/script.ts";
import { SENTENCES } from "../../src/simulator/scenario/sentences.ts";

const HOSTS = "hosts:\n  - { name: h%, numbers: [1, 2], vms: [{ name: a% }] }\n";
const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** @returns what is wrong with a folder of these files, without the folder's own path. */
function mistakeIn(yaml: string, script: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), "scenario-"));
  made.push(folder);
  for (const [name, text] of Object.entries({ "README.md": "It.", "scenario.yaml": yaml, script }))
    writeFileSync(join(folder, name), text);
  const read = readFolder(folder);
  return read.ok ? null : read.failure.message.replaceAll(`${folder}/`, "");
}

describe("a scenario's folder", () => {
  test("is read when its deeds name hosts and VMs that are there", () => {
    const script = "1s load a1 900 # more\n\n2s kill-agent h2 before send partition.prepare × 2\n3s end\n";
    expect(mistakeIn(HOSTS, script)).toBeNull();
  });

  test("may name a guest of a VE, and a label that its VMs require", () => {
    const script = "1s ve-apply h1 shop 1 256 disk=ssd\n2s suspend-guest shop.web-0\n3s end\n";
    expect(mistakeIn(HOSTS, script)).toBeNull();
  });

  test.each([
    ["before send partition.reply.accepted", "partition.reply.accepted", 1, null],
    ["before ask migrate × 3", "hypervisor.migrate", 3, null],
    ["before outcome for 500ms", "outcome", 1, 500],
    ["before any × 12 for 2s", "any", 12, 2000],
  ])("says when an agent dies and when it is back: %s", (words, effect, countdown, backMs) => {
    expect(mistakeIn(HOSTS, `1s kill-agent h1 ${words}\n2s end\n`)).toBeNull();
    expect(readAmbush(words.split(" "))).toEqual({ effect, countdown, backMs });
  });

  test.each([
    ["1s load a3 900\n2s end\n", "script:1: there is no VM a3; did you mean a1?"],
    ["1s drain h1\n\n2s dance h1\n3s end\n", "script:3: there is no deed dance"],
    ["1s drian h1\n3s end\n", "script:1: there is no deed drian; did you mean drain?"],
    ["2s drain h1\n1s restore h1\n3s end\n", "script:2: is earlier than the deed before it"],
    ["1s cut h1\n3s end\n", "script:1: cut takes: host host"],
    ["1s kill-agent h1 after lunch\n3s end\n", "script:1: not understood: after lunch"],
    ["1s mode banana\n3s end\n", "script:1: there is no mode banana: it is one of auto, recommend, manual"],
    [
      "1s disk-space h1 banana\n3s end\n",
      "script:1: there is no state banana: it is one of ample, low, full",
    ],
    [
      "1s drop h1 h2 partition.relaese\n3s end\n",
      "script:1: there is no message partition.relaese; did you mean partition.release?",
    ],
    ["1s delay h1 h2 banana 3s\n3s end\n", "script:1: there is no message banana"],
    [
      "1s delay-alone h1 h2 partition.reply.accepted 3s\n3s end\n",
      "script:1: there is no message partition.reply.accepted",
    ],
    [
      "1s ve-apply h1 shop 1 256 banana\n3s end\n",
      "script:1: there is no rule banana: it is one of apart, anywhere",
    ],
    ["1s ve-apply h1 shop 0 256 apart\n3s end\n", "script:1: 0 is not from 1 to 1000"],
    ["1s suspend-guest a3\n3s end\n", "script:1: there is no VM a3; did you mean a1?"],
    ["1s ve-start h1 Shop\n3s end\n", "script:1: Shop is no name of a VE"],
    ["1s load a1 300000\n3s end\n", "script:1: 300000 is not from 0 to 256000"],
    ["1s weather 0 2 1s\n3s end\n", "script:1: 2 is not between 0 and 1"],
    [
      "1s kill-agent h1 before send partition.prepaer\n3s end\n",
      "script:1: there is no message that agents send partition.prepaer; did you mean partition.prepare?",
    ],
    [
      "1s kill-agent h1 before ask migrat\n3s end\n",
      "script:1: there is no command to a hypervisor migrat: it is one of list, inspect, start, stop, resume, destroy, migrate, await-migration, abort-migration, stamp",
    ],
    ["1s heal\n", "script: the end is missing"],
    ["1s end\n2s heal\n", "script:2: nothing comes after the end"],
  ])("is refused with the line of the deed that is wrong: %j", (script, mistake) => {
    expect(mistakeIn(HOSTS, script)).toBe(mistake);
  });

  test.each([
    ["lrt:\n  leeseMs: 3\n", /^scenario\.yaml:2:3: lrt\.leeseMs is not known; did you mean "leaseMs"\?$/],
    ["lrt: { holdMs: 5s }\n", /^scenario\.yaml:1:16: lrt\.holdMs must be a number$/],
    ["lrt: { sampleMs: 0 }\n", /^scenario\.yaml:1:18: lrt\.sampleMs must be at least 100$/],
    ["lrt: { overloadPermille: 5000 }\n", /lrt\.overloadPermille must be at most 2000$/],
    ["lrt: { walk: banana }\n", /lrt\.walk must be locality or random$/],
    ["lrt: { consolidate: 1 }\n", /lrt\.consolidate must be true or false$/],
    ["seed: 5\n", /^scenario\.yaml:1:7: seed must be text$/],
  ])("is refused with the line of the setting that is wrong: %j", (yaml, mistake) => {
    expect(mistakeIn(`${yaml}${HOSTS}`, "1s end\n")).toMatch(mistake);
  });

  test("is refused when one of its files is a folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "scenario-"));
    made.push(folder);
    for (const name of ["README.md", "scenario.yaml", "script"]) mkdirSync(join(folder, name));
    expect(readFolder(folder)).toMatchObject({
      failure: { message: `${join(folder, "scenario.yaml")} cannot be read: it is a folder` },
    });
  });

  test("is refused with the line of the host that is wrong", () => {
    expect(mistakeIn("hosts:\n  - name: h1\n    memory: 1\n", "1s end\n")).toBe(
      "scenario.yaml:3:13: hosts[0].memory must be at least 64",
    );
  });

  test("is refused when a rule names a VM that is not there", () => {
    const hosts = "hosts: [{ name: h1, vms: [{ name: web, policy: { apart: [wbe] } }] }]\n";
    expect(mistakeIn(hosts, "1s end\n")).toMatch(/: apart of web: there is no VM wbe; did you mean web\?$/);
  });

  test("takes each of the scheduler's constants, within the configuration's bounds", () => {
    const all = Object.entries(DEFAULT_LRT_CONFIG).map(([key, value]) => `  ${key}: ${value}\n`);
    expect(mistakeIn(`lrt:\n${all.join("")}${HOSTS}`, "1s end\n")).toBeNull();
  });
});

describe("a scenario's story", () => {
  const madeOf = (files: Record<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), "scenario-"));
    made.push(folder);
    for (const [name, text] of Object.entries({ "README.md": "It.", ...files }))
      writeFileSync(join(folder, name), text);
    return folder;
  };
  const played = (folder: string) => {
    const read = readFolder(folder);
    if (!read.ok) throw new Error(read.failure.message);
    return { ...runScenario(read.value), expected: read.value.expected };
  };
  const { yaml, script } = EXAMPLE;

  test("of the reference page's example shows what it is to show, and is recorded", () => {
    const folder = madeOf({ "scenario.yaml": yaml.join("\n"), script: script.join("\n") });
    const run = played(folder);
    expect([run.violations, run.missed]).toEqual([[], []]);
    expect(differenceOf(run.expected, run.log)).toEqual({ line: 0, was: null, is: null });
    expect(record(folder, run)).toBe(true);
    expect(differenceOf(played(folder).expected, run.log)).toBeNull();
  });

  test("that is not right is not recorded", () => {
    const folder = madeOf({ "scenario.yaml": yaml.join("\n"), script: "1s end" });
    expect(record(folder, played(folder))).toBe(false);
    expect(played(folder).expected).toBeNull();
  });

  test("differs from another at its first other line", () => {
    expect(differenceOf("a\nb\n", "a\nc\n")).toEqual({ line: 2, was: "b", is: "c" });
    expect(differenceOf("a\n", "a\nc\n")).toEqual({ line: 2, was: "", is: "c" });
  });

  test.each(Object.keys(VERBS) as Verb[])("has a sentence about %s", (verb) => {
    expect(SENTENCES[verb].about).toMatch(/^[A-Z].*\.$/);
  });
});
