/** The constraint solver's door: what the rest of the house uses. */
export { checkPlan, checkSteps } from "./checkers/replay.ts";
export type {
  Amounts,
  Limits,
  Objective,
  Observer,
  PlanLimits,
  Problem,
  ProblemHost,
  ProblemVm,
  ProblemVmState,
} from "./problem.ts";
export { type Change, type Previous, type Resolved, resolve } from "./resolve.ts";
export type { Explanation, Solution, TracePoint } from "./solution.ts";
export { solve } from "./solve.ts";
export { problemFaults } from "./validate.ts";
