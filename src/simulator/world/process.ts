import type { Agent } from "../../agent/agent.ts";
import type { Driver } from "../../driver/driver.ts";

/**
 * An agent's process: what the world tells it waits while it is stopped (SIGSTOP, or its host sleeps), and nothing
 * reaches it once it is dead.
 */
export class Process {
  readonly agent: Agent;
  readonly driver: Driver;
  readonly #failed: (error: unknown) => void;
  readonly #backlog: (() => void)[] = [];
  #state: "running" | "stopped" | "dead" = "running";

  /** @param failed what is done when the agent gives up on an invariant. */
  constructor(agent: Agent, driver: Driver, failed: (error: unknown) => void) {
    this.agent = agent;
    this.driver = driver;
    this.#failed = failed;
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  get stopped(): boolean {
    return this.#state === "stopped";
  }

  /** Everything that enters the process goes through here. */
  enter(deed: (driver: Driver) => void): void {
    if (this.#state === "stopped") this.#backlog.push(() => this.#try(deed));
    else if (this.#state === "running") this.#try(deed);
  }

  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  resume(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    for (const deed of this.#backlog.splice(0)) if (this.alive) deed();
  }

  kill(): void {
    this.#state = "dead";
    this.driver.stop();
  }

  #try(deed: (driver: Driver) => void): void {
    try {
      deed(this.driver);
    } catch (error) {
      this.#failed(error);
    }
  }
}
