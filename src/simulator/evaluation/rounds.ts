import type { Action } from "../../model/plan.ts";
import type { Round, RoundObserver } from "../centralised/scheduler.ts";
import type { Simulation } from "../simulation.ts";
import type { Partitions } from "./partitions.ts";
import type { Truth } from "./truth.ts";

/** Accounts for the central scheduler's rounds as for partitions: each is one of all hosts. */
export class Rounds implements RoundObserver {
  readonly #simulation: Simulation;
  readonly #truth: Truth;
  readonly #partitions: Partitions;
  readonly #moving = new Map<Action, number>();

  constructor(simulation: Simulation, truth: Truth, partitions: Partitions) {
    this.#simulation = simulation;
    this.#truth = truth;
    this.#partitions = partitions;
  }

  looked(overloaded: readonly string[]): void {
    const { events } = this.#partitions;
    events.set("overload", (events.get("overload") ?? 0) + overloaded.length);
    for (const host of overloaded) this.#truth.enter(host, "compute", this.#simulation.now);
  }

  planned(helped: readonly string[], others: readonly string[]): void {
    const { now } = this.#simulation;
    for (const host of helped) this.#truth.enter(host, "apply", now);
    for (const host of others) this.#truth.enter(host, "wait", now);
  }

  migrationStarted(action: Action): void {
    this.#moving.set(action, this.#simulation.now);
  }

  migrationEnded(action: Action, done: boolean): void {
    const { now } = this.#simulation;
    const from = this.#moving.get(action) ?? now;
    this.#moving.delete(action);
    const site = (host: string | null): string | undefined =>
      host === null ? undefined : this.#simulation.host(host)?.spec.labels["site"];
    const across = site(action.from) !== site(action.to);
    this.#partitions.migrations.push({ from, to: now, across, done });
  }

  ended({ from, to, status, migrations }: Round, hosts: readonly string[]): void {
    const outcome = status === "optimal" || status === "feasible" ? "solved" : status;
    this.#partitions.add({ from, to, hosts, outcome, migrations, messages: 0 });
    for (const host of hosts) this.#truth.enter(host, "detect", to);
  }
}
