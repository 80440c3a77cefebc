/**
 * One timed solve. Times are the process's CPU time in milliseconds (one thread plus V8's own helpers): on a shared
 * machine the wall clock measures the neighbours.
 */
import { checkPlan, type Problem, type Solution, solve } from "../../src/solver/index.ts";
import type { Known } from "./best-known.ts";

export interface Measured {
  readonly solution: Solution;
  /** When the first executable plan was there; null: never. */
  readonly first: number | null;
  readonly total: number;
  /** Costs over time. */
  readonly trace: readonly { readonly ms: number; readonly cost: number }[];
  /** What an independent replay finds wrong with the plan. */
  readonly illegal: number;
}

export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Says when so much CPU time is spent; asks the kernel once a millisecond, which is dearer than the search's poll. */
function cpuDeadline(start: number, deadline: number): () => boolean {
  let asked = performance.now();
  return () => {
    const now = performance.now();
    if (now - asked < 1) return false;
    asked = now;
    return cpuMs() - start > deadline;
  };
}

/** @param deadline CPU milliseconds after which the best so far is taken. */
export function measure(problem: Problem, deadline: number, seed = 0): Measured {
  const start = cpuMs();
  const trace: { ms: number; cost: number }[] = [];
  const solution = solve(problem, {
    decisions: 1e9,
    seed,
    observer: {
      shouldStop: cpuDeadline(start, deadline),
      improved: ({ cost }) => trace.push({ ms: cpuMs() - start, cost }),
    },
  });
  const total = cpuMs() - start;
  const solved = solution.status === "optimal" || solution.status === "feasible";
  const illegal = solved ? checkPlan(problem, solution.plan).length : 0;
  return { solution, first: solved ? (trace[0]?.ms ?? total) : null, total, trace, illegal };
}

/** What a run found, for the best-known file; null: no plan. */
export function knownFrom({ solution, illegal }: Measured, foundBy: string): Known | null {
  if ((solution.status !== "optimal" && solution.status !== "feasible") || illegal > 0) return null;
  const { cost, bound, plan } = solution;
  return { cost, foundBy, bound, boundBy: "this solver", plan };
}

/** The best cost known at a moment; infinite when there was none. */
export function costAt({ trace }: Measured, ms: number): number {
  return trace.filter((point) => point.ms <= ms).at(-1)?.cost ?? Number.POSITIVE_INFINITY;
}

/** The p-th part of the values, by nearest rank. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}
