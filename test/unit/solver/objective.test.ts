import { describe, expect, test } from "vitest";
import { checkPlan, type Problem, solve, whyNot } from "../../../src/solver/index.ts";
import { host, problem, running, size, waiting } from "../../support/problems.ts";

const big = size(8000, 16_384);

function planned(given: Problem) {
  const answer = solve(given, { decisions: 20_000 });
  if (answer.status !== "optimal" && answer.status !== "feasible") throw new Error(answer.status);
  expect(checkPlan(given, answer.plan)).toEqual([]);
  return answer;
}

describe("objectives", () => {
  const crowded = [
    running("large", "a", size(5000, 4000)),
    running("small", "a", size(2000, 1000)),
    running("tiny", "a", size(2500, 1000)),
    running("other", "b", size(4000, 1000)),
  ];

  test("memory moves the least memory, migrations the fewest VMs", () => {
    const hosts = [host("a", size(5000, 16_384)), host("b", size(9500, 16_384))];
    expect(planned(problem(hosts, crowded)).cost).toBe(2000);
    expect(planned(problem(hosts, crowded, { objective: "migrations" }))).toMatchObject({
      status: "optimal",
      cost: 1,
    });
  });

  test("distance prefers a host of the same site", () => {
    const at = (site: string) => ({ labels: { site } });
    const hosts = [host("a", size(8000, 16_384), at("x")), host("b", big, at("y")), host("c", big, at("x"))];
    const vms = [running("v", "a", size(4500, 1000)), running("w", "a", size(4500, 2000))];
    const answer = planned(problem(hosts, vms, { objective: "distance" }));
    expect(answer).toMatchObject({
      status: "optimal",
      cost: 1000,
      plan: { actions: [{ vm: "v", to: "c" }] },
    });
  });

  test("hosts empties hosts, and says how many are in use", () => {
    const hosts = ["a", "b", "c", "d"].map((id) => host(id, big));
    const vms = ["a", "b", "c", "d"].map((id) => running(`on-${id}`, id, size(2000, 1000)));
    const answer = planned(problem(hosts, vms, { objective: "hosts" }));
    expect(answer).toMatchObject({ status: "optimal", cost: 1, bound: 1 });
    expect(answer.plan.actions).toHaveLength(3);
  });

  test("makespan moves in parallel from several hosts", () => {
    const hosts = ["a", "b", "c"].map((id) => host(id, big, id === "c" ? { concurrency: 4 } : {}));
    const vms = [running("v", "a", size(100, 1000)), running("w", "b", size(100, 1000))];
    const rules = [{ kind: "offline", hosts: ["a", "b"] }] as const;
    const answer = planned(problem(hosts, vms, { rules, objective: "makespan" }));
    expect(answer).toMatchObject({ status: "optimal", cost: 11_000 });
  });

  test("a preferred rule is held when it costs less than its weight", () => {
    const hosts = [host("a", big), host("b", big)];
    const vms = [running("v", "a", size(100, 1000)), running("w", "a", size(100, 1000))];
    const spread = (weight: number) => [{ kind: "spread", vms: ["v", "w"], preferred: { weight } }] as const;
    expect(planned(problem(hosts, vms, { rules: spread(1500) })).plan.actions).toHaveLength(1);
    expect(planned(problem(hosts, vms, { rules: spread(500) }))).toMatchObject({
      cost: 500,
      plan: { actions: [] },
    });
  });
});

describe("why a VM cannot go to a host", () => {
  test("is said per host, with rule and figures", () => {
    const hosts = [host("a", big), host("b", big), host("c", size(500, 100)), host("d", big), host("e", big)];
    const vms = [
      running("full", "b", size(7500, 1000)),
      running("twin", "e", size(100, 100)),
      waiting("v", size(1000, 1000)),
    ];
    const rules = [
      { kind: "ban", vms: ["v"], hosts: ["d"] },
      { kind: "spread", vms: ["v", "twin"] },
    ] as const;
    expect(whyNot(problem(hosts, vms, { rules }), "v")).toEqual([
      { host: "a", why: null },
      { host: "b", why: "it needs 1000 cpu, the host has free 500" },
      { host: "c", why: "it needs 1000 cpu, the host has 500" },
      { host: "d", why: "forbidden by rule 0 (ban)" },
      { host: "e", why: "rule 1 (spread) would not hold" },
    ]);
  });
});
