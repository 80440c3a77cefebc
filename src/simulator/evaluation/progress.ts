import type { Evaluation } from "./evaluation.ts";

/** What a run took of the machine; the only thing about it that the wall clock decides. */
export interface Cost {
  /** By the wall clock, whoever else uses the machine. */
  readonly seconds: number;
  /** Of processors, the collector's threads included. */
  readonly cpuSeconds: number;
  /** Per second of processors. */
  readonly eventsPerSecond: number;
  /** The largest resident set, MiB. */
  readonly peakMib: number;
  readonly peakKibPerHost: number;
}

const REFRESH_MS = 500;

/** One line on a terminal: simulated time, events a second, and when it will be over. */
export class Progress {
  readonly #evaluation: Evaluation;
  readonly #startedAt = performance.now();
  #shownAt = 0;

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
  }

  begin(): void {
    const { algorithm, hosts, vms, durationMs } = this.#evaluation.options;
    const what = `${algorithm}, ${hosts} hosts, ${vms} VMs, ${durationMs / 1000} s`;
    process.stderr.write(`discovery-sim: ${what}; Ctrl-C ends it with a partial report\n`);
  }

  tick(): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#shownAt < REFRESH_MS) return;
    this.#shownAt = now;
    process.stderr.write(`\r\x1b[K${this.#line(now - this.#startedAt)}`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }

  cost(): Cost {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1_000_000;
    const peakKib = process.resourceUsage().maxRSS;
    return {
      seconds: Math.round((performance.now() - this.#startedAt) / 100) / 10,
      cpuSeconds: Math.round(cpuSeconds * 10) / 10,
      eventsPerSecond: Math.round(this.#evaluation.simulation.queue.executed / cpuSeconds),
      peakMib: Math.round(peakKib / 1024),
      peakKibPerHost: Math.round(peakKib / this.#evaluation.options.hosts),
    };
  }

  #line(elapsedMs: number): string {
    const { simulation, endsAt } = this.#evaluation;
    const rate = Math.round(simulation.queue.executed / (elapsedMs / 1000));
    const left = (elapsedMs * (endsAt - simulation.now)) / Math.max(1, simulation.now) / 1000;
    const at = `${Math.round(simulation.now / 1000)} of ${Math.round(endsAt / 1000)} s`;
    return `${at}, ${rate} events/s, over in about ${Math.ceil(left)} s`;
  }
}
