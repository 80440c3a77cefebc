/** Carries out a script's deeds on a simulation, and tells each in the story. */
import type { Command } from "../../agent/commands.ts";
import { assert, present } from "../../lib/assert.ts";
import { readDuration } from "../../lib/quantity.ts";
import type { Simulation } from "../simulation.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Deed, readAmbush } from "./script.ts";

export function perform({ verb, words }: Deed, simulation: Simulation): void {
  simulation.story.tell("*", [verb, ...words].join(" "));
  const [first = "", second = "", third = "", fourth = ""] = words;
  const { network } = simulation;
  switch (verb) {
    case "load":
      return guest(simulation, first).control({ kind: "set-load", vm: first, load: Number(second) });
    case "dirty-rate":
      return guest(simulation, first).control({
        kind: "set-dirty-rate",
        vm: first,
        dirtyRate: Number(second),
      });
    case "crash-guest":
      simulation.excuse([first]);
      for (const host of simulation.hosts) host.control({ kind: "crash", vm: first, how: "killed" });
      return;
    case "migrate":
      return command(simulation, first, { type: "vm.migrate", vm: first, to: second });
    case "drain":
      return command(simulation, first, { type: "host.drain", host: first });
    case "restore":
      return command(simulation, first, { type: "host.restore", host: first });
    case "cut":
      network.cut(first, second);
      return network.cut(second, first);
    case "isolate":
      return network.isolate(first);
    case "heal":
      return network.heal();
    case "drop":
      return network.trap(first, second, third, null);
    case "delay":
      return network.trap(first, second, third, millis(fourth));
    case "weather":
      network.weather = { loss: Number(first), duplication: Number(second), delayMs: millis(third) };
      return;
    case "end":
      return;
    default:
      return onHost(verb, hostOf(simulation, first), words.slice(1), simulation);
  }
}

type HostVerb = Exclude<
  Deed["verb"],
  | "load"
  | "dirty-rate"
  | "crash-guest"
  | "migrate"
  | "drain"
  | "restore"
  | "cut"
  | "isolate"
  | "heal"
  | "drop"
  | "delay"
  | "weather"
  | "end"
>;

function onHost(verb: HostVerb, host: SimulatedHost, words: readonly string[], simulation: Simulation): void {
  const [duration = "0"] = words;
  switch (verb) {
    case "kill-agent":
      if (words.length === 0) host.killAgent();
      else simulation.ambushes.add({ host: host.id, ...readAmbush(words) });
      return;
    case "end-agent":
      return host.endAgent();
    case "start-agent":
      return host.startAgent();
    case "power-off":
      simulation.excuse(host.domains().map(({ vm }) => vm));
      return host.powerOff();
    case "power-on":
      host.powerOn();
      return host.startAgent();
    case "libvirtd-dies":
      return host.disconnectControl();
    case "libvirtd-returns":
      return host.connectControl();
    case "slow-solver":
      host.solver.slownessMs = millis(duration);
      return;
    case "slow-disk":
      host.disk.slownessMs = millis(duration);
  }
}

function hostOf(simulation: Simulation, id: string): SimulatedHost {
  return present(simulation.host(id), "the script's hosts have been checked");
}

/** The host that has the VM; on its way it is on two, and the one where it executes counts. */
function guest(simulation: Simulation, vm: string): SimulatedHost {
  const holders = simulation.hosts.filter((host) => host.domains().some((domain) => domain.vm === vm));
  return (
    holders.find((host) => host.executing().includes(vm)) ??
    holders[0] ??
    present(simulation.hosts[0], "a host")
  );
}

/** An operator turns to the host that is meant, or to the first one with an agent. */
function command(simulation: Simulation, subject: string, asked: Command): void {
  const meant = simulation.host(subject);
  const host = meant?.agent ? meant : simulation.hosts.find(({ agent }) => agent !== null);
  if (host === undefined) return simulation.story.tell("*", "nobody is there to ask");
  host.command(asked, (result) => {
    if (!result.ok)
      simulation.story.tell(host.id, `refuses: ${result.failure.reason ?? result.failure.message}`);
  });
}

function millis(text: string): number {
  const duration = readDuration(text);
  assert(duration.ok, "the script's durations have been checked");
  return duration.value;
}
