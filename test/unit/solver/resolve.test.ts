import { describe, expect, test } from "vitest";
import { checkPlan, type Previous, resolve, solve } from "../../../src/solver/index.ts";
import { host, problem, running, size } from "../../support/problems.ts";

const LIMITS = { decisions: 20_000 };
const big = size(8000, 16_384);
const calm = problem(
  [host("a", big), host("b", big)],
  [
    running("v", "a", size(3000, 1024)),
    running("w", "a", size(3000, 2048)),
    running("x", "b", size(1000, 512)),
  ],
);

const open = (): Previous => resolve({ problem: calm }, {}, LIMITS);

describe("resolve", () => {
  test("a VM that grew gets the same answer as from scratch", () => {
    const next = resolve(open(), { vms: [running("v", "a", size(6000, 1024))] }, LIMITS);
    expect(next.solution).toEqual(solve(next.problem, LIMITS));
    expect(next.solution).toMatchObject({ status: "optimal", cost: 1024 });
  });

  test("the next call starts from where the VMs are, not from where the last plan put them", () => {
    const grown = resolve(open(), { vms: [running("v", "a", size(6000, 1024))] }, LIMITS);
    const shrunk = resolve(grown, { vms: [running("v", "a", size(3000, 1024))] }, LIMITS);
    expect(shrunk.solution).toMatchObject({ status: "optimal", cost: 0, plan: { actions: [] } });
  });

  test("a host that joined gives room", () => {
    const full = resolve(
      open(),
      { vms: [running("x", "b", size(8000, 512)), running("v", "a", size(7000, 1024))] },
      LIMITS,
    );
    expect(full.solution.status).toBe("infeasible");
    const joined = resolve(
      full,
      { hosts: [host("c", big)], vms: [running("y", "c", size(100, 64))] },
      LIMITS,
    );
    expect(joined.solution.status).toBe("optimal");
    if (joined.solution.status === "optimal")
      expect(checkPlan(joined.problem, joined.solution.plan)).toEqual([]);
  });

  test("what is gone is gone, and rules can change", () => {
    const next = resolve(
      open(),
      { gone: { vms: ["w"] }, rules: [{ kind: "offline", hosts: ["a"] }] },
      LIMITS,
    );
    expect(next.solution).toMatchObject({ status: "optimal", cost: 1024 });
    expect(next.problem.vms.map((vm) => vm.id)).toEqual(["v", "x"]);
  });

  test("without its memory it still answers", () => {
    const { problem: kept } = open();
    const next = resolve({ problem: kept }, { vms: [running("v", "a", size(6000, 1024))] }, LIMITS);
    expect(next.solution).toMatchObject({ status: "optimal", cost: 1024 });
  });

  test("a VM named by a rule is prepared anew", () => {
    const ruled = resolve(open(), { rules: [{ kind: "spread", vms: ["v", "w"] }] }, LIMITS);
    expect(ruled.solution).toMatchObject({ cost: 1024 });
    const next = resolve(ruled, { vms: [running("v", "b", size(3000, 1024))] }, LIMITS);
    expect(next.solution).toMatchObject({ status: "optimal", cost: 0 });
  });

  test("a malformed change is refused with its place", () => {
    expect(() => resolve(open(), { vms: [running("v", "nowhere", size(1, 1))] }, LIMITS)).toThrow(
      "unknown host",
    );
  });
});
