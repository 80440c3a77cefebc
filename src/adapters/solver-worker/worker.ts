/** The solver's thread: one job after the other; a job that is no longer wanted stops at its next poll. */
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../lib/assert.ts";
import { solve } from "../../solver/index.ts";
import type { Answer, Job, WorkerData } from "./protocol.ts";

const port = present(parentPort, "a worker's port");
const cancelled = new Int32Array((workerData as WorkerData).cancelled);

port.on("message", ({ job, problem, limits }: Job) => {
  port.postMessage(answer(job, problem, limits));
});

function answer(job: number, problem: Job["problem"], limits: Job["limits"]): Answer {
  const shouldStop = (): boolean => Atomics.load(cancelled, 0) >= job;
  try {
    return { job, solution: solve(problem, { ...limits, observer: { shouldStop } }), error: null };
  } catch (error) {
    return {
      job,
      solution: null,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
