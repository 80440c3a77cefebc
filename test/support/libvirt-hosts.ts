import { LibvirtHypervisor } from "../../src/adapters/libvirt/hypervisor/libvirt-hypervisor.ts";
import type {
  HypervisorReport,
  LibvirtHypervisorConfig,
} from "../../src/adapters/libvirt/hypervisor/settings.ts";
import type {
  HypervisorCommand,
  HypervisorEvent,
  HypervisorOutcome,
  MigrationProgress,
} from "../../src/hypervisor/command.ts";
import type { BedHost } from "../bed/host.ts";
import { eventually, REAL_CLOCK } from "./real-clock.ts";

/** The adapter on a host of the bed, with a memory of what it said. */
export class RecordedLibvirt {
  readonly host: BedHost;
  readonly outcomes = new Map<number, HypervisorOutcome>();
  readonly progress: { readonly operation: number; readonly progress: MigrationProgress }[] = [];
  readonly events: HypervisorEvent[] = [];
  readonly reports: HypervisorReport[] = [];
  readonly adapter: LibvirtHypervisor;
  /** Whether the port was called right now: nothing may come back before it has returned. */
  inCall = false;
  #operations = 0;

  constructor(host: BedHost, changes: Partial<LibvirtHypervisorConfig> = {}) {
    this.host = host;
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
    const { socket: socketPath, migrationUri } = host;
    const config = { socketPath, uri: "qemu:///system", migrationUri, sampleMs: 1_000, ...changes };
    const report = (event: HypervisorReport) => this.reports.push(event);
    this.adapter = new LibvirtHypervisor(config, { clock: REAL_CLOCK, sink, report });
  }

  async start(): Promise<this> {
    this.adapter.start();
    await eventually(() => this.events.some(({ kind }) => kind === "connected"), "connected");
    return this;
  }

  run(command: HypervisorCommand): number {
    const operation = ++this.#operations;
    this.inCall = true;
    this.adapter.run(operation, command);
    this.inCall = false;
    return operation;
  }

  async ended(operation: number, limitMs = 60_000): Promise<HypervisorOutcome> {
    await eventually(() => this.outcomes.has(operation), `the outcome of operation ${operation}`, limitMs);
    return this.outcomes.get(operation)!;
  }

  does(command: HypervisorCommand): Promise<HypervisorOutcome> {
    return this.ended(this.run(command));
  }
}
