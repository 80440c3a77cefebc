/** The end of all faults: the world as it should be, with little to do, so that everything can settle. */
import type { Simulation } from "../simulation.ts";

const CALM_LOAD = 60;

/** Everything is healed, and no guest wants much. */
export function calm(simulation: Simulation): void {
  heal(simulation);
  for (const host of simulation.hosts)
    for (const { vm } of host.domains()) {
      host.control({ kind: "set-load", vm, load: CALM_LOAD });
      host.control({ kind: "set-dirty-rate", vm, dirtyRate: 0 });
    }
}

/** What began late is healed, too, and an operator tidies up. */
export function tidy(simulation: Simulation): void {
  heal(simulation);
  for (const host of simulation.hosts) {
    host.command({ type: "host.restore", host: host.id }, () => {});
    host.command({ type: "balance.mode", mode: "auto" }, () => {});
  }
}

/** Links, power, agents, hypervisors, disks, solvers. */
function heal({ network, hosts, ambushes }: Simulation): void {
  network.heal();
  ambushes.clear();
  for (const host of hosts) {
    host.powerOn();
    host.disk.slownessMs = 0;
    host.solver.slownessMs = 0;
    host.solver.resume();
    host.control({ kind: "unstall" });
    host.control({ kind: "set-usage-readable", readable: true });
    host.control({ kind: "set-reading-ms", readingMs: 0 });
    for (const { vm } of host.domains()) host.control({ kind: "unstall-guest", vm });
    host.connectControl();
    host.resumeAgent();
    host.startAgent();
    host.slowAgent(0);
    host.diskSpace("ample");
  }
}
