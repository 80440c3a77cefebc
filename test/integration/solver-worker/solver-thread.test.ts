import { afterEach, expect, test } from "vitest";
import { SolverThread } from "../../../src/adapters/solver-worker/solver-thread.ts";
import type { Solution } from "../../../src/solver/solution.ts";
import { until } from "../../support/control.ts";
import { host, problem, running, size } from "../../support/problems.ts";

const LIMITS = { decisions: 1000 };
const VIABLE = problem([host("a", size(8000, 16_384))], [running("v", "a", size(1000, 1024))]);

const open: SolverThread[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thread) => thread.close()));
});

function thread(idleMs?: number) {
  const solved = new Map<number, Solution | null>();
  const failures: string[] = [];
  const solver = new SolverThread({
    sink: { solved: (operation, solution) => solved.set(operation, solution) },
    failed: (error) => failures.push(error),
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  open.push(solver);
  return { solver, solved, failures };
}

test("jobs are answered, each under its operation", async () => {
  const { solver, solved, failures } = thread();
  expect(solver.awake).toBe(false);
  solver.solve(7, VIABLE, LIMITS);
  solver.solve(8, VIABLE, LIMITS);
  await until(() => solved.size === 2, "both are solved");
  expect([...solved]).toMatchObject([
    [7, { status: "optimal" }],
    [8, { status: "optimal" }],
  ]);
  expect(solver.awake).toBe(true);
  expect(failures).toEqual([]);
});

test("a thread without work ends, and the next job gets another", async () => {
  const { solver, solved, failures } = thread(1);
  solver.solve(1, VIABLE, LIMITS);
  await until(() => solved.size === 1 && !solver.awake, "it is solved, and the thread has ended");
  solver.solve(2, VIABLE, LIMITS);
  await until(() => solved.size === 2, "the other is solved, too");
  expect(solved.get(2)).toMatchObject({ status: "optimal" });
  expect(failures).toEqual([]);
});
