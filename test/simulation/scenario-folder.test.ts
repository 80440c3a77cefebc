import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readFolder } from "../../src/simulator/scenario/folder.ts";
import { readAmbush } from "../../src/simulator/scenario/script.ts";

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
    ["1s load a3 900\n2s end\n", "script:1: there is no VM a3"],
    ["1s drain h1\n\n2s dance h1\n3s end\n", "script:3: there is no deed dance"],
    ["2s drain h1\n1s restore h1\n3s end\n", "script:2: is earlier than the deed before it"],
    ["1s cut h1\n3s end\n", "script:1: cut takes: host host"],
    ["1s kill-agent h1 after lunch\n3s end\n", "script:1: not understood: after lunch"],
    ["1s heal\n", "script: the end is missing"],
    ["1s end\n2s heal\n", "script:2: nothing comes after the end"],
  ])("is refused with the line of the deed that is wrong: %j", (script, mistake) => {
    expect(mistakeIn(HOSTS, script)).toBe(mistake);
  });

  test("is refused with the line of the setting that is wrong", () => {
    expect(mistakeIn(`lrt:\n  leeseMs: 3\n${HOSTS}`, "1s end\n")).toBe(
      "scenario.yaml:2:12: lrt.leeseMs: no such setting: leeseMs",
    );
    expect(mistakeIn("hosts:\n  - name: h1\n    memory: 1\n", "1s end\n")).toMatch(
      /^scenario\.yaml:3:13: hosts\.0\.memory/,
    );
  });
});
