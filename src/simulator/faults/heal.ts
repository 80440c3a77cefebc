/** The end of all faults: the world as it should be, with little to do, so that everything can settle. */
import type { Simulation } from "../simulation.ts";
import { Injector } from "./inject.ts";

const CALM_LOAD = 60;

/** Everything is healed, and no guest wants much. */
export function calm(simulation: Simulation): void {
  new Injector(simulation).healAll();
  for (const host of simulation.hosts)
    for (const { vm } of host.domains()) {
      host.control({ kind: "set-load", vm, load: CALM_LOAD });
      host.control({ kind: "set-dirty-rate", vm, dirtyRate: 0 });
    }
}

/** Faults that began late are healed, too, and an operator tidies up. */
export function tidy(simulation: Simulation): void {
  new Injector(simulation).healAll();
  for (const host of simulation.hosts) {
    host.command({ type: "host.restore", host: host.id }, () => {});
    host.command({ type: "balance.mode", mode: "auto" }, () => {});
  }
}
