import { EmbeddedHost, type EmbeddedHostConfig } from "../../src/adapters/embedded/host.ts";
import type {
  HypervisorCommand,
  HypervisorEvent,
  HypervisorOutcome,
  MigrationProgress,
} from "../../src/hypervisor/command.ts";
import { REAL_CLOCK } from "./real-clock.ts";

/** An embedded host in real time that remembers what it said. */
export class RecordedHost {
  readonly outcomes = new Map<number, HypervisorOutcome>();
  readonly progress: { readonly operation: number; readonly progress: MigrationProgress }[] = [];
  readonly events: HypervisorEvent[] = [];
  readonly adapter: EmbeddedHost;
  /** Whether the port was called right now: nothing may come back before it has returned. */
  inCall = false;
  #operations = 0;

  constructor(config: EmbeddedHostConfig) {
    const outside = () => {
      if (this.inCall) throw new Error("the sink was called from inside a call of the port");
    };
    const sink = {
      completed: (operation: number, outcome: HypervisorOutcome) => {
        outside();
        this.outcomes.set(operation, outcome);
      },
      progressed: (operation: number, progress: MigrationProgress) => {
        outside();
        this.progress.push({ operation, progress });
      },
      event: (event: HypervisorEvent) => {
        outside();
        this.events.push(event);
      },
    };
    this.adapter = new EmbeddedHost(config, { clock: REAL_CLOCK, sink });
  }

  run(command: HypervisorCommand): number {
    const operation = ++this.#operations;
    this.inCall = true;
    this.adapter.run(operation, command);
    this.inCall = false;
    return operation;
  }
}
