/**
 * The solver in a thread of its own: the agent goes on answering while it searches. Its bound is counted in
 * decisions; a cancelled job stops by itself, and one that does not answer for far longer than any bound could
 * take ends with its thread. A thread without work ends, too: it holds some 20 MB, and most hosts solve rarely.
 */
import { Worker } from "node:worker_threads";
import type { OperationId } from "../../ports/effects.ts";
import type { SolverPort, SolverSink } from "../../ports/ports.ts";
import type { Limits, Problem } from "../../solver/problem.ts";
import type { Answer, Job, WorkerData } from "./protocol.ts";

/** A solver that has not answered by now hangs: its thread is ended and the job counts as failed. */
const HANG_MS = 120_000;
/** A partition that grows asks again within seconds; starting a thread takes a tenth of one. */
const IDLE_MS = 60_000;

export interface SolverThreadDependencies {
  readonly sink: SolverSink;
  /** Told of a defect in the solver, with the problem that shows it. */
  readonly failed: (error: string, problem: Problem) => void;
  /** Milliseconds without work after which the thread ends. */
  readonly idleMs?: number;
}

interface Pending extends Job {
  readonly operation: OperationId;
}

export class SolverThread implements SolverPort {
  readonly #dependencies: SolverThreadDependencies;
  readonly #cancelled = new SharedArrayBuffer(4);
  readonly #queue: Pending[] = [];
  #worker: Worker | null = null;
  #running: Pending | null = null;
  #impatience: NodeJS.Timeout | undefined;
  #boredom: NodeJS.Timeout | undefined;
  #jobs = 0;
  #closed = false;

  constructor(dependencies: SolverThreadDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether there is a thread at present. */
  get awake(): boolean {
    return this.#worker !== null;
  }

  solve(operation: OperationId, problem: Problem, limits: Limits): void {
    this.#queue.push({ operation, job: ++this.#jobs, problem, limits });
    this.#next();
  }

  cancel(operation: OperationId): void {
    const waiting = this.#queue.findIndex((pending) => pending.operation === operation);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    else if (this.#running?.operation === operation) {
      Atomics.store(new Int32Array(this.#cancelled), 0, this.#running.job);
      this.#running = { ...this.#running, operation: -1 };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#impatience);
    await this.#end();
  }

  #next(): void {
    if (this.#running !== null || this.#closed) return;
    const pending = this.#queue.shift();
    clearTimeout(this.#boredom);
    if (pending === undefined) return this.#rest();
    this.#running = pending;
    const { job, problem, limits } = pending;
    this.#impatience = setTimeout(() => this.#hangs(), HANG_MS);
    this.#impatience.unref();
    this.#thread().postMessage({ job, problem, limits } satisfies Job);
  }

  #rest(): void {
    this.#boredom = setTimeout(() => void this.#end(), this.#dependencies.idleMs ?? IDLE_MS);
    this.#boredom.unref();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    clearTimeout(this.#boredom);
    await worker?.terminate();
  }

  #thread(): Worker {
    if (this.#worker !== null) return this.#worker;
    const workerData: WorkerData = { cancelled: this.#cancelled };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
    worker.unref();
    worker.on("message", (answer: Answer) => this.#answered(answer));
    worker.on("error", (error) => this.#lost(worker, String(error)));
    this.#worker = worker;
    return worker;
  }

  #answered({ job, solution, error }: Answer): void {
    const running = this.#running;
    if (running?.job !== job) return;
    this.#running = null;
    clearTimeout(this.#impatience);
    if (error !== null) this.#dependencies.failed(error, running.problem);
    if (running.operation >= 0) this.#dependencies.sink.solved(running.operation, solution);
    this.#next();
  }

  #hangs(): void {
    const worker = this.#worker;
    if (worker === null) return;
    void worker.terminate();
    this.#lost(worker, `no answer within ${HANG_MS} ms`);
  }

  #lost(worker: Worker, error: string): void {
    if (this.#worker !== worker || this.#closed) return;
    this.#worker = null;
    const running = this.#running;
    if (running !== null) this.#answered({ job: running.job, solution: null, error });
  }
}
