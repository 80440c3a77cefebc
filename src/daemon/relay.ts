import type { AgentInput } from "../agent/inputs.ts";
import type { Message } from "../agent/messages.ts";
import type { Driver } from "../driver/driver.ts";
import type { HypervisorSink, JournalSink, SolverSink, TransportSink } from "../ports/ports.ts";

type Sinks = TransportSink<Message> & JournalSink & HypervisorSink & SolverSink;

/**
 * Stands in for the driver while the adapters are being started: they need somewhere to report to before the agent
 * exists. What comes too early is lost, as if the agent had not been there.
 */
export class Relay implements Sinks {
  driver: Driver | null = null;

  message(...args: Parameters<Sinks["message"]>): void {
    this.driver?.message(...args);
  }

  addressAnswered(...args: Parameters<Sinks["addressAnswered"]>): void {
    this.driver?.addressAnswered(...args);
  }

  persisted(...args: Parameters<Sinks["persisted"]>): void {
    this.driver?.persisted(...args);
  }

  completed(...args: Parameters<Sinks["completed"]>): void {
    this.driver?.completed(...args);
  }

  progressed(...args: Parameters<Sinks["progressed"]>): void {
    this.driver?.progressed(...args);
  }

  event(...args: Parameters<Sinks["event"]>): void {
    this.driver?.event(...args);
  }

  solved(...args: Parameters<Sinks["solved"]>): void {
    this.driver?.solved(...args);
  }

  deliver(input: AgentInput): void {
    this.driver?.deliver(input);
  }
}
