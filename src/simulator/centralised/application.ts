import type { Action } from "../../model/plan.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import type { SimulatedHost } from "../world/host.ts";
import { ADDRESS } from "../world/profile.ts";

type Stage = "waiting" | "running" | "done" | "failed";

interface Step {
  readonly action: Action;
  stage: Stage;
}

export interface ApplicationDependencies {
  readonly host: (id: string) => SimulatedHost | undefined;
  /** Migrations a host bears at once. */
  readonly migrationsPerHost: number;
  readonly started: (action: Action) => void;
  readonly ended: (action: Action, done: boolean) => void;
  /** Nothing runs any more. */
  readonly over: () => void;
}

/** A plan carried out from one place: every action as soon as what it waits for is done and its hosts bear it. */
export class Application {
  readonly #deps: ApplicationDependencies;
  readonly #steps: readonly Step[];
  readonly #byId: ReadonlyMap<number, Step>;
  /** Running migrations by host. */
  readonly #busy = new Map<string, number>();
  #running = 0;

  constructor(actions: readonly Action[], deps: ApplicationDependencies) {
    this.#deps = deps;
    this.#steps = actions.map((action) => ({ action, stage: "waiting" }));
    this.#byId = new Map(this.#steps.map((step) => [step.action.id, step]));
  }

  /** Begins what can begin; what waits for something that failed never does. */
  advance(): void {
    for (const step of this.#steps) if (this.#ready(step)) this.#begin(step);
    if (this.#running === 0) this.#deps.over();
  }

  #ready({ action, stage }: Step): boolean {
    if (stage !== "waiting" || !action.after.every((id) => this.#byId.get(id)?.stage === "done"))
      return false;
    return [action.from, action.to].every(
      (host) => host === null || (this.#busy.get(host) ?? 0) < this.#deps.migrationsPerHost,
    );
  }

  #begin(step: Step): void {
    const { from, to, vm } = step.action;
    const source = from === null ? undefined : this.#deps.host(from);
    if (source === undefined || to === null) {
      step.stage = "failed";
      return;
    }
    step.stage = "running";
    this.#count(step.action, 1);
    this.#deps.started(step.action);
    const policy = DEFAULT_POLICY.migration;
    source.operate({ kind: "migrate", vm, uri: `${ADDRESS}${to}`, policy, persistent: false }, ({ ok }) => {
      step.stage = ok ? "done" : "failed";
      this.#count(step.action, -1);
      this.#deps.ended(step.action, ok);
      this.advance();
    });
  }

  #count({ from, to }: Action, by: number): void {
    this.#running += by;
    for (const host of [from, to]) if (host !== null) this.#busy.set(host, (this.#busy.get(host) ?? 0) + by);
  }
}
