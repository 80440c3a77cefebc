/** Problems like those that partitions, and a central scheduler, put to the solver; and what one of them takes. */
import type { Random } from "../../lib/random.ts";
import { DEFAULT_LRT_CONFIG } from "../../lrt/config.ts";
import { buildProblem } from "../../lrt/scheduling/problem.ts";
import type { NodeSnapshot } from "../../lrt/scheduling/snapshot.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import { type Problem, solve } from "../../solver/index.ts";
import type { Charge } from "./charge.ts";

export interface Sample {
  readonly hosts: number;
  readonly vms: number;
  readonly decisions: number;
  readonly microseconds: number;
}

const CAPACITY = { cpu: 7000, memory: 32_768 };
const VMS_PER_HOST = 10;
/** Long enough for a clock of a microsecond. */
const LEAST_MICROSECONDS = 20_000;
const MOST_REPEATS = 200;

/** Loads are uniform between nothing and twice the mean; the first host is overloaded for certain. */
export function drawProblem(hosts: number, meanPercent: number, random: Random): Problem {
  const members = Array.from({ length: hosts }, (_, host): NodeSnapshot => {
    const vms = Array.from({ length: VMS_PER_HOST }, (_, vm) => ({
      id: `v${String(host * VMS_PER_HOST + vm).padStart(6, "0")}`,
      name: "",
      demand: { cpu: host === 0 ? 800 : 100 * random.int(0, Math.floor(meanPercent / 5)), memory: 1024 },
      pinned: null,
      adopted: false,
      policy: DEFAULT_POLICY,
      left: [],
      failed: [],
      restsForMs: null,
    }));
    const node = `h${String(host).padStart(5, "0")}`;
    return { node, name: node, capacity: CAPACITY, labels: {}, draining: false, version: 1, vms };
  });
  const cause = { kind: "overload", resource: "cpu", wanted: 8000, limit: CAPACITY.cpu } as const;
  const events = [{ id: "h00000/overload/1.1", origin: "h00000", ageMs: 0, cause }];
  return buildProblem({ members, events, failed: [], config: DEFAULT_LRT_CONFIG });
}

/** @param clock microseconds of the processor that this process has used. */
export function sample(problem: Problem, clock: () => number): Sample {
  const limits = { decisions: DEFAULT_LRT_CONFIG.solverDecisions, bestEffort: false };
  const { decisions } = solve(problem, limits);
  const from = clock();
  let repeats = 0;
  while (repeats < MOST_REPEATS && clock() - from < LEAST_MICROSECONDS) {
    solve(problem, limits);
    repeats++;
  }
  const microseconds = (clock() - from) / repeats;
  return { hosts: problem.hosts.length, vms: problem.vms.length, decisions, microseconds };
}

/** Of the relative error: a sample of a millisecond counts as much as one of a second. */
export function leastSquares(samples: readonly Sample[]): Charge {
  let [vv, vd, dd, v, d] = [0, 0, 0, 0, 0];
  for (const { vms, decisions, microseconds } of samples) {
    const x = vms / microseconds;
    const y = decisions / microseconds;
    vv += x * x;
    vd += x * y;
    dd += y * y;
    v += x;
    d += y;
  }
  const determinant = vv * dd - vd * vd;
  return {
    microsecondsPerVm: (v * dd - d * vd) / determinant,
    microsecondsPerDecision: (d * vv - v * vd) / determinant,
  };
}
