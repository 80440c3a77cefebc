import type { Agent } from "../../agent/agent.ts";
import type { Driver } from "../../driver/driver.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

/**
 * An agent's process: what the world tells it waits while it is stopped (SIGSTOP, or its host sleeps) or while a slow
 * processor is still at what came before, and nothing reaches it once it is dead.
 */
export class Process {
  readonly agent: Agent;
  readonly driver: Driver;
  readonly #failed: (error: unknown) => void;
  readonly #backlog: (() => void)[] = [];
  readonly #queue: EventQueue;
  #state: "running" | "stopped" | "dead" = "running";
  #busyUntil = 0;
  /** Milliseconds that every input takes. */
  slownessMs = 0;

  /** @param failed what is done when the agent gives up on an invariant. */
  constructor(agent: Agent, driver: Driver, queue: EventQueue, failed: (error: unknown) => void) {
    this.agent = agent;
    this.driver = driver;
    this.#queue = queue;
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
    if (this.#state === "dead") return;
    if (this.slownessMs > 0 || this.#busyUntil > this.#queue.now) this.#later(deed);
    else this.#take(deed);
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

  #take(deed: (driver: Driver) => void): void {
    if (this.#state === "stopped") this.#backlog.push(() => this.#try(deed));
    else if (this.#state === "running") this.#try(deed);
  }

  #later(deed: (driver: Driver) => void): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.#queue.now) + this.slownessMs;
    this.#queue.at(this.#busyUntil, () => this.#take(deed));
  }

  #try(deed: (driver: Driver) => void): void {
    try {
      deed(this.driver);
    } catch (error) {
      this.#failed(error);
    }
  }
}
