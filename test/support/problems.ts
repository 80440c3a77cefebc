import type { Amounts, Problem, ProblemHost, ProblemVm } from "../../src/solver/index.ts";

/** Small problems in few words. */
export const host = (id: string, capacity: Amounts, more: Partial<ProblemHost> = {}): ProblemHost => ({
  id,
  capacity,
  online: true,
  labels: {},
  ...more,
});

export const running = (
  id: string,
  on: string,
  demand: Amounts,
  more: Partial<ProblemVm> = {},
): ProblemVm => ({
  id,
  state: "running",
  desired: "running",
  host: on,
  demand,
  ...more,
});

export const waiting = (id: string, demand: Amounts, more: Partial<ProblemVm> = {}): ProblemVm => ({
  id,
  state: "waiting",
  desired: "running",
  host: null,
  demand,
  ...more,
});

export const problem = (
  hosts: readonly ProblemHost[],
  vms: readonly ProblemVm[],
  more: Partial<Problem> = {},
): Problem => ({ hosts, vms, rules: [], objective: "memory", ...more });

/** cpu in milli-CPU, memory in MiB. */
export const size = (cpu: number, memory: number): Amounts => ({ cpu, memory });
