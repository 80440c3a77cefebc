import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { checkManifest, readManifest } from "../../../src/api/manifest.ts";
import { documentOf } from "../../../src/api/manifest-document.ts";
import { sayProblem } from "../../../src/config/problem.ts";

const HEAD = "apiVersion: discovery/v1\nkind: VirtualEnvironment\nmetadata: { name: shop }\nspec:\n";

function problems(text: string, load?: (file: string) => string): string[] {
  const result = readManifest(text, "shop.yaml", load);
  return result.ok ? [] : result.problems.map(sayProblem);
}

function manifest(spec: string, load?: (file: string) => string) {
  const result = readManifest(`${HEAD}${spec}`, "shop.yaml", load);
  if (!result.ok) throw new Error(result.problems.map(sayProblem).join("\n"));
  return result.value.manifest;
}

const ONE = "  vms:\n    - name: web\n      memory: 2GiB\n";

describe("a manifest", () => {
  test("of seven lines is enough for a VE with one VM", () => {
    expect(`${HEAD}${ONE}`.trim().split("\n")).toHaveLength(7);
    expect(manifest(ONE)).toEqual({
      name: "shop",
      labels: {},
      desired: "running",
      priority: 50,
      vms: [
        { name: "web", count: 1, cpus: 1, memory: 2048, boot: null, disks: [], nics: [], domainXml: null },
      ],
      placement: { require: {}, rules: [] },
      balancing: { mode: "auto" },
      migration: { bandwidthMibPerSecond: 0, timeoutMs: 300_000 },
      drain: { action: "live" },
    });
  });

  test("fills in a disk's format by its name", () => {
    const disks = "      disks: [{ path: /a.qcow2 }, { path: /b.img, readOnly: true }]\n";
    expect(manifest(ONE + disks).vms[0]?.disks).toEqual([
      { path: "/a.qcow2", format: "qcow2", readOnly: false },
      { path: "/b.img", format: "raw", readOnly: true },
    ]);
  });

  test("takes a domain document from a file beside it", () => {
    const domain = "      domain: { fromFile: db.xml }\n";
    expect(manifest(ONE + domain, (file) => `<domain>${file}</domain>`).vms[0]?.domainXml).toBe(
      "<domain>db.xml</domain>",
    );
    const missing = () => {
      throw new Error("no such file");
    };
    expect(problems(HEAD + ONE + domain, missing)).toEqual([
      "shop.yaml:8:27: db.xml cannot be read: no such file",
    ]);
  });

  test("exported and read again is the same", () => {
    const full = manifest(
      [
        "  desired: stopped",
        "  priority: 70",
        "  vms:",
        "    - { name: web, count: 3, cpus: 2, memory: 1536MiB, nics: [{ network: default, mac: '52:54:00:AA:bb:01' }] }",
        "    - { name: db, memory: 8GiB, boot: { kernel: /k, initrd: /i, cmdline: 'root=/dev/vda' } }",
        "  placement: { require: { site: rennes }, rules: [{ kind: apart, vms: [web, db] }] }",
        "  balancing: { mode: off }",
        "  migration: { bandwidthMibPerSecond: 100, timeout: 90s }",
        "  drain: { action: stay }",
        "",
      ].join("\n"),
    );
    const again = readManifest(stringify(documentOf(full)), "exported");
    expect(again.ok && again.value.manifest).toEqual(full);
    expect(documentOf(manifest(ONE))).toEqual({
      apiVersion: "discovery/v1",
      kind: "VirtualEnvironment",
      metadata: { name: "shop" },
      spec: { vms: [{ name: "web", memory: "2GiB" }] },
    });
  });
});

describe("a wrong manifest", () => {
  test("is told by line and column, with the nearest known field", () => {
    const text = `${HEAD}  vms:\n    - name: web\n      memmory: 2GB\n  drain: { action: flee }\n`;
    expect(problems(text)).toEqual([
      "shop.yaml:6:7: spec.vms[0].memory is missing",
      'shop.yaml:7:7: spec.vms[0].memmory is not known; did you mean "memory"?',
      "shop.yaml:8:20: spec.drain.action must be live or stay",
    ]);
  });

  test.each([
    ["  vms: [{ name: web, memory: 2GB }]", '"2GB" is no size: write 2GiB'],
    ["  vms: [{ name: Web, memory: 2GiB }]", "must be a label"],
    ["  vms: []", "must have at least this many entries: 1"],
    ["  vms: [{ name: web, memory: 2GiB, count: 1.5 }]", "must be a whole number"],
    ["  vms: [{ name: web, memory: 2GiB, disks: [{ path: web.img }] }]", "must be an absolute path"],
    [
      "  vms: [{ name: web, count: 2, memory: 1GiB }, { name: web-1, memory: 1GiB }]",
      "two VMs would be called web-1",
    ],
    [
      "  vms: [{ name: a, count: 200, memory: 1GiB }, { name: b, count: 57, memory: 1GiB }]",
      "spec.vms has 257 VMs",
    ],
    [
      "  vms: [{ name: a, memory: 1GiB, domain: { xml: x }, disks: [] }]",
      "cannot be given together with domain",
    ],
    ["  vms: [{ name: a, count: 2, memory: 1GiB, domain: { xml: x } }]", "must be 1 with a domain document"],
    ["  vms: [{ name: a, memory: 1GiB, domain: {} }]", "needs fromFile or xml"],
    [
      "  vms: [{ name: a, memory: 1GiB, domain: { fromFile: x } }]",
      "is read by discoveryctl, not by the agent",
    ],
  ])("%s is refused", (spec, message) => {
    const found = problems(`${HEAD}${spec}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
    expect(found[0]).toMatch(/^shop\.yaml:5:\d+: /);
  });

  test("rules must name VMs that are there", () => {
    const rules = "  placement: { rules: [{ kind: apart, vms: [wep] }] }\n";
    expect(problems(HEAD + ONE + rules)).toEqual([
      'shop.yaml:8:45: no VM is called wep; did you mean "web"?',
    ]);
  });

  test("nobody can be apart and together, not even by way of a third", () => {
    const spec = [
      "  vms: [{ name: a, memory: 1GiB }, { name: b, memory: 1GiB }, { name: c, memory: 1GiB }]",
      "  placement:",
      "    rules:",
      "      - { kind: together, vms: [a, b] }",
      "      - { kind: together, vms: [b, c] }",
      "      - { kind: apart, vms: [a, c] }",
      "",
    ].join("\n");
    expect(problems(HEAD + spec)).toEqual(["shop.yaml:10:9: a and c would have to be apart and together"]);
    expect(problems(HEAD + spec.replace("[b, c]", "[c]"))).toEqual([]);
  });

  test("that is empty or no YAML says so", () => {
    expect(problems("")).toEqual(["shop.yaml:1:1: the manifest is empty"]);
    expect(problems("a: [")[0]).toMatch(/^shop\.yaml:1:\d+: /);
    expect(problems("hello")).toEqual(["shop.yaml:1:1: the document must be a map"]);
  });

  test("cannot blow itself up with aliases", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"]
      .map((key, i) => `${key}: &${key} [${Array(10).fill(`*${"abcdefg"[i]}`).join(",")}]`)
      .join("\n")}\n`;
    expect(problems(bomb)).toEqual([
      "shop.yaml:1:1: Excessive alias count indicates a resource exhaustion attack",
    ]);
  });
});

describe("fields of the design that come later", () => {
  test.each([
    ["  reliability: { failback: false }", "spec.reliability is not available yet"],
    ["  checkpoints: {}", "spec.checkpoints is not available yet"],
    ["  desired: suspended", "spec.desired: suspended is not available yet; say running or stopped"],
    ["  drain: { action: suspend }", "spec.drain.action: suspend is not available yet; say live or stay"],
    ["  migration: { maxDowntime: 500ms }", "spec.migration.maxDowntime is not available yet"],
    ["  placement: { prefer: [] }", "spec.placement.prefer is not available yet"],
    [
      "  placement: { rules: [{ kind: apart, vms: [web], strict: false }] }",
      "a preferred rule is not available yet",
    ],
  ])("%s is refused as not yet", (spec, message) => {
    const result = readManifest(`${HEAD}${ONE}${spec}\n`, "shop.yaml");
    expect(result.ok ? [] : result.problems).toMatchObject([{ notYet: true }]);
    expect(problems(`${HEAD}${ONE}${spec}\n`)[0]).toContain(message);
  });

  test("a slip of the finger is not one of them", () => {
    const result = checkManifest({
      apiVersion: "discovery/v1",
      kind: "VirtualEnvironment",
      metadata: { name: "x" },
      spec: { desired: "runing", vms: [] },
    });
    expect(result.ok ? [] : result.problems.map(({ notYet }) => notYet)).not.toContain(true);
  });
});
