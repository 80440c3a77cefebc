import type { AgentInput } from "../agent/inputs.ts";
import type { Message } from "../agent/messages.ts";
import type { Driver } from "../driver/driver.ts";
import type { DiskSpace } from "../model/disk-space.ts";
import type { HypervisorSink, JournalSink, SolverSink, TransportSink } from "../ports/ports.ts";
import type { Vitals } from "./vitals.ts";

type Sinks = TransportSink<Message> & JournalSink & HypervisorSink & SolverSink;

/**
 * Stands in for the driver while the adapters are being started: they need somewhere to report to before the agent
 * exists. What comes too early is lost, as if the agent had not been there. What comes of writes and questions is told
 * to the watch as well.
 */
export class Relay implements Sinks {
  driver: Driver | null = null;
  readonly #vitals: Vitals;

  constructor(vitals: Vitals) {
    this.#vitals = vitals;
  }

  message(...args: Parameters<Sinks["message"]>): void {
    this.driver?.message(...args);
  }

  addressAnswered(...args: Parameters<Sinks["addressAnswered"]>): void {
    this.driver?.addressAnswered(...args);
  }

  persisted(...args: Parameters<Sinks["persisted"]>): void {
    this.#vitals.persisted(...args);
    this.driver?.persisted(...args);
  }

  space(state: DiskSpace): void {
    this.#vitals.space(state);
    this.deliver({ kind: "disk-space", state });
  }

  completed(...args: Parameters<Sinks["completed"]>): void {
    this.#vitals.answered(args[0]);
    this.driver?.completed(...args);
  }

  progressed(...args: Parameters<Sinks["progressed"]>): void {
    this.driver?.progressed(...args);
  }

  event(...args: Parameters<Sinks["event"]>): void {
    this.#vitals.heard(...args);
    this.driver?.event(...args);
  }

  solved(...args: Parameters<Sinks["solved"]>): void {
    this.driver?.solved(...args);
  }

  deliver(input: AgentInput): void {
    this.driver?.deliver(input);
  }
}
