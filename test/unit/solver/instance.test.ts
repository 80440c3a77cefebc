import { describe, expect, test } from "vitest";
import { runSolve } from "../../../src/cli/commands/solve.ts";
import { table } from "../../../src/cli/commands/solve-table.ts";
import { parseInstance, wellFormed } from "../../../src/solver/instance/parse.ts";

const first = {
  format: "vmr-instance/1",
  name: "small",
  nodes: [
    { id: 0, cpu: 800, memoryMiB: 4096 },
    { id: 1, cpu: 800, memoryMiB: 4096 },
  ],
  vms: [
    { id: 0, cpu: 500, memoryMiB: 1024, host: 0 },
    { id: 1, cpu: 400, memoryMiB: 2048, host: 0 },
  ],
  constraints: [{ type: "ban", vms: [1], nodes: [0] }],
};

const second = {
  format: "vmr-instance/2",
  hosts: [
    { id: "a", capacity: { cpu: 8000, memory: 4096, gpu: 1 }, labels: { rack: "r1" } },
    { id: "b", capacity: { cpu: 8000, memory: 4096 }, online: false },
  ],
  vms: [
    { id: "v", host: "a", demand: { cpu: 100, memory: 10, gpu: 1 }, suspendable: true },
    { id: "w", demand: { cpu: 100, memory: 10 } },
  ],
  rules: [{ kind: "spread", vms: ["v", "w"], level: { label: "rack" }, preferred: { weight: 3 } }],
  objective: "migrations",
  plan: { migrationsPerHost: 1 },
};

/** The reason why the text is refused. */
function refused(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const read = parseInstance(text);
  const checked = read.ok ? wellFormed(read.value) : read;
  if (checked.ok) throw new Error("accepted");
  return checked.failure.reason ?? checked.failure.message;
}

const run = (value: unknown, options: object = {}) => {
  let now = 0;
  return runSolve(options, JSON.stringify(value), () => now++);
};

function solved(value: unknown, options: object = {}) {
  const result = run(value, options);
  if (!result.ok) throw new Error(result.failure.message);
  return { ...result.value, report: JSON.parse(JSON.stringify(result.value.report)) };
}

describe("instances", () => {
  test("format 1 is read as it is, centi-cores become milli-CPU", () => {
    const read = parseInstance(JSON.stringify(first));
    expect(read).toMatchObject({
      ok: true,
      value: {
        hosts: [{ id: "0", capacity: { cpu: 8000, memory: 4096 }, online: true }, { id: "1" }],
        vms: [{ id: "0", state: "running", host: "0", demand: { cpu: 5000 } }, { id: "1" }],
        rules: [{ kind: "ban", vms: ["1"], hosts: ["0"] }],
      },
    });
  });

  test("format 2 has offline hosts, waiting VMs, further resources, labels and rules", () => {
    expect(parseInstance(JSON.stringify(second))).toMatchObject({
      ok: true,
      value: {
        hosts: [{ labels: { rack: "r1" } }, { online: false }],
        vms: [
          { state: "running", suspendable: true },
          { state: "waiting", host: null },
        ],
        rules: second.rules,
        objective: "migrations",
        plan: { migrationsPerHost: 1 },
      },
    });
  });

  const at = (path: readonly (string | number)[], value: unknown, from: unknown = second): unknown => {
    const [key, ...rest] = path;
    if (key === undefined) return value;
    const copy = (Array.isArray(from) ? [...from] : { ...(from as object) }) as Record<
      string | number,
      unknown
    >;
    copy[key] = at(rest, value, copy[key]);
    return copy;
  };

  test.each([
    ["a negative capacity", at(["hosts", 0, "capacity", "cpu"], -1), "hosts[0].capacity.cpu: -1"],
    ["a huge demand", at(["vms", 0, "demand", "cpu"], 1e300), "vms[0].demand.cpu: 1e+300"],
    ["a fraction", at(["vms", 1, "demand", "memory"], 0.5), "vms[1].demand.memory: not a whole number"],
    [
      "a number as text",
      at(["vms", 1, "demand", "memory"], "10"),
      "vms[1].demand.memory: not a whole number",
    ],
    ["a duplicate host", at(["hosts", 1, "id"], "a"), 'hosts[1].id: "a" is taken'],
    ["a duplicate VM", at(["vms", 1, "id"], "v"), 'vms[1].id: "v" is taken'],
    ["a dangling host", at(["vms", 0, "host"], "nowhere"), 'vms[0].host: unknown host "nowhere"'],
    ["a dangling VM in a rule", at(["rules", 0, "vms", 1], "ghost"), 'rules[0].vms[1]: unknown "ghost"'],
    ["an unknown rule", at(["rules", 0, "kind"], "love"), "rules[0].kind: not one of"],
    ["a field of another rule", at(["rules", 0, "max"], 3), 'rules[0]: unknown field "max"'],
    ["an unknown field", at(["speed"], 1), 'unknown field "speed"'],
    ["a missing list", { format: "vmr-instance/2", vms: [] }, '"hosts" is missing'],
    ["an unknown format", { format: "vmr-instance/9" }, "format: not one of"],
    ["no object", [1, 2], "not an object"],
    [
      "a prototype in disguise",
      '{"format":"vmr-instance/2","__proto__":1,"hosts":[],"vms":[]}',
      "unknown field",
    ],
    ["a waiting VM with a host", at(["vms", 0, "state"], "waiting"), "vms[0].host: a waiting VM has no host"],
    ["broken JSON", '{"format":', "JSON"],
  ])("%s is refused with its place", (_, value, reason) => {
    expect(refused(value)).toContain(reason);
  });

  test("10 MB of nested lists are refused, not followed", () => {
    const depth = 5_000_000;
    expect(refused(`${"[".repeat(depth)}${"]".repeat(depth)}`)).toContain("not an object");
  });

  test("no hosts, no VMs: nothing to do", () => {
    const empty = solved({ format: "vmr-instance/2", hosts: [], vms: [] });
    expect(empty.report).toMatchObject({ status: "optimal", cost: 0 });
    expect(empty.exitCode).toBe(0);
  });

  test("VMs but no hosts are infeasible", () => {
    const run2 = solved({ format: "vmr-instance/2", hosts: [], vms: [{ id: "v", demand: { cpu: 1 } }] });
    expect(run2.exitCode).toBe(6);
  });

  test("a source over its capacity is an ordinary problem", () => {
    const found = solved(first);
    expect(found.report).toMatchObject({ status: "optimal", cost: 2048, bound: 2048, gap: 0 });
  });

  test("contradictory rules are infeasible, with the reason", () => {
    const found = solved({
      ...first,
      constraints: [...first.constraints, { type: "fence", vms: [1], nodes: [0] }],
    });
    expect(found.report).toMatchObject({
      status: "infeasible",
      explanation: [{ kind: "no-host" }],
    });
    expect(found.exitCode).toBe(6);
  });
});

describe("discoveryctl solve", () => {
  test("says the plan with times and exits 0", () => {
    const { report, exitCode } = solved(first, { trace: true });
    expect(report.plan.actions).toEqual([
      { id: 0, kind: "migrate", vm: "1", from: "0", to: "1", start: 0, duration: 21480, after: [] },
    ]);
    expect(report.trace).toMatchObject([{ cost: 2048, bound: 2048 }]);
    expect(exitCode).toBe(0);
  });

  test("has these fields and no others, the trace only when asked for", () => {
    const fields = [
      "status",
      "cost",
      "bound",
      "gap",
      "firstPlanMs",
      "totalMs",
      "decisions",
      "plan",
      "broken",
      "explanation",
    ];
    expect(Object.keys(solved(first).report)).toEqual(fields);
    expect(Object.keys(solved(first, { trace: true }).report)).toEqual([...fields, "trace"]);
    const none = solved({ ...first, nodes: [], vms: [], constraints: [] }).report;
    expect(none).toMatchObject({ status: "optimal", plan: { actions: [] } });
  });

  test("repeats give the median of the times and the same answer", () => {
    let now = 0;
    const clock = () => now ** 2 * 10 + now++;
    const times = [1, 3].map((repeat) => {
      now = 0;
      const result = runSolve({ repeat }, JSON.stringify(first), clock);
      return result.ok ? result.value.report : null;
    });
    expect(times[1]?.totalMs).toBeGreaterThan(times[0]?.totalMs ?? Number.NaN);
    expect(times[1]?.plan).toEqual(times[0]?.plan);
  });

  test("an infeasible instance is explained in words in the table", () => {
    const crowded = solved({ ...first, nodes: [first.nodes[0]], constraints: [] });
    expect(table(crowded)).toContain("cpu: 9000 needed, 8000 there, on host 0");
  });

  test("an infeasible instance exits 6 with an explanation and no plan", () => {
    const crowded = solved({ ...first, nodes: [first.nodes[0]], constraints: [] });
    expect(crowded.exitCode).toBe(6);
    expect(crowded.report).toMatchObject({
      status: "infeasible",
      cost: null,
      plan: null,
      explanation: [{ kind: "shortage", resource: "cpu", needed: 9000, available: 8000 }],
    });
  });

  test("says what is wrong with bad input, and why", () => {
    expect(run({ format: "vmr-instance/1", nodes: 3, vms: [] })).toEqual({
      ok: false,
      failure: { code: "invalid", message: "the instance cannot be read", reason: "nodes: not a list" },
    });
  });

  test("exits 124 when the limit came before a plan", () => {
    const vms = Array.from({ length: 40 }, (_, id) => ({
      id,
      cpu: 100 + (id % 7),
      memoryMiB: 900 + id,
      host: id % 4,
    }));
    const nodes = Array.from({ length: 10 }, (_, id) => ({ id, cpu: 425, memoryMiB: 4000 }));
    const limited = solved({ format: "vmr-instance/1", nodes, vms, constraints: [] }, { limit: 1 });
    expect(limited.exitCode).toBe(124);
    expect(limited.report).toMatchObject({ status: "limit", plan: null });
  });

  test("a host that is down is restarted elsewhere, a drained one is left", () => {
    const light = { ...first, vms: [{ id: 0, cpu: 500, memoryMiB: 1024, host: 0 }], constraints: [] };
    const down = solved(light, { hostDown: ["0"] }).report;
    expect(down.plan.actions).toMatchObject([{ kind: "run", vm: "0", from: null, to: "1" }]);
    const drained = solved(light, { drain: ["0"] }).report;
    expect(drained.plan.actions).toMatchObject([{ kind: "migrate", vm: "0", from: "0", to: "1" }]);
  });

  test("VMs can be added on the fly", () => {
    const addVms = JSON.stringify([{ id: "new", demand: { cpu: 100, memory: 10 } }]);
    const added = solved({ ...second, rules: [] }, { addVms }).report;
    expect(added.plan.actions.map((action: { vm: string }) => action.vm)).toEqual(["w", "new"]);
  });

  test("an unknown host in an edit is bad input", () => {
    expect(run(first, { drain: ["7"] })).toMatchObject({
      ok: false,
      failure: { code: "invalid", message: 'the instance has no host "7"', hint: "did you mean 0?" },
    });
  });
});
