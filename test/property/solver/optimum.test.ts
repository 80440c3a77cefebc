import { describe, expect, test } from "vitest";
import { checkPlan, type Problem, type Solution, solve } from "../../../src/solver/index.ts";
import { cheapestPlan } from "../../support/brute-force.ts";
import { randomProblem } from "../../support/random-problem.ts";

const LIMITS = { decisions: 40_000 };

/** What the answer says of the optimum, against the optimum itself. */
function judge(problem: Problem, seed: string): Solution["status"] {
  const answer = solve(problem, LIMITS);
  const optimum = cheapestPlan(problem);
  if (answer.status === "infeasible") expect(optimum, seed).toBe(Number.POSITIVE_INFINITY);
  if (answer.status === "optimal") expect(answer.cost, seed).toBe(optimum);
  if (answer.status === "optimal" || answer.status === "feasible") {
    expect(checkPlan(problem, answer.plan), seed).toEqual([]);
    expect(answer.bound, seed).toBeLessThanOrEqual(optimum);
    expect(answer.cost, seed).toBeGreaterThanOrEqual(optimum);
  }
  return answer.status;
}

function judgeMany(name: string, count: number, shape: { hosts: number; vms: number; rules: number }) {
  const statuses = { optimal: 0, feasible: 0, infeasible: 0, limit: 0, reduced: 0 };
  for (let i = 0; i < count; i++) {
    const seed = `${name} ${i}`;
    const status = judge(randomProblem(seed, { ...shape, planRules: false }), seed);
    statuses[status]++;
  }
  return statuses;
}

describe("against brute force, executability included", () => {
  test("up to 3 hosts and 6 VMs without rules", () => {
    const statuses = judgeMany("bare", 3000, { hosts: 3, vms: 6, rules: 0 });
    expect(statuses.limit).toBe(0);
    expect(statuses.optimal).toBeGreaterThan(100);
    expect(statuses.infeasible).toBeGreaterThan(100);
  });

  test("up to 4 hosts and 6 VMs with every placement rule", () => {
    const statuses = judgeMany("ruled", 3000, { hosts: 4, vms: 6, rules: 3 });
    expect(statuses.limit).toBe(0);
    expect(statuses.optimal).toBeGreaterThan(100);
    expect(statuses.infeasible).toBeGreaterThan(100);
  });

  test("up to 4 hosts and 8 VMs", () => {
    const statuses = judgeMany("larger", 1000, { hosts: 4, vms: 8, rules: 2 });
    expect(statuses.optimal).toBeGreaterThan(5);
  });
});
