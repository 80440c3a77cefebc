/**
 * The yardstick: one scheduler for all hosts, as in Entropy. It looks at everything, solves, carries the plan out,
 * and looks again when it is done and its period is over. The problem is built, and solved, by the code that
 * partitions use; it decides for the hosts that are over their limit, and may use all others.
 *
 * In its favour: it knows what every guest wants at the instant it looks, and its orders take no time to arrive.
 */
import type { LrtConfig } from "../../lrt/config.ts";
import type { TravellingEvent } from "../../lrt/scheduling/event.ts";
import { buildProblem } from "../../lrt/scheduling/problem.ts";
import type { NodeSnapshot } from "../../lrt/scheduling/snapshot.ts";
import type { Action } from "../../model/plan.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import { type Solution, solve } from "../../solver/index.ts";
import { solverMs } from "../calibration/charge.ts";
import type { Truth } from "../evaluation/truth.ts";
import type { Simulation } from "../simulation.ts";
import { Application } from "./application.ts";

const PERIOD_MS = 30_000;
/** A problem of all hosts is given as much more than a partition's largest as it is larger. */
const DECISIONS_PER_HOST = 320;

export interface Round {
  readonly from: number;
  readonly to: number;
  readonly overloaded: number;
  readonly status: Solution["status"];
  readonly migrations: number;
}

/** What becomes of its rounds, for the report. */
export interface RoundObserver {
  looked(overloaded: readonly string[]): void;
  planned(helped: readonly string[], others: readonly string[]): void;
  migrationStarted(action: Action): void;
  migrationEnded(action: Action, done: boolean): void;
  ended(round: Round, hosts: readonly string[]): void;
}

export class CentralScheduler {
  readonly #simulation: Simulation;
  readonly #truth: Truth;
  readonly #config: LrtConfig;
  readonly #observer: RoundObserver;

  constructor(simulation: Simulation, truth: Truth, config: LrtConfig, observer: RoundObserver) {
    this.#simulation = simulation;
    this.#truth = truth;
    this.#config = config;
    this.#observer = observer;
  }

  start(): void {
    this.#simulation.queue.after(PERIOD_MS, () => this.#look());
  }

  #look(): void {
    const { now, queue } = this.#simulation;
    const overloaded = this.#truth.over();
    if (overloaded.length === 0) {
      queue.after(PERIOD_MS, () => this.#look());
      return;
    }
    this.#observer.looked(overloaded);
    const members = this.#simulation.hosts.map(({ id }) => this.#snapshot(id));
    const events = overloaded.map((host) => this.#event(host));
    const problem = buildProblem({ members, events, failed: [], config: this.#config });
    const decisions = Math.max(this.#config.solverDecisions, DECISIONS_PER_HOST * members.length);
    const solution = solve(problem, { decisions, bestEffort: true });
    queue.after(solverMs(problem.vms.length, solution.decisions), () =>
      this.#apply(solution, overloaded, now),
    );
  }

  #apply(solution: Solution, overloaded: readonly string[], from: number): void {
    const actions = "plan" in solution ? solution.plan.actions : [];
    const sources = new Set(actions.map((action) => action.from));
    this.#observer.planned(
      overloaded.filter((host) => sources.has(host)),
      overloaded.filter((host) => !sources.has(host)),
    );
    let done = 0;
    let over = false;
    const application = new Application(actions, {
      host: (id) => this.#simulation.host(id),
      migrationsPerHost: this.#config.migrationsPerHost,
      started: (action) => this.#observer.migrationStarted(action),
      ended: (action, ok) => {
        if (ok) done++;
        this.#observer.migrationEnded(action, ok);
      },
      over: () => {
        if (over) return;
        over = true;
        this.#over({ from, overloaded: overloaded.length, status: solution.status, migrations: done });
      },
    });
    application.advance();
  }

  #over(round: Omit<Round, "to">): void {
    const { now, queue, hosts } = this.#simulation;
    this.#observer.ended(
      { ...round, to: now },
      hosts.map(({ id }) => id),
    );
    queue.at(round.from + PERIOD_MS, () => this.#look());
  }

  #snapshot(id: string): NodeSnapshot {
    const host = this.#simulation.host(id);
    const { labels, capacity } = host?.spec ?? { labels: {}, capacity: { cpu: 0, memory: 0 } };
    const running = (host?.domains() ?? []).filter(({ state }) => state === "running");
    const vms = running.map(({ vm, name, memory, stamp }) => ({
      id: vm,
      name,
      demand: { cpu: this.#truth.load(vm), memory },
      pinned: null,
      adopted: false,
      policy: stamp?.policy ?? DEFAULT_POLICY,
      left: [],
      failed: [],
      restsForMs: null,
    }));
    return { node: id, name: id, capacity, labels, draining: false, version: 1, vms };
  }

  #event(host: string): TravellingEvent {
    const limit = this.#simulation.host(host)?.spec.capacity.cpu ?? 0;
    const cause = { kind: "overload", resource: "cpu", wanted: limit, limit } as const;
    return { id: `${host}/overload/1.1`, origin: host, ageMs: 0, cause };
  }
}
