import { describe, expect, test } from "vitest";
import { type CaptureInput, capture, type HostPart } from "../../../src/agent/capture.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { buildProblem } from "../../../src/lrt/scheduling/problem.ts";
import type { VmSnapshot } from "../../../src/lrt/scheduling/snapshot.ts";
import { DEFAULT_POLICY, type VmPolicy } from "../../../src/model/virtual-machine.ts";
import { type Problem, problemFaults, solve } from "../../../src/solver/index.ts";
import { parseInstance } from "../../../src/solver/instance/parse.ts";
import { writeInstance } from "../../../src/solver/instance/write.ts";

const vm = (name: string, cpu: number, more: Partial<VmSnapshot> = {}): VmSnapshot => ({
  id: `id-${name}`,
  name,
  demand: { cpu, memory: 512 },
  pinned: null,
  adopted: false,
  policy: DEFAULT_POLICY,
  left: [],
  failed: [],
  restsForMs: null,
  ...more,
});

const policy = (more: Partial<VmPolicy>) => ({ policy: { ...DEFAULT_POLICY, ...more } });
const foreign = (name: string) => vm(name, 100, { pinned: "not managed by DISCOVERY" });

const part = (name: string, vms: readonly VmSnapshot[], more: Partial<HostPart> = {}): HostPart => ({
  snapshot: {
    node: `node-${name}`,
    name,
    capacity: { cpu: 1000, memory: 4096 },
    labels: {},
    draining: false,
    version: 1,
    vms,
  },
  condition: { kind: "normal" },
  drain: "no",
  foreign: vms.filter(({ pinned }) => pinned !== null).map(({ id }) => id),
  waiting: [],
  ...more,
});

const OVERLOADED: Partial<HostPart> = {
  condition: { kind: "overloaded", resource: "cpu", wanted: 1200, limit: 1000, since: 0 },
};

const captured = (parts: readonly HostPart[], more: Partial<CaptureInput> = {}) => {
  const view = capture({
    parts,
    silent: [],
    down: new Set(),
    drain: new Set(),
    config: DEFAULT_LRT_CONFIG,
    ...more,
  });
  expect(problemFaults(view.instance)).toEqual([]);
  return view;
};

const plan = (problem: Problem): readonly string[] | string => {
  const solution = solve(problem, { decisions: 10_000 });
  return "plan" in solution
    ? solution.plan.actions.map(({ kind, vm: id, to }) => `${kind} ${id} → ${to}`).sort()
    : solution.status;
};

describe("a capture", () => {
  test("has names as ids, and is written and read without a difference", () => {
    const { instance, warnings } = captured([
      part("h1", [vm("b", 100), foreign("mail")], { waiting: [vm("late", 50)] }),
      part("h2", [vm("a", 100, policy({ apart: ["id-b"] }))]),
    ]);
    expect(instance.vms.map(({ id, host, pinned }) => [id, host, pinned === true])).toEqual([
      ["a", "h2", false],
      ["b", "h1", false],
      ["late", null, false],
      ["mail", "h1", true],
    ]);
    expect(instance.rules).toEqual([
      { kind: "spread", vms: ["a", "b"], continuous: true, name: "the rule apart" },
    ]);
    expect(warnings).toEqual([]);
    const read = parseInstance(writeInstance(instance));
    expect(read).toMatchObject({ ok: true, value: { hosts: instance.hosts, rules: instance.rules } });
    expect(read.ok && writeInstance(read.value)).toBe(writeInstance(instance));
  });

  test("is the scheduler's own problem of an overload, by other names", () => {
    const parts = [part("h1", [vm("a", 700), vm("b", 500)], OVERLOADED), part("h2", [])];
    const { instance } = captured(parts);
    const cause = { kind: "overload", resource: "cpu", wanted: 1200, limit: 1000 } as const;
    const event = { id: "e", origin: "node-h1", ageMs: 0, cause };
    const members = parts.map(({ snapshot }) => snapshot);
    const own = buildProblem({ members, events: [event], failed: [], config: DEFAULT_LRT_CONFIG });
    const plain = (text: string) => text.replaceAll(/\b(node|id)-/g, "");
    expect(writeInstance(instance)).toBe(plain(writeInstance(own)));
    expect(plan(instance)).toHaveLength(1);
  });

  test("moves nothing while nothing is wrong", () => {
    expect(plan(captured([part("h1", [vm("a", 700)]), part("h2", [])]).instance)).toEqual([]);
  });

  test("keeps VMs that overload may not move, and lets a drain move them", () => {
    const parts = [
      part("h1", [vm("off", 700, policy({ balancing: "off" })), vm("b", 500)], OVERLOADED),
      part("h2", []),
    ];
    expect(plan(captured(parts).instance)).toEqual(["migrate b → h2"]);
    const calm = [part("h1", [vm("off", 700, policy({ balancing: "off" }))]), part("h2", [])];
    expect(plan(captured(calm, { drain: new Set(["node-h1"]) }).instance)).toEqual(["migrate off → h2"]);
  });

  test("drains as far as it goes, and says what stays and why", () => {
    const parts = [
      part("h1", [vm("a", 100), vm("still", 100, policy({ drain: "stay" })), foreign("mail")]),
      part("h2", [vm("b", 100)]),
    ];
    const { instance, warnings } = captured(parts, { drain: new Set(["node-h1"]) });
    expect(plan(instance)).toEqual(["migrate a → h2"]);
    expect(warnings).toEqual([
      "still stays on h1: its VE says: drain action stay",
      "mail stays on h1: not managed by DISCOVERY",
    ]);
  });

  test("sends nothing to a host that is being drained already, and empties it", () => {
    const parts = [part("h1", [vm("a", 100)], { drain: "draining" }), part("h2", [])];
    expect(plan(captured(parts).instance)).toEqual(["migrate a → h2"]);
  });

  test("runs elsewhere what ran on a host that is down, by its rules, except what nobody manages", () => {
    const parts = [
      part("h1", [vm("a", 100, policy({ apart: ["id-b"] })), foreign("mail")]),
      part("h2", [vm("b", 100)]),
      part("h3", []),
    ];
    const { instance, warnings } = captured(parts, { down: new Set(["node-h1"]) });
    expect(instance.hosts.map(({ id, online }) => [id, online])).toEqual([
      ["h1", false],
      ["h2", true],
      ["h3", true],
    ]);
    expect(plan(instance)).toEqual(["run a → h3"]);
    expect(warnings).toEqual(["mail would be lost with h1: it is not managed by DISCOVERY"]);
  });

  test("has hosts that do not answer as offline, with what is known of them, and says so", () => {
    const silent = [
      { id: "node-h9", name: "h9", labels: { rack: "r9", note: "" }, capacity: { cpu: 2000, memory: 1000 } },
    ];
    const { instance, warnings } = captured([part("h1", [])], { silent });
    expect(instance.hosts[1]).toMatchObject({ id: "h9", online: false, labels: { rack: "r9" } });
    expect(instance.hosts[1]?.labels).not.toHaveProperty("note");
    expect(instance.hosts[1]?.capacity).toEqual({ cpu: 1900, memory: 1000 });
    expect(warnings).toEqual(["h9 does not answer: the instance has it offline, and its VMs not at all"]);
  });

  test("leaves a host alone that judges nothing, however full it is", () => {
    const blind = { condition: { kind: "blind", reason: "no usage has been read yet" } } as const;
    const parts = [part("h1", [vm("a", 1500)], blind), part("h2", []), part("h3", [], OVERLOADED)];
    const { instance, warnings } = captured(parts);
    expect(plan(instance)).toEqual([]);
    expect(instance.rules).toContainEqual({ kind: "quarantine", hosts: ["h1"] });
    expect(warnings).toEqual([
      "h1 takes no part (no usage has been read yet): nothing moves to it or from it",
    ]);
  });

  test("gives VMs and hosts of one name ids of their own", () => {
    const same = (id: string) => vm("web", 100, { id });
    const twin = part("h2", [same("z")]);
    const parts = [
      part("h1", [same("x"), same("y")]),
      twin,
      { ...twin, snapshot: { ...twin.snapshot, node: "n", vms: [] } },
    ];
    const { instance, warnings } = captured(parts);
    expect(instance.vms.map(({ id, host }) => [id, host])).toEqual([
      ["web@h1", "h1"],
      ["web@h2", "node-h2"],
      ["y", "h1"],
    ]);
    expect(warnings).toEqual([
      "2 hosts are called h2; here they are n, node-h2",
      "3 VMs are called web; here they are web@h1, web@h2, y",
    ]);
  });

  test("counts a VM that two hosts hold on both, and moves neither", () => {
    const parts = [part("h1", [vm("a", 600)]), part("h2", [vm("a", 600), vm("b", 300)])];
    const { instance } = captured(parts);
    expect(instance.vms).toMatchObject([
      { id: "a", host: "h1", pinned: true },
      { id: "b", host: "h2" },
    ]);
    expect(instance.hosts[1]?.capacity["cpu"]).toBeLessThan(600);
  });
});
