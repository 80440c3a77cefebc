/** Carries out a script's deeds on a simulation, and tells each in the story. */
import type { Command } from "../../agent/commands.ts";
import type { WorldControl } from "../../hypervisor/embedded/input.ts";
import { assert, present } from "../../lib/assert.ts";
import { readDuration } from "../../lib/quantity.ts";
import type { BalancingMode } from "../../lrt/config.ts";
import type { DiskSpace } from "../../model/disk-space.ts";
import { calm, tidy } from "../faults/heal.ts";
import { manifestOf } from "../faults/manifest.ts";
import type { Simulation } from "../simulation.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Deed, readAmbush } from "./script.ts";

type Doing = (simulation: Simulation, words: readonly string[]) => void;
type HostDoing = (host: SimulatedHost, words: readonly string[], simulation: Simulation) => void;

/** What a deed does to the world as a whole, to its network or to a guest. */
const DEEDS: { readonly [verb: string]: Doing } = {
  load: (world, [vm = "", load]) => tell(world, vm, { kind: "set-load", vm, load: Number(load) }),
  "dirty-rate": (world, [vm = "", rate]) =>
    tell(world, vm, { kind: "set-dirty-rate", vm, dirtyRate: Number(rate) }),
  "crash-guest": (world, [vm = ""]) => end(world, vm, { kind: "crash", vm, how: "killed" }),
  "panic-guest": (world, [vm = ""]) => end(world, vm, { kind: "crash", vm, how: "panicked" }),
  "power-off-guest": (world, [vm = ""]) => end(world, vm, { kind: "power-off", vm }),
  "suspend-guest": (world, [guest = ""]) => {
    const vm = idOf(world, guest);
    end(world, vm, { kind: "suspend", vm });
  },
  "stall-guest": (world, [guest = ""]) =>
    everywhere(world.hosts, { kind: "stall-guest", vm: idOf(world, guest) }),
  "unstall-guest": (world, [guest = ""]) =>
    everywhere(world.hosts, { kind: "unstall-guest", vm: idOf(world, guest) }),
  migrate: (world, [vm = "", to = "", via = vm]) => command(world, via, { type: "vm.migrate", vm, to }),
  evict: (world, [vm = "", via = vm]) => command(world, via, { type: "vm.migrate", vm }),
  drain: (world, [host = "", via = host]) => command(world, via, { type: "host.drain", host }),
  restore: (world, [host = "", via = host]) => command(world, via, { type: "host.restore", host }),
  mode: (world, [mode = "", via = ""]) =>
    command(world, via, { type: "balance.mode", mode: mode as BalancingMode }),
  cut: ({ network }, [one = "", other = ""]) => {
    network.cut(one, other);
    network.cut(other, one);
  },
  "cut-one-way": ({ network }, [from = "", to = ""]) => network.cut(from, to),
  join: ({ network }, [from = "", to = ""]) => network.join(from, to),
  isolate: ({ network }, [host = ""]) => network.isolate(host),
  rejoin: ({ network }, [host = ""]) => network.rejoin(host),
  clog: ({ network }, [from = "", to = "", time]) => network.clog(from, to, millis(time)),
  heal: ({ network }) => network.heal(),
  drop: ({ network }, [from = "", to = "", type = ""]) => network.trap(from, to, type, null),
  delay: ({ network }, [from = "", to = "", type = "", time]) => network.trap(from, to, type, millis(time)),
  "delay-alone": ({ network }, [from = "", to = "", type = "", time]) =>
    network.trap(from, to, type, millis(time), true),
  weather: ({ network }, [loss, duplication, time, reordering = "0"]) => {
    network.weather = {
      loss: Number(loss),
      duplication: Number(duplication),
      delayMs: millis(time),
      reordering: Number(reordering),
    };
  },
  "ve-apply": (world, [host = "", name = "", count, memory, rule = ""]) => {
    const [label = "", value] = rule.split("=");
    const require = value === undefined ? {} : { [label]: value };
    const manifest = manifestOf(name, Number(count), Number(memory), rule === "apart", require);
    command(world, host, { type: "ve.apply", manifest, allowRestart: true });
  },
  "ve-start": (world, [host = "", name = ""]) => command(world, host, { type: "ve.start", name }),
  "ve-stop": (world, [host = "", name = "", grace]) =>
    command(world, host, { type: "ve.stop", name, graceMs: millis(grace) }),
  "ve-delete": (world, [host = "", name = "", grace]) =>
    command(world, host, { type: "ve.delete", name, graceMs: millis(grace) }),
  calm: (world) => calm(world),
  tidy: (world) => tidy(world),
  end: () => {},
};

/** What a deed does to the host that it names first. */
const HOST_DEEDS: { readonly [verb: string]: HostDoing } = {
  "kill-agent": (host, words, { ambushes }) => {
    if (words.length === 0) host.killAgent();
    else ambushes.add({ host: host.id, ...readAmbush(words) });
  },
  "end-agent": (host) => host.endAgent(),
  "start-agent": (host) => host.startAgent(),
  /** No longer lies in wait for the agent, and starts it if it has died. */
  spare: (host, _words, { ambushes }) => {
    for (const ambush of ambushes) if (ambush.host === host.id) ambushes.delete(ambush);
    host.startAgent();
  },
  "stop-agent": (host) => host.stopAgent(),
  "resume-agent": (host) => host.resumeAgent(),
  sleep: (host) => {
    host.stopAgent();
    host.control({ kind: "stall" });
  },
  wake: (host) => {
    host.control({ kind: "unstall" });
    host.resumeAgent();
  },
  "slow-cpu": (host, [time]) => host.slowAgent(millis(time)),
  "power-off": (host, _words, simulation) => {
    simulation.excuse(host.domains().map(({ vm }) => vm));
    host.powerOff();
  },
  "power-on": (host) => {
    host.powerOn();
    host.startAgent();
  },
  "libvirtd-dies": (host) => host.disconnectControl(),
  "libvirtd-returns": (host) => host.connectControl(),
  "libvirtd-hangs": (host) => host.control({ kind: "stall" }),
  "libvirtd-resumes": (host) => host.control({ kind: "unstall" }),
  "hide-usage": (host) => host.control({ kind: "set-usage-readable", readable: false }),
  "show-usage": (host) => host.control({ kind: "set-usage-readable", readable: true }),
  "slow-listing": (host, [time]) => host.control({ kind: "set-reading-ms", readingMs: millis(time) }),
  "disk-space": (host, [state]) => host.diskSpace(state as DiskSpace),
  "slow-solver": (host, [time]) => {
    host.solver.slownessMs = millis(time);
  },
  "stall-solver": (host) => host.solver.stall(),
  "resume-solver": (host) => host.solver.resume(),
  "slow-disk": (host, [time]) => {
    host.disk.slownessMs = millis(time);
  },
};

export function perform({ verb, words }: Deed, simulation: Simulation): void {
  simulation.story.tell("*", [verb, ...words].join(" "));
  simulation.disturbed();
  const doing = DEEDS[verb];
  if (doing !== undefined) return doing(simulation, words);
  const [id = "", ...rest] = words;
  present(HOST_DEEDS[verb], "every verb has its deed")(hostOf(simulation, id), rest, simulation);
}

function hostOf(simulation: Simulation, id: string): SimulatedHost {
  return present(simulation.host(id), "the script's hosts have been checked");
}

/** A guest on its way is on two hosts; the one where it executes counts. */
function tell(simulation: Simulation, vm: string, control: WorldControl): void {
  const holders = simulation.hosts.filter((host) => host.domains().some((domain) => domain.vm === vm));
  const host = holders.find((one) => one.executing().includes(vm)) ?? holders[0];
  host?.control(control);
}

/** The guest's going is the script's doing. */
function end(simulation: Simulation, vm: string, control: WorldControl): void {
  simulation.excuse([vm]);
  everywhere(simulation.hosts, control);
}

/** A VE's VM goes by its name in a script. */
function idOf({ hosts }: Simulation, guest: string): string {
  const domains = hosts.flatMap((host) => host.domains());
  return domains.find(({ name }) => name === guest)?.vm ?? guest;
}

/** Where the guest is. */
function everywhere(hosts: readonly SimulatedHost[], control: WorldControl): void {
  for (const host of hosts) host.control(control);
}

/** An operator turns to the host that is meant, or to the first one with an agent. */
function command(simulation: Simulation, subject: string, asked: Command): void {
  const meant = simulation.host(subject);
  const host = meant?.agent ? meant : simulation.hosts.find(({ agent }) => agent !== null);
  if (host === undefined) return simulation.story.tell("*", "nobody is there to ask");
  simulation.ask(host, asked, (result) => {
    if (!result.ok)
      simulation.story.tell(host.id, `refuses: ${result.failure.reason ?? result.failure.message}`);
  });
}

function millis(text = "0"): number {
  const duration = readDuration(text);
  assert(duration.ok, "the script's durations have been checked");
  return duration.value;
}
