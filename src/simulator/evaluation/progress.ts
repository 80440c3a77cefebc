import { StatusLine, sayLeft } from "../command-line/status-line.ts";
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

/** Simulated time, events a second, and when it will be over. */
export class Progress {
  readonly #evaluation: Evaluation;
  readonly #startedAt = performance.now();
  readonly #line = new StatusLine();

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
  }

  begin(): void {
    const { algorithm, hosts, vms, durationMs } = this.#evaluation.options;
    const what = `${algorithm}, ${hosts} hosts, ${vms} VMs, ${durationMs / 1000} s`;
    process.stderr.write(`discovery-sim: ${what}; Ctrl-C ends it with a partial report\n`);
  }

  tick(): void {
    this.#line.offer(() => this.#text());
  }

  end(): void {
    this.#line.clear();
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

  #text(): string {
    const elapsedMs = performance.now() - this.#startedAt;
    const { simulation, endsAt } = this.#evaluation;
    const rate = Math.round(simulation.queue.executed / (elapsedMs / 1000));
    const at = `${Math.round(simulation.now / 1000)} of ${Math.round(endsAt / 1000)} simulated s`;
    return `${at}, ${rate} events/s, ${sayLeft(elapsedMs, simulation.now, endsAt)}`;
  }
}
