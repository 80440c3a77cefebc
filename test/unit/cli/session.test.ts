import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parse as parseYaml } from "yaml";
import type { Platform } from "../../../src/cli/context.ts";
import { discoveryctl, type FakeAgent, fakeAgent, temporaryDirectory, until } from "../../support/control.ts";

let agent: FakeAgent;

beforeAll(async () => {
  agent = await fakeAgent();
});

afterAll(() => agent.close());

const run = (line: string, platform: Partial<Platform> = {}, tty = false) =>
  discoveryctl(line.split(" "), { directory: agent.directory, platform, tty });

/** What a session looks like: the command, stdout, stderr behind bars, the exit code. */
function transcript(line: string, { out, err, code }: Awaited<ReturnType<typeof run>>): string {
  const messages = err.replaceAll(/^(?=.)/gm, "| ");
  return `$ discoveryctl ${line}\n${out}${messages}exit ${code}\n\n`;
}

const GOLDEN = [
  "status",
  "doctor",
  "version",
  "host list",
  "host list -o wide",
  "host list --no-header",
  "host list -o name",
  "host show h2",
  "host show h3",
  "host show h9",
  "host rtt",
  "host drain h1 --dry-run",
  "host restore h1",
  "vm list",
  "vm list --ve shop --host h2",
  "vm show shop.web-0",
  "vm history shop.web-0",
  "explain vm shop.web-0",
  "ve list",
  "ve list -o yaml",
  "ve show shop",
  "ve export shop",
  "balance status",
  "balance mode recommend",
  "op list",
  "op list -o json",
  "op cancel h1-1.7",
  "--help",
  "ve",
  "ve apply --help",
  "completion bash",
];

test("every command looks as it always has", async () => {
  let text = "";
  for (const line of GOLDEN) text += transcript(line, await run(line));
  await expect(text).toMatchFileSnapshot("./session.golden.txt");
});

describe("manifests", () => {
  const manifest =
    "apiVersion: discovery/v1\nkind: VirtualEnvironment\nmetadata: { name: shop }\nspec:\n  vms:\n    - name: web\n      memory: 2GiB\n";
  const files = (text: string) => ({ readFile: () => text });

  test("are planned: exit 10 when changes are pending", async () => {
    const { code, out } = await run("ve plan -f shop.yaml", files(manifest));
    expect(code).toBe(10);
    expect(out).toBe(
      [
        "   WHAT            CHANGE             EFFECT",
        "+  vms.web-2       2 cpus, 2048 MiB   starts",
        "~  vms.web.memory  2GiB → 4GiB        needs a restart",
        "-  vms.db          db                 stops",
        "~  desired         stopped → running  starts",
        "shop: 1 to add, 2 to change, 1 to remove",
        "",
      ].join("\n"),
    );
    expect(agent.asked.at(-1)).toMatchObject({ type: "ve.apply", dryRun: true });
    expect((await run("ve apply --dry-run -f shop.yaml", files(manifest))).code).toBe(10);
  });

  test("without pending changes are exit 0", async () => {
    const still = await fakeAgent(() => ({
      ok: true,
      value: { name: "shop", generation: 4, changed: false, changes: [], warnings: [], operation: null },
    }));
    onTestFinished(() => still.close());
    const options = { directory: still.directory, platform: files(manifest) };
    expect(await discoveryctl(["ve", "plan", "-f", "x"], options)).toMatchObject({
      code: 0,
      out: "shop: nothing to change at generation 4\n",
    });
    expect(await discoveryctl(["ve", "apply", "-f", "x"], options)).toMatchObject({
      code: 0,
      err: "shop: generation 4, nothing to change\n",
    });
  });

  test("are applied, and the work is waited for", async () => {
    const { code, err, out } = await run("ve apply -f - --if-generation 3 --allow-restart --reason why", {
      readStdin: async () => manifest,
    });
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(/^warning: web-2 may wait\nshop: generation 4, 4 changes\n(h1-1\.9 .*\n)+$/);
    expect(agent.asked).toContainEqual(
      expect.objectContaining({ type: "ve.apply", ifGeneration: 3, allowRestart: true, reason: "why" }),
    );
  });

  test("that are wrong never reach the agent", async () => {
    const before = agent.asked.length;
    const { code, err } = await run("ve apply -f shop.yaml", files(manifest.replace("memory", "memmory")));
    expect(code).toBe(2);
    expect(err).toBe(
      [
        "error: the manifest shop.yaml is refused",
        "  why: shop.yaml:6:7: spec.vms[0].memory is missing",
        '       shop.yaml:7:7: spec.vms[0].memmory is not known; did you mean "memory"?',
        "",
      ].join("\n"),
    );
    expect(agent.asked).toHaveLength(before);
  });

  test("with many faults show the cause first, five at most, and count the rest", async () => {
    const tabs = Array.from({ length: 9 }, (_, i) => `\t- name: vm${i}\n`).join("");
    const { code, err } = await run("ve apply -f shop.yaml", files(`kind: x\nspec:\n  vms:\n${tabs}`));
    expect(code).toBe(2);
    const tab = "Tabs are not allowed as indentation";
    expect(err.split("\n")).toEqual([
      "error: the manifest shop.yaml is refused",
      `  why: shop.yaml:4:1: ${tab}`,
      "       shop.yaml:3:7: A block sequence may not be used as an implicit map key",
      ...[5, 6, 7].map((line) => `       shop.yaml:${line}:1: ${tab}`),
      "       and 5 more",
      "",
    ]);
  });

  test("with a field of a later version say so", async () => {
    const { code, err } = await run("ve apply -f shop.yaml", files(`${manifest}  reliability: {}\n`));
    expect(code).toBe(2);
    expect(err).toContain("spec.reliability is not available yet");
  });

  test("bring domain documents from beside them", async () => {
    const read: string[] = [];
    const readFile = (path: string) => {
      read.push(path);
      return path.endsWith(".xml") ? "<domain/>" : `${manifest}      domain: { fromFile: db.xml }\n`;
    };
    await run("ve apply -d -f /srv/shop.yaml", { readFile });
    expect(read).toEqual(["/srv/shop.yaml", "/srv/db.xml"]);
    expect(agent.asked.at(-1)).toMatchObject({ manifest: { vms: [{ domainXml: "<domain/>" }] } });
  });

  test("that are not there are exit 2", async () => {
    expect(await run("ve apply -f nowhere.yaml")).toMatchObject({
      code: 2,
      err: expect.stringContaining("cannot read nowhere.yaml"),
    });
    expect(await run("ve apply")).toMatchObject({ code: 2, err: expect.stringContaining("-f FILE") });
  });
});

describe("a list of the VMs", () => {
  test("of a host is found by the host's id, too", async () => {
    const byName = await run("vm list --host h2");
    expect(await run("vm list --host 12D3Kooh2")).toEqual(byName);
    expect(byName).toMatchObject({ code: 0, out: expect.stringContaining("shop.db") });
  });

  test.each([
    ["vm list --host zz", "there is no host zz"],
    ["vm list --ve zz", "there is no VE zz"],
    ["vm list --ve zz -o json", "there is no VE zz"],
  ])("of what is not there is not found: %s", async (line, what) => {
    const { code, out, err } = await run(line);
    expect([code, out]).toEqual([3, ""]);
    expect(err).toContain(what);
  });
});

describe("what programs read", () => {
  const META = { answeredBy: "h1", partial: false };
  const instance = JSON.stringify({
    format: "vmr-instance/2",
    hosts: [{ id: "h1", capacity: { cpu: 1000, memory: 1024 } }],
    vms: [],
  });
  const solve = { readFile: () => instance };

  test.each([
    ["status", "Status", META],
    ["host list", "HostList", { answeredBy: "h1", partial: true }],
    ["host restore h1", "Restore", META],
    ["vm list", "VmList", META],
    ["ve stop shop", "Operation", META],
    ["ve stop shop --detach", "Started", META],
    ["op wait fresh", "Operation", META],
    ["op cancel h1-1.7", "Operation", META],
    ["op wait endless --timeout 50ms", "Started", null],
    ["balance mode auto", "BalanceMode", { answeredBy: "h1", partial: true }],
    ["version", "Versions", META],
    ["config show", "SettingList", null],
  ])("has one form: %s", async (line, kind, meta) => {
    const { out } = await run(`${line} -o json`);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ apiVersion: "discovery/v1", kind, meta });
    expect(Object.keys(answer)).toEqual([
      "apiVersion",
      "kind",
      kind.endsWith("List") ? "items" : "item",
      "meta",
    ]);
    expect(parseYaml((await run(`${line} -o yaml`)).out)).toMatchObject({ kind });
  });

  test.each([
    ["host show h9", "not-found", 3],
    ["op wait doomed", "unplaceable", 6],
    ["vm lst", "invalid", 2],
    ["solve nowhere.json", "invalid", 2],
  ])("has one form of errors, on stderr: %s", async (line, code, exit) => {
    for (const format of ["-o json", "-o yaml", "--output=json"]) {
      const session = await run(`${line} ${format}`);
      const error = JSON.parse(session.err.trim().split("\n").at(-1) ?? "");
      expect(error).toMatchObject({ apiVersion: "discovery/v1", kind: "Error", error: { code } });
      expect(Object.keys(error.error)).toEqual(["code", "message", "reason", "hint", "changed"]);
      expect(session.code).toBe(exit);
    }
  });

  test.each([
    ["solve x.json -o name", "solve has no output name", "-o takes table, json here"],
    ["events -o yaml", "events has no output yaml", "-o takes table, wide, json here"],
    ["ve export shop -o wide", "ve export has no output wide", "-o takes yaml, json here"],
    ["completion bash -o json", "completion has no output json", "-o takes table here"],
  ])("is refused where a command does not have it: %s", async (line, what, next) => {
    const { code, out, err } = await run(line, solve);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(what);
    expect(err).toContain(next);
  });

  test("is what the environment prefers, where a command has it", async () => {
    const environment = { DISCOVERY_SOCKET: agent.directory, DISCOVERY_OUTPUT: "json" };
    expect(JSON.parse((await run("host list", { environment })).out)).toMatchObject({ kind: "HostList" });
    expect((await run("completion fish", { environment })).code).toBe(0);
  });
});

describe("solve", () => {
  test("prints the solution itself for programs", async () => {
    const instance = { format: "vmr-instance/2", hosts: [{ id: "h1", capacity: { cpu: 1 } }], vms: [] };
    const { code, out } = await run("solve x.json -o json", { readFile: () => JSON.stringify(instance) });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: "optimal", cost: 0, plan: { actions: [] } });
  });

  test.each([
    ["a file that is not there", {}, "cannot read x.json", "no such file: x.json"],
    ["no JSON", { readFile: () => "{" }, "the instance cannot be read", "JSON"],
    ["no instance", { readFile: () => "{}" }, "the instance cannot be read", '"format" is missing'],
  ])("says what, why and what next of %s", async (_, files, what, why) => {
    const { code, out, err } = await run("solve x.json", files);
    expect([code, out]).toEqual([2, ""]);
    const [first, second, third] = err.split("\n");
    expect(first).toBe(`error: ${what}`);
    expect(second).toMatch(/^ {2}why: /);
    expect(second).toContain(why);
    expect(third).toMatch(/^ {2}next: /);
  });
});

describe("long work", () => {
  test("is waited for with progress on stderr", async () => {
    const { code, out, err } = await run("op wait fresh");
    expect([code, out]).toEqual([0, ""]);
    expect(err).toMatch(/^(fresh shop\.web-0.*\n)+$/);
  });

  test("that is detached prints its id and nothing else", async () => {
    expect(await run("ve stop shop --detach --grace 5s")).toEqual({ code: 0, out: "h1-1.7\n", err: "" });
    expect(agent.asked.at(-1)).toEqual({ type: "ve.stop", name: "shop", graceMs: 5000 });
  });

  test("that fails gives what, why and what next, and its own exit code", async () => {
    const { code, err } = await run("op wait doomed");
    expect(code).toBe(6);
    expect(err).toContain("error: db cannot be placed\n  why: no host has 8GiB\n  next: add memory\n");
  });

  test("that takes too long is left alone: exit 124 and its id", async () => {
    const { code, out, err } = await run("op wait endless --timeout 50ms");
    expect([code, out]).toEqual([124, "endless\n"]);
    expect(err).toContain("discoveryctl op wait endless");
  });

  test("is left alone on Ctrl-C: exit 130 and its id", async () => {
    const interrupt = new AbortController();
    const before = agent.asked.length;
    const session = run("op wait endless", { interrupted: interrupt.signal });
    await until(() => agent.asked.length > before + 1, "it waits");
    interrupt.abort();
    expect(await session).toMatchObject({
      code: 130,
      out: "endless\n",
      err: expect.stringContaining("detached"),
    });
  });

  test("on a terminal rewrites one line", async () => {
    const { err } = await run("op wait endless --timeout 50ms", {}, true);
    expect(err.startsWith("\r\u001b[K")).toBe(true);
    expect(err.split("\n")[0]).toContain("copying memory");
  });
});

describe("asking before", () => {
  test("nothing is deleted without a yes", async () => {
    expect((await run("ve delete shop")).code).toBe(5);
    const declined = await run("ve delete shop", { ask: async () => false });
    expect(declined).toMatchObject({ code: 1, err: "nothing was changed\n" });
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return true;
    };
    expect((await run("ve delete shop -d", { ask })).code).toBe(0);
    expect(questions).toEqual(["Stop shop and forget it?"]);
    expect((await run("ve delete shop -d --yes")).code).toBe(0);
  });
});

describe("a partial answer", () => {
  test("is exit 9 under --strict, and 0 without", async () => {
    expect((await run("host list --strict")).code).toBe(9);
    expect((await run("vm list --strict")).code).toBe(0);
    expect((await run("host list")).err).toBe("2 of 3 hosts answered; h3 unknown, last heard 43s ago\n");
  });
});

/** What turns a colour on or off. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

describe("colours", () => {
  test("are for terminals, and go away with NO_COLOR", async () => {
    const sequence = "\u001b[3";
    expect((await run("host list", {}, true)).out).toContain(sequence);
    expect((await run("host list")).out).not.toContain(sequence);
    const environment = { DISCOVERY_SOCKET: agent.directory, NO_COLOR: "1" };
    expect((await run("host list", { environment }, true)).out).not.toContain(sequence);
  });

  test("do not disturb the columns", async () => {
    const plain = (await run("host list")).out;
    const coloured = (await run("host list", {}, true)).out;
    expect(coloured.replaceAll(COLOUR, "")).toBe(plain);
  });
});

describe("watching", () => {
  test("shows it until it is interrupted", async () => {
    const interrupt = new AbortController();
    const written: string[] = [];
    const stdout = { isTty: true, columns: 80, write: (text: string) => void written.push(text) };
    const session = run("host list --watch", { stdout, interrupted: interrupt.signal });
    await until(() => written.length === 2, "it was shown");
    interrupt.abort();
    expect((await session).code).toBe(130);
    expect(written[0]).toBe("\u001b[H\u001b[2J");
  });
});

describe("events", () => {
  test("say their level and message first, and hosts' ids in short", async () => {
    const own = await fakeAgent();
    onTestFinished(() => own.close());
    const peer = "12D3KooWJaNdJzhS8JsGn2MaBC1ffp3s4jDwJ1Kirz6cCXgAao1f";
    own.emit({
      event: "booking.granted",
      level: "info",
      message: `booked for ${peer}#1.1`,
      partition: `${peer}#1.1`,
      reason: "",
    });
    const short = await discoveryctl(["events"], { directory: own.directory });
    expect(short.out).toBe(
      "2027-01-01T00:00:00.000Z booking.granted: booked for cxgaao1f#1.1 partition=cxgaao1f#1.1\n",
    );
    const wide = await discoveryctl(["events", "-o", "wide"], { directory: own.directory });
    expect(wide.out).toContain(`partition=${peer}#1.1`);
  });

  test("are lines for people, and JSON lines for programs", async () => {
    agent.emit({
      event: "action-ended",
      vm: "web-0",
      from: "h1",
      reason: "overload of h1",
      durationMs: 4300,
      to: null,
    });
    const { out } = await run("events");
    expect(out).toBe(
      '2027-01-01T00:00:00.000Z action-ended vm=web-0 from=h1 reason="overload of h1" durationMs=4300\n',
    );
    const lines = (await run("events -o json --since 10m")).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ kind: "Event", event: "action-ended" }]);
  });

  test("are followed until Ctrl-C", async () => {
    const interrupt = new AbortController();
    const session = run("events --follow", { interrupted: interrupt.signal });
    await until(() => agent.socket.listeners === 1, "it listens");
    agent.emit({ event: "drain" });
    interrupt.abort();
    expect((await session).code).toBe(130);
  });

  test("since nonsense are exit 2", async () => {
    expect((await run("events --since yesterday")).code).toBe(2);
  });
});

describe("without an agent", () => {
  test("every command that needs one is exit 8, in three lines", async () => {
    const session = await discoveryctl(["host", "list"], { directory: "/nowhere" });
    expect(session).toEqual({
      code: 8,
      out: "",
      err: "error: no agent runs here\n  why: there is no socket /nowhere/read.sock\n  next: systemctl status discoveryd, or name another socket with --socket\n",
    });
  });

  test("help, version, completion and the cluster's key work", async () => {
    const directory = temporaryDirectory();
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const key = join(directory, "cluster.key");
    const alone = { directory: "/nowhere" };
    expect((await discoveryctl(["--help"], alone)).code).toBe(0);
    expect(await discoveryctl(["--version"], alone)).toEqual({
      code: 0,
      out: "discoveryctl 0.1.0\n",
      err: "",
    });
    expect(await discoveryctl(["version"], alone)).toMatchObject({ code: 0, out: "discoveryctl 0.1.0\n" });
    expect((await discoveryctl(["completion", "zsh"], alone)).code).toBe(0);
    expect((await discoveryctl(["__complete", "host", "show", ""], alone)).code).toBe(0);
    expect(await discoveryctl(["cluster", "init", "--key-file", key], alone)).toMatchObject({
      code: 0,
      out: `${key}\n`,
    });
    expect(existsSync(key) && readFileSync(key, "utf8")).toContain("/key/swarm/psk/1.0.0/");
    expect((await discoveryctl(["cluster", "init", "--key-file", key], alone)).code).toBe(4);
  });

  test("every setting is shown with its origin, and a bad file with its places", async () => {
    const directory = temporaryDirectory();
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "discovery.yaml");
    const show = ["config", "show", "--config", file];
    writeFileSync(file, "log: { level: warn }\n");
    const environment = { DISCOVERY_LRT_LEASE: "40s", DISCOVERY_LRT_LEESE: "1s" };
    const { code, out, err } = await discoveryctl(show, { platform: { environment } });
    expect([code, err.includes("DISCOVERY_LRT_LEESE")]).toEqual([0, true]);
    expect(out).toMatch(/^log\.level +warn +\/.*discovery\.yaml:1:15$/m);
    expect(out).toMatch(/^lrt\.lease +40s +environment DISCOVERY_LRT_LEASE$/m);
    expect(out).toMatch(/^lrt\.renew +10s +default$/m);
    const changed = await discoveryctl([...show, "-o", "name"], { platform: { environment } });
    expect(changed.out).toBe("log.level\nlrt.lease\n");
    writeFileSync(file, "log: { levle: warn }\n");
    expect(await discoveryctl(show)).toMatchObject({
      code: 2,
      err: expect.stringContaining('discovery.yaml:1:8: log.levle is not known; did you mean "level"?'),
    });
  });

  test("a missing verb is exit 2, with help on stderr", async () => {
    expect(await discoveryctl(["host"])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("Usage: discoveryctl host <verb>"),
    });
    expect(await discoveryctl([])).toMatchObject({ code: 2, out: "" });
  });
});

describe("completion", () => {
  test.each([
    ["ho", ["host"]],
    ["host dr", ["drain"]],
    ["host show h", ["h1", "h2", "h3"]],
    ["hosts show h1", ["h1"]],
    ["vm migrate mail --to h", ["h1", "h2", "h3"]],
    ["vm migrate mail --t", ["--to", "--timeout"]],
    ["balance mode a", ["auto"]],
    ["status -o y", ["yaml"]],
    ["completion f", ["fish"]],
  ])("of %s", async (line, words) => {
    expect((await run(`__complete ${line}`)).out.split("\n").filter(Boolean)).toEqual(words);
  });
});
