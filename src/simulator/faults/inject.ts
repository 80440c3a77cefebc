/** Makes faults happen in a simulation, and undoes what can be undone. */
import { assert } from "../../lib/assert.ts";
import type { Simulation } from "../simulation.ts";
import type { SimulatedHost } from "../world/host.ts";
import { CALM } from "../world/network.ts";
import { type Fault, type TimedFault, told } from "./fault.ts";

type NetworkFault = "cut" | "clog" | "isolate" | "weather" | "trap";
type GuestFault = "crash" | "power-off-guest" | "suspend-guest" | "dirty-rate" | "load";

export class Injector {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Puts every fault on the clock. */
  schedule(faults: readonly TimedFault[]): void {
    for (const { at, fault } of faults) this.#simulation.queue.at(at, () => this.inject(fault));
  }

  inject(fault: Fault): void {
    this.#simulation.story.tell("#", told(fault));
    const undo = this.#strike(fault);
    if (undo === null || !("forMs" in fault)) return;
    this.#simulation.queue.after(fault.forMs, () => {
      this.#simulation.story.tell("#", `over: ${told(fault)}`);
      undo();
    });
  }

  /** The world is as it should be again: links, power, agents, hypervisors, disks, solvers. */
  healAll(): void {
    const { network, hosts, ambushes } = this.#simulation;
    network.heal();
    ambushes.clear();
    for (const host of hosts) {
      host.powerOn();
      host.disk.slownessMs = 0;
      host.solver.resume();
      host.control({ kind: "unstall" });
      host.control({ kind: "set-usage-readable", readable: true });
      host.connectControl();
      host.resumeAgent();
      host.startAgent();
      host.slowAgent(0);
      host.diskSpace("ample");
    }
  }

  /** @returns how it is undone, or null when it is over at once. */
  #strike(fault: Fault): (() => void) | null {
    switch (fault.kind) {
      case "cut":
      case "clog":
      case "isolate":
      case "weather":
      case "trap":
        return this.#onNetwork(fault);
      case "crash":
      case "power-off-guest":
      case "suspend-guest":
      case "dirty-rate":
      case "load":
        this.#onGuest(fault);
        return null;
      case "command":
        this.#host(fault.host).command(fault.command, () => {});
        return null;
      default:
        return this.#onHost(fault, this.#host(fault.host));
    }
  }

  #onNetwork(fault: Extract<Fault, { kind: NetworkFault }>): (() => void) | null {
    const { network } = this.#simulation;
    switch (fault.kind) {
      case "cut":
        network.cut(fault.from, fault.to);
        return () => network.join(fault.from, fault.to);
      case "clog":
        network.clog(fault.from, fault.to, fault.forMs);
        return null;
      case "isolate":
        network.isolate(fault.host);
        return () => network.rejoin(fault.host);
      case "weather":
        network.weather = fault.weather;
        return () => {
          network.weather = CALM;
        };
      case "trap":
        network.trap(fault.from, fault.to, fault.type, fault.delayMs, fault.alone);
        return null;
    }
  }

  /** Where the guest is now: its going is the script's doing. */
  #onGuest(fault: Extract<Fault, { kind: GuestFault }>): void {
    const { vm } = fault;
    const hosts = this.#simulation.hosts.filter((one) => one.domains().some((domain) => domain.vm === vm));
    if (fault.kind !== "load" && fault.kind !== "dirty-rate") this.#simulation.excuse([vm]);
    for (const host of hosts) {
      if (fault.kind === "load") host.control({ kind: "set-load", vm, load: fault.load });
      else if (fault.kind === "dirty-rate") host.control({ ...fault, kind: "set-dirty-rate" });
      else if (!host.executing().includes(vm)) continue;
      else if (fault.kind === "crash") host.control({ kind: "crash", vm, how: fault.how });
      else host.control({ kind: fault.kind === "suspend-guest" ? "suspend" : "power-off", vm });
    }
  }

  #onHost(
    fault: Exclude<Fault, { kind: NetworkFault | GuestFault | "command" }>,
    host: SimulatedHost,
  ): () => void {
    switch (fault.kind) {
      case "kill":
        host.killAgent();
        return () => host.startAgent();
      case "ambush":
        return this.#ambush(fault, host);
      case "pause":
        host.stopAgent();
        return () => host.resumeAgent();
      case "sleep":
        host.stopAgent();
        host.control({ kind: "stall" });
        return () => {
          host.control({ kind: "unstall" });
          host.resumeAgent();
        };
      case "slow-cpu":
        host.slowAgent(fault.byMs);
        return () => host.slowAgent(0);
      case "usage-hidden":
        host.control({ kind: "set-usage-readable", readable: false });
        return () => host.control({ kind: "set-usage-readable", readable: true });
      case "disk-fills":
        host.diskSpace(fault.state);
        return () => host.diskSpace("ample");
      case "power-off":
        this.#simulation.excuse(host.domains().map(({ vm }) => vm));
        host.powerOff();
        return () => {
          host.powerOn();
          host.startAgent();
        };
      case "control-dies":
        host.disconnectControl();
        return () => host.connectControl();
      case "control-hangs":
        host.control({ kind: "stall" });
        return () => host.control({ kind: "unstall" });
      case "slow-disk":
        host.disk.slownessMs = fault.byMs;
        return () => {
          host.disk.slownessMs = 0;
        };
      case "solver-hangs":
        host.solver.stall();
        return () => host.solver.resume();
    }
  }

  #ambush(fault: Extract<Fault, { kind: "ambush" }>, host: SimulatedHost): () => void {
    const { ambushes } = this.#simulation;
    const ambush = { host: fault.host, effect: fault.effect, countdown: fault.countdown };
    ambushes.add(ambush);
    return () => {
      ambushes.delete(ambush);
      host.startAgent();
    };
  }

  #host(id: string): SimulatedHost {
    const host = this.#simulation.host(id);
    assert(host !== undefined, `${id} is a host of this world`);
    return host;
  }
}
