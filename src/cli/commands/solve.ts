/**
 * `discoveryctl solve FILE|-`: the solver on an instance, offline. The command's wiring reads the files and the
 * clock; this says what comes out and how it exits.
 */
import { ERROR_CODES, type Failure, fail, ok, type Result } from "../../lib/error.ts";
import { nearest } from "../../lib/nearest.ts";
import {
  checkPlan,
  type Limits,
  type Objective,
  type Problem,
  type Solution,
  solve,
} from "../../solver/index.ts";
import { edited } from "../../solver/instance/edit.ts";
import { parseInstance } from "../../solver/instance/parse.ts";
import { addedTo, parseAdded } from "./add-vms.ts";

export interface SolveOptions {
  readonly objective?: Objective;
  /** Milliseconds after which the best so far is printed. */
  readonly deadlineMs?: number;
  /** Decisions. */
  readonly limit?: number;
  readonly seed?: number;
  /** Solves so many times and gives the medians of the times. */
  readonly repeat?: number;
  readonly trace?: boolean;
  readonly hostDown?: readonly string[];
  readonly drain?: readonly string[];
  /** `N:cpus=…`, or the text of a list of VMs in the format of `vmr-instance/2`. */
  readonly addVms?: string;
}

export interface SolveRun {
  readonly report: ReturnType<typeof reportOf>;
  /** What the costs are in. */
  readonly objective: Objective;
  readonly exitCode: number;
}

const DEFAULT_DECISIONS = 1_000_000;

/** More takes longer than anybody waits. */
const MOST_REPEATS = 10_000;

/** @param clock milliseconds, from any origin. */
export function runSolve(
  options: SolveOptions,
  text: string,
  clock: () => number,
  solver: typeof solve = solve,
): Result<SolveRun> {
  const { repeat = 1 } = options;
  if (repeat < 1 || repeat > MOST_REPEATS) return fail(badRepeat(repeat));
  const read = readProblem(options, text);
  if (!read.ok) return read;
  const runs = Array.from({ length: repeat }, () => timed(read.value, options, clock, solver));
  const report = reportOf(runs, options.trace === true);
  const faults = report.plan === null ? [] : checkPlan(read.value, report.plan);
  if (faults.length > 0) return fail(badPlan(faults));
  return ok({ report, objective: read.value.objective, exitCode: exitCodeOf(report.status) });
}

function badRepeat(repeat: number): Failure {
  const message = `--repeat must be from 1 to ${MOST_REPEATS}; it is ${repeat}`;
  return { code: "invalid", message, hint: "discoveryctl solve --help" };
}

/** A defect of the solver: nobody is to act on such a plan. */
function badPlan(faults: readonly string[]): Failure {
  const message = "the solver made a plan that its own checkers refuse";
  return { code: "failed", message, reason: faults.join("; "), hint: "please report it with the instance" };
}

function readProblem(options: SolveOptions, text: string): Result<Problem> {
  const instance = parseInstance(text);
  if (!instance.ok) return instance;
  const added = options.addVms === undefined ? null : parseAdded(options.addVms);
  if (added?.ok === false) return added;
  const { hostDown = [], drain = [], objective } = options;
  const hosts = instance.value.hosts.map(({ id }) => id);
  const unknown = [...hostDown, ...drain].find((id) => !hosts.includes(id));
  if (unknown !== undefined) return fail(noHost(unknown, hosts));
  const problem = edited(instance.value, { hostDown, drain });
  return addedTo(objective === undefined ? problem : { ...problem, objective }, added?.value ?? []);
}

function noHost(id: string, hosts: readonly string[]): Failure {
  const near = nearest(id, hosts);
  const message = `the instance has no host ${JSON.stringify(id)}`;
  return { code: "invalid", message, ...(near === null ? {} : { hint: `did you mean ${near}?` }) };
}

interface TimedRun {
  readonly solution: Solution;
  readonly firstPlanMs: number | null;
  readonly totalMs: number;
  readonly trace: readonly {
    readonly ms: number;
    readonly decisions: number;
    readonly cost: number;
    readonly bound: number;
  }[];
}

function timed(problem: Problem, options: SolveOptions, clock: () => number, solver: typeof solve): TimedRun {
  const start = clock();
  const trace: { ms: number; decisions: number; cost: number; bound: number }[] = [];
  const limits: Limits = {
    decisions: options.limit ?? DEFAULT_DECISIONS,
    seed: options.seed ?? 0,
    observer: {
      shouldStop: () => clock() - start >= (options.deadlineMs ?? Number.POSITIVE_INFINITY),
      improved: (point) => trace.push({ ms: clock() - start, ...point }),
    },
  };
  const solution = solver(problem, limits);
  const solved = solution.status === "optimal" || solution.status === "feasible";
  const totalMs = clock() - start;
  return { solution, firstPlanMs: solved ? (trace[0]?.ms ?? totalMs) : null, totalMs, trace };
}

function reportOf(runs: readonly TimedRun[], withTrace: boolean) {
  const { solution, trace } = runs[runs.length - 1] as TimedRun;
  const plan = "plan" in solution ? solution.plan : null;
  const cost = "cost" in solution ? solution.cost : null;
  const bound = "bound" in solution ? solution.bound : null;
  return {
    status: solution.status,
    cost,
    bound,
    gap: cost === null || bound === null ? null : cost === 0 ? 0 : (cost - bound) / cost,
    firstPlanMs: median(runs.flatMap((run) => run.firstPlanMs ?? [])),
    totalMs: median(runs.map((run) => run.totalMs)),
    decisions: solution.decisions,
    plan,
    broken: "broken" in solution ? solution.broken : [],
    explanation: "explanation" in solution ? solution.explanation : [],
    ...(withTrace ? { trace } : {}),
  };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  return middle === undefined ? null : Math.round(middle * 1000) / 1000;
}

function exitCodeOf(status: Solution["status"]): number {
  if (status === "infeasible") return ERROR_CODES.unplaceable.exit;
  return status === "limit" ? ERROR_CODES["timed-out"].exit : 0;
}
