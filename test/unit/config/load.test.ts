import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigHolder, type LoadOptions, loadConfig } from "../../../src/config/load.ts";
import { sayProblem } from "../../../src/config/problem.ts";
import { lrtConfigOf } from "../../../src/config/sections/lrt.ts";
import { membershipSettingsOf } from "../../../src/config/sections/membership.ts";
import { DEFAULTS } from "../../../src/dnt/membership/settings.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { COUNTS } from "../../../src/wire/limits.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discovery-config-"));
  file = join(directory, "discovery.yaml");
  mkdirSync(join(directory, "conf.d"));
});

afterEach(() => rmSync(directory, { recursive: true }));

function load(text: string, options: Omit<LoadOptions, "file"> = {}) {
  writeFileSync(file, text);
  return loadConfig({ ...options, file });
}

function loaded(text: string, options: Omit<LoadOptions, "file"> = {}) {
  const result = load(text, options);
  if (!result.ok) throw new Error(result.problems.map(sayProblem).join("\n"));
  return result.value;
}

function problems(text: string, options: Omit<LoadOptions, "file"> = {}): string[] {
  const result = load(text, options);
  return result.ok
    ? []
    : result.problems.map((problem) => sayProblem(problem).replaceAll(`${directory}/`, ""));
}

const origin = (value: ReturnType<typeof loaded>, path: string) =>
  value.origins.find((each) => each.path === path)?.origin.replace(`${directory}/`, "");

describe("the defaults", () => {
  test("are the scheduler's and the membership protocol's own", () => {
    const { config } = loaded("");
    expect(lrtConfigOf(config.lrt)).toEqual(DEFAULT_LRT_CONFIG);
    expect(membershipSettingsOf(config.membership, config.network.join)).toEqual(DEFAULTS);
  });

  test("make a host that only this machine can reach", () => {
    const { config } = loaded("");
    expect(config.network.listen).toEqual(["/ip4/127.0.0.1/tcp/7840"]);
    expect(config.host.capacity).toEqual({ cpus: null, memory: null });
  });

  test("a named file must be there, the usual one need not", () => {
    expect(loadConfig({ file: join(directory, "missing.yaml") }).ok).toBe(false);
    expect(loadConfig({}).ok).toBe(true);
  });
});

describe("values", () => {
  test("carry their unit and become integers", () => {
    const { config } = loaded(
      "host: { capacity: { cpus: 3.5, memory: 12GiB } }\nlrt: { overloadRatio: 0.9, cooldown: 1h30m }\n",
    );
    expect(config.host.capacity).toEqual({ cpus: 3500, memory: 12_288 });
    expect(config.lrt.overloadRatio).toBe(900);
    expect(config.lrt.cooldown).toBe(5_400_000);
  });

  test("an empty section is as good as none", () => {
    expect(loaded("lrt:\nhost:\n").config).toEqual(loaded("").config);
  });
});

describe("precedence", () => {
  test("flag before environment before conf.d in name order before the main file", () => {
    const text = "log: { level: error }\nlrt: { hold: 1s, grow: 1s, slot: 1s, call: 1s }\n";
    writeFileSync(join(directory, "conf.d", "20-b.yaml"), "lrt: { slot: 3s }\n");
    writeFileSync(join(directory, "conf.d", "10-a.yaml"), "lrt: { slot: 2s, grow: 2s }\n");
    writeFileSync(join(directory, "conf.d", "ignored.txt"), "nonsense");
    const value = loaded(text, {
      environment: {
        DISCOVERY_LRT_HOLD: "4s",
        DISCOVERY_LOG_LEVEL: "warn",
        DISCOVERY_SOCKET: "/x",
        HOME: "/",
      },
      flags: [{ name: "--log-level", path: "log.level", value: "debug" }],
    });
    const { lrt, log } = value.config;
    expect([lrt.call, lrt.grow, lrt.slot, lrt.hold, log.level]).toEqual([1000, 2000, 3000, 4000, "debug"]);
    expect(value.warnings).toEqual([]);
    expect(
      ["lrt.call", "lrt.grow", "lrt.slot", "lrt.hold", "log.level", "lrt.lease"].map((p) => origin(value, p)),
    ).toEqual([
      "discovery.yaml:2:44",
      "conf.d/10-a.yaml:1:24",
      "conf.d/20-b.yaml:1:14",
      "environment DISCOVERY_LRT_HOLD",
      "flag --log-level",
      "default",
    ]);
  });

  test("labels of two files come together, lists replace one another", () => {
    writeFileSync(
      join(directory, "conf.d", "a.yaml"),
      "host: { labels: { rack: r1 } }\nnetwork: { join: [/dns4/b/tcp/1] }\n",
    );
    const { config } = loaded("host: { labels: { site: lyon } }\nnetwork: { join: [/dns4/a/tcp/1] }\n");
    expect(config.host.labels).toEqual({ site: "lyon", rack: "r1" });
    expect(config.network.join).toEqual(["/dns4/b/tcp/1"]);
  });

  test("what a variable replaces is told by the variable, to the last entry", () => {
    const environment = { DISCOVERY_NETWORK_JOIN: "nonsense" };
    expect(problems("network: { join: [/dns4/a/tcp/1] }\n", { environment })).toEqual([
      "environment DISCOVERY_NETWORK_JOIN: network.join[0]: must be an address like /ip4/192.0.2.1/tcp/7840",
    ]);
  });

  test("environment variables know lists, maps, numbers and truth", () => {
    const { config } = loaded("", {
      environment: {
        DISCOVERY_NETWORK_JOIN: "/dns4/a/tcp/1, /dns4/b/tcp/2",
        DISCOVERY_HOST_LABELS: "site=lyon,rack=r1",
        DISCOVERY_LRT_MAX_HOSTS: "16",
        DISCOVERY_LRT_CONSOLIDATE: "true",
      },
    });
    expect(config.network.join).toEqual(["/dns4/a/tcp/1", "/dns4/b/tcp/2"]);
    expect(config.host.labels).toEqual({ site: "lyon", rack: "r1" });
    expect([config.lrt.maxHosts, config.lrt.consolidate]).toEqual([16, true]);
  });
});

describe("what is wrong", () => {
  test("is said all at once, each with its place", () => {
    const text =
      "host:\n  name: H1\n  labals: {}\nlrt:\n  lease: 30\n  overloadRatio: 7\nhypervisor: { kind: kvm }\n";
    expect(problems(text)).toEqual([
      "discovery.yaml:2:9: host.name: must be a label: small letters, digits and hyphens, at most 63, no hyphen at an end",
      'discovery.yaml:3:3: host.labals is not known; did you mean "labels"?',
      "discovery.yaml:5:10: lrt.lease: 30 has no unit: write 30s, 30m or 30h",
      "discovery.yaml:6:18: lrt.overloadRatio must be at most 2",
      "discovery.yaml:7:21: hypervisor.kind must be libvirt or embedded",
    ]);
  });

  test("a key near to none comes with those that are known", () => {
    expect(problems("log: { wombat: 1 }\n")).toEqual([
      "discovery.yaml:1:8: log.wombat is not known; known here: level",
    ]);
  });

  test("broken YAML is said with its line and column", () => {
    expect(problems("host:\n  name: [h1\nlrt: {}\n")[0]).toMatch(/^discovery\.yaml:3:1: /);
    expect(problems("log: {}\nlog: {}\n")).toEqual(["discovery.yaml:2:1: Map keys must be unique"]);
    expect(problems("log: {}\n---\nlog: {}\n")[0]).toContain("a second document");
    expect(problems("- a\n")).toEqual(["discovery.yaml:1:1: a map of settings is expected"]);
  });

  test("inside a list it has its place too", () => {
    const text =
      "hypervisor:\n  embedded:\n    domains:\n      - { name: web, memmory: 1GiB }\n      - { name: web }\n";
    expect(problems(text)).toEqual([
      'discovery.yaml:4:22: hypervisor.embedded.domains[0].memmory is not known; did you mean "memory"?',
    ]);
    expect(problems(text.replace("memmory", "memory"))).toEqual([
      "discovery.yaml:5:17: two domains are called web",
    ]);
  });

  test("a wrong flag or variable is told by its name", () => {
    expect(problems("", { flags: [{ name: "--set", path: "lrt.leese", value: "3s" }] })).toEqual([
      'flag --set: lrt.leese is not known; did you mean "lrt.lease"?',
    ]);
    expect(problems("", { environment: { DISCOVERY_LRT_MAX_HOSTS: "many" } })).toEqual([
      'environment DISCOVERY_LRT_MAX_HOSTS: lrt.maxHosts: "many" is no number',
    ]);
    expect(problems("", { environment: { DISCOVERY_HYPERVISOR_EMBEDDED_DOMAINS: "x" } })[0]).toContain(
      "in a file",
    );
  });

  test("a partition may not be larger than a message has room for", () => {
    const hosts = (most: number) => ({ environment: { DISCOVERY_LRT_MAX_HOSTS: `${most}` } });
    expect(loaded("", hosts(COUNTS.partitionHosts)).config.lrt.maxHosts).toBe(COUNTS.partitionHosts);
    expect(problems("", hosts(COUNTS.partitionHosts + 1))[0]).toContain("lrt.maxHosts");
  });

  test("a variable that nobody knows is only a warning", () => {
    const [warning] = loaded("", { environment: { DISCOVERY_LRT_LEESE: "3s" } }).warnings;
    expect(warning === undefined ? "" : sayProblem(warning)).toBe(
      "environment DISCOVERY_LRT_LEESE: this variable is not known and was ignored; did you mean DISCOVERY_LRT_LEASE?",
    );
  });

  test("a file that anybody can write is a warning", () => {
    writeFileSync(file, "");
    chmodSync(file, 0o666);
    const result = loadConfig({ file });
    expect(result.ok && result.value.warnings.map(({ hint }) => hint)).toEqual([`chmod o-w ${file}`]);
  });
});

describe("the order of times", () => {
  test.each([
    ["lrt: { renew: 15s }", "lrt.renew must be less than half of lrt.lease"],
    ["lrt: { call: 10s }", "lrt.call × lrt.callTries must be less than lrt.lease"],
    ["lrt: { sample: 5s }", "lrt.sample must not exceed lrt.window"],
    ["lrt: { backoff: 6m }", "lrt.backoff must not exceed lrt.backoffMax"],
    ["lrt: { underloadRatio: 0.95 }", "lrt.underloadRatio must be less than"],
    ["membership: { gossipInterval: 2s }", "membership.gossipInterval must not exceed membership.period"],
    ["membership: { suspicionFloor: 500ms }", "membership.suspicionFloor must be at least membership.period"],
    [
      "membership: { isolatedAfter: 1s }",
      "membership.isolatedAfter must be at least twice membership.period",
    ],
    ["membership: { syncAgain: 1m }", "membership.syncAgain must not exceed membership.syncEvery"],
    ["membership: { rejoinFirst: 2m }", "membership.rejoinFirst must not exceed membership.rejoinMost"],
  ])("%s is refused", (text, message) => {
    const found = problems(`${text}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`: ${message}`);
    expect(found[0]).toMatch(/^discovery\.yaml:1:\d+: /);
  });

  test("the edge is allowed", () => {
    expect(problems("lrt: { renew: 14s, lease: 29s }\n")).toEqual([]);
  });
});

describe("reloading", () => {
  test("keeps the good one until the new one is right", () => {
    writeFileSync(file, "log: { level: warn }\n");
    const { holder } = ConfigHolder.open({ file });
    writeFileSync(file, "log: { level: loud }\n");
    expect(holder?.reload()).toMatchObject({ ok: false, failure: { code: "invalid" } });
    expect(holder?.current.config.log.level).toBe("warn");
    writeFileSync(file, "log: { level: debug }\n");
    expect(holder?.reload().ok).toBe(true);
    expect(holder?.current.config.log.level).toBe("debug");
  });

  test("names the settings that are not as they were at the start, however often it is done", () => {
    writeFileSync(file, "log: { level: warn }\nlrt: { lease: 30s }\n");
    const { holder } = ConfigHolder.open({ file });
    const changed = (text: string) => {
      writeFileSync(file, text);
      holder?.reload();
      return holder?.changed();
    };
    expect(changed("log: { level: warn }\nlrt: { lease: 30000ms }\n")).toEqual([]);
    const two = "log: { level: debug }\nlrt: { lease: 40s }\n";
    expect(changed(two)).toEqual(["log.level", "lrt.lease"]);
    expect(changed(two)).toEqual(["log.level", "lrt.lease"]);
    expect(changed("network: { join: [/ip4/10.0.0.1/tcp/1] }\nlrt: { lease: 30s }\n")).toEqual([
      "network.join",
      "log.level",
    ]);
  });
});
