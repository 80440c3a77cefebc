import type { Limits, Problem } from "../../solver/problem.ts";
import type { Solution } from "../../solver/solution.ts";

/** What the solver's thread is given when it is made. */
export interface WorkerData {
  /** One 32-bit cell: the number of the job that is no longer wanted. */
  readonly cancelled: SharedArrayBuffer;
}

export interface Job {
  readonly job: number;
  readonly problem: Problem;
  readonly limits: Limits;
}

export interface Answer {
  readonly job: number;
  readonly solution: Solution | null;
  /** Why there is no solution: a defect, to be logged. */
  readonly error: string | null;
}
