import { describe, expect, test } from "vitest";
import type { Action } from "../../../src/model/plan.ts";
import { checkPlan, checkSteps, type Problem } from "../../../src/solver/index.ts";
import { host, problem, running, size, waiting } from "../../support/problems.ts";

const box = size(1000, 1000);
const move = (id: number, vm: string, from: string, to: string, after: readonly number[] = []): Action => ({
  id,
  kind: "migrate",
  vm,
  from,
  to,
  start: after.length,
  duration: 1,
  after,
});

const plan = (...actions: readonly Action[]) => ({ actions });

describe("the replay", () => {
  const pair = problem(
    [host("a", box), host("b", box), host("c", box)],
    [running("x", "a", size(600, 600)), running("y", "b", size(600, 600))],
  );

  test("accepts a move into room", () => {
    expect(checkPlan(pair, plan(move(0, "x", "a", "c")))).toEqual([]);
  });

  test("refuses a move that can start before its room is free", () => {
    const early = plan(move(0, "y", "b", "c"), move(1, "x", "a", "b"));
    expect(checkPlan(pair, early)).toEqual([
      "action 1 can find b with 1200 cpu of 1000",
      "action 1 can find b with 1200 memory of 1000",
    ]);
    expect(checkPlan(pair, plan(move(0, "y", "b", "c"), move(1, "x", "a", "b", [0])))).toEqual([]);
  });

  test("sees two moves that each fit and together do not", () => {
    const vms = [running("x", "a", size(600, 100)), running("y", "b", size(600, 100))];
    const given = problem([host("a", box), host("b", box), host("c", box)], vms);
    expect(checkPlan(given, plan(move(0, "x", "a", "c"), move(1, "y", "b", "c")))[0]).toContain(
      "1200 cpu of 1000",
    );
  });

  test("refuses what adds to an excess, and allows what takes from it", () => {
    const vms = [
      running("x", "a", size(700, 10)),
      running("y", "a", size(700, 10)),
      running("z", "b", size(1, 10)),
    ];
    const given = problem([host("a", box), host("b", box)], vms);
    expect(checkSteps(given, plan(move(0, "z", "b", "a")))[0]).toContain("1401 cpu of 1000");
    expect(checkPlan(given, plan(move(0, "x", "a", "b")))).toEqual([]);
  });

  test("counts migrations that can be under way at once", () => {
    const vms = ["x", "y", "z"].map((id) => running(id, "a", size(10, 10)));
    const given = problem([host("a", box), host("b", box, { concurrency: 9 })], vms);
    const three = (after: readonly number[]) =>
      plan(move(0, "x", "a", "b"), move(1, "y", "a", "b"), move(2, "z", "a", "b", after));
    expect(checkPlan(given, three([]))).toEqual(["a can have 3 migrations at once, it bears 2"]);
    expect(checkPlan(given, three([0]))).toEqual([]);
  });

  test("counts migrations between sites", () => {
    const hosts = [host("a", box, { labels: { site: "n" } }), host("b", box, { labels: { site: "s" } })];
    const vms = ["x", "y"].map((id) => running(id, "a", size(10, 10)));
    const given = problem(hosts, vms, { plan: { migrationsBetweenSites: 1 } });
    expect(checkPlan(given, plan(move(0, "x", "a", "b"), move(1, "y", "a", "b")))[0]).toContain("link");
  });

  test.each<[string, Problem, readonly Action[], string]>([
    [
      "a step from where the VM is not",
      pair,
      [move(0, "x", "b", "c")],
      "does not start from where the VM is",
    ],
    ["actions of one VM that overlap", pair, [move(0, "x", "a", "c"), move(1, "x", "c", "a")], "can overlap"],
    [
      "a dependency on what comes later",
      pair,
      [move(0, "x", "a", "c", [1]), move(1, "y", "b", "a")],
      "out of order",
    ],
    ["a host that does not exist", pair, [move(0, "x", "a", "moon")], "names what does not exist"],
    [
      "a pinned VM that moves",
      { ...pair, vms: [running("x", "a", size(1, 1), { pinned: true })] },
      [move(0, "x", "a", "b")],
      "does not start from",
    ],
    [
      "an offline destination",
      { ...pair, rules: [{ kind: "offline", hosts: ["c"] }] },
      [move(0, "x", "a", "c")],
      "takes nothing",
    ],
    [
      "a rooted VM that moves",
      { ...pair, rules: [{ kind: "root", vms: ["x"] }] },
      [move(0, "x", "a", "c")],
      "may not move",
    ],
    [
      "a rule that does not hold at the end",
      { ...pair, rules: [{ kind: "fence", vms: ["x"], hosts: ["c"] }] },
      [],
      "rule 0 (fence)",
    ],
    ["a VM that is not placed", { ...pair, vms: [waiting("w", size(1, 1))] }, [], "w does not end running"],
    [
      "a host that ends too full",
      problem([host("a", box)], [running("x", "a", size(600, 1)), running("y", "a", size(600, 1))]),
      [],
      "a ends with 1200 cpu of 1000",
    ],
  ])("refuses %s", (_, given, actions, fault) => {
    expect(checkPlan(given, plan(...actions)).join("; ")).toContain(fault);
  });

  test("refuses a spread that breaks on the way, when it is continuous", () => {
    const vms = [running("x", "a", size(1, 1)), running("y", "b", size(1, 1))];
    const rule = { kind: "spread", vms: ["x", "y"] } as const;
    const given = (continuous: boolean) =>
      problem([host("a", box), host("b", box), host("c", box)], vms, { rules: [{ ...rule, continuous }] });
    const through = plan(move(0, "x", "a", "b"), move(1, "x", "b", "c", [0]));
    expect(checkPlan(given(false), through)).toEqual([]);
    expect(checkPlan(given(true), through)[0]).toContain("rule 0 (spread) does not hold during action 0");
  });

  test.each([
    ["no-delay", { kind: "no-delay", vms: ["y"] }],
    ["serialize", { kind: "serialize", vms: ["x", "z"] }],
    ["sync", { kind: "sync", vms: ["x", "y"] }],
    ["precedence", { kind: "precedence", before: ["z"], after: ["x"] }],
    ["deadline", { kind: "deadline", vms: ["y"], atMs: 1 }],
  ] as const)("refuses a plan that does not keep %s", (kind, rule) => {
    const vms = ["x", "y", "z"].map((id) => running(id, "a", size(1, 1)));
    const given = problem([host("a", box, { concurrency: 9 }), host("b", box, { concurrency: 9 })], vms, {
      rules: [rule],
    });
    const actions = plan(move(0, "x", "a", "b"), move(1, "y", "a", "b", [0]), move(2, "z", "a", "b"));
    expect(checkPlan(given, actions)).toEqual([`rule 0 (${kind}) is not kept by the plan`]);
  });
});
