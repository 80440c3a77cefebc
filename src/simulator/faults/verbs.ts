/**
 * Everything that can be done to a simulated world, as lines that people write in scenarios and that a seed draws:
 * `<verb> <arguments>`. Each verb's usage says how it is read; words in capitals are arguments.
 */
import { isStranded, type Simulation } from "../simulation.ts";
import type { SimulatedHost } from "../world/host.ts";

export interface Deed {
  readonly atMs: number;
  readonly verb: string;
  readonly args: readonly string[];
}

interface Verb {
  readonly usage: string;
  readonly does: (world: Simulation, args: readonly string[]) => void;
}

/** How an argument of a kind looks; hosts and VMs are looked up besides. */
export const ARGUMENTS: Readonly<Record<string, RegExp>> = {
  VM: /^\S+$/,
  HOST: /^\S+$/,
  LINK: /^[^\s>]+>[^\s>]+$/,
  MCPU: /^\d{1,7}$/,
  MIB: /^\d{1,7}$/,
  COUNT: /^\d{1,6}$/,
  PERCENT: /^\d{1,2}%$/,
  TIME: /^\d{1,7}(ms|s)$/,
  EFFECT: /^[a-z.-]+$/,
  MESSAGE: /^[a-z]+\.[a-z-]+$/,
  MODE: /^(auto|recommend|manual)$/,
};

export const VERBS: Readonly<Record<string, Verb>> = {
  load: {
    usage: "VM MCPU",
    does: (world, [vm = "", load]) => guest(world, vm, { kind: "set-load", vm, load: Number(load) }),
  },
  dirty: {
    usage: "VM MIB",
    does: (world, [vm = "", rate]) =>
      guest(world, vm, { kind: "set-dirty-rate", vm, dirtyRate: Number(rate) }),
  },
  crash: {
    usage: "VM",
    does: (world, [vm = ""]) => {
      world.excuse([vm]);
      guest(world, vm, { kind: "crash", vm, how: "killed" });
    },
  },
  "power-off-guest": {
    usage: "VM",
    does: (world, [vm = ""]) => {
      world.excuse([vm]);
      guest(world, vm, { kind: "power-off", vm });
    },
  },
  "suspend-guest": {
    usage: "VM",
    does: (world, [vm = ""]) => {
      world.excuse([vm]);
      guest(world, vm, { kind: "suspend", vm });
    },
  },
  "kill-agent": { usage: "HOST", does: (world, [host]) => at(world, host).killAgent() },
  "start-agent": { usage: "HOST", does: (world, [host]) => at(world, host).startAgent() },
  "stop-agent": { usage: "HOST", does: (world, [host]) => at(world, host).stopAgent() },
  "resume-agent": { usage: "HOST", does: (world, [host]) => at(world, host).resumeAgent() },
  "kill-agent-at": {
    usage: "HOST EFFECT COUNT",
    does: (world, [host = "", effect = "", count]) => {
      world.ambushes.add({ host, effect, countdown: Number(count) });
    },
  },
  "power-off": {
    usage: "HOST",
    does: (world, [host]) => {
      const target = at(world, host);
      world.excuse(
        target
          .domains()
          .filter(isStranded)
          .map(({ vm }) => vm),
      );
      target.powerOff();
    },
  },
  "power-on": {
    usage: "HOST",
    does: (world, [host]) => {
      at(world, host).powerOn();
      at(world, host).startAgent();
    },
  },
  sleep: {
    usage: "HOST",
    does: (world, [host]) => {
      at(world, host).stopAgent();
      at(world, host).control({ kind: "stall" });
    },
  },
  wake: {
    usage: "HOST",
    does: (world, [host]) => {
      at(world, host).control({ kind: "unstall" });
      at(world, host).resumeAgent();
    },
  },
  "kill-libvirt": { usage: "HOST", does: (world, [host]) => at(world, host).disconnectControl() },
  "start-libvirt": { usage: "HOST", does: (world, [host]) => at(world, host).connectControl() },
  "stall-libvirt": { usage: "HOST", does: (world, [host]) => at(world, host).control({ kind: "stall" }) },
  "resume-libvirt": { usage: "HOST", does: (world, [host]) => at(world, host).control({ kind: "unstall" }) },
  "blind-usage": {
    usage: "HOST",
    does: (world, [host]) => at(world, host).control({ kind: "set-usage-readable", readable: false }),
  },
  "see-usage": {
    usage: "HOST",
    does: (world, [host]) => at(world, host).control({ kind: "set-usage-readable", readable: true }),
  },
  "stall-solver": { usage: "HOST", does: (world, [host]) => at(world, host).solver.stall() },
  "resume-solver": { usage: "HOST", does: (world, [host]) => at(world, host).solver.resume() },
  "slow-solver": {
    usage: "HOST TIME",
    does: (world, [host, time]) => {
      at(world, host).solver.slownessMs = millis(time);
    },
  },
  "slow-disk": {
    usage: "HOST TIME",
    does: (world, [host, time]) => {
      at(world, host).disk.slownessMs = millis(time);
    },
  },
  cut: {
    usage: "HOST HOST",
    does: ({ network }, [a = "", b = ""]) => {
      network.cut(a, b);
      network.cut(b, a);
    },
  },
  "cut-one-way": { usage: "LINK", does: ({ network }, [link]) => network.cut(...ends(link)) },
  isolate: { usage: "HOST", does: ({ network }, [host = ""]) => network.isolate(host) },
  heal: { usage: "", does: ({ network }) => network.heal() },
  weather: {
    usage: "PERCENT PERCENT TIME",
    does: ({ network }, [loss, duplication, delay]) => {
      network.weather = { loss: share(loss), duplication: share(duplication), delayMs: millis(delay) };
    },
  },
  "drop-next": {
    usage: "LINK MESSAGE",
    does: ({ network }, [link, type = ""]) => network.trap(...ends(link), type, null),
  },
  "delay-next": {
    usage: "LINK MESSAGE TIME",
    does: ({ network }, [link, type = "", time]) => network.trap(...ends(link), type, millis(time)),
  },
  drain: { usage: "HOST", does: (world, [host = ""]) => order(world, host, { type: "host.drain", host }) },
  restore: {
    usage: "HOST",
    does: (world, [host = ""]) => order(world, host, { type: "host.restore", host }),
  },
  migrate: {
    usage: "VM to HOST",
    does: (world, [vm = "", , to = ""]) => {
      const holder = world.hosts.find((host) => host.executing().includes(vm));
      if (holder !== undefined) order(world, holder.id, { type: "vm.migrate", vm, to });
    },
  },
  mode: {
    usage: "MODE",
    does: (world, [mode]) => {
      const [first] = world.hosts.filter(({ agent }) => agent !== null);
      if (first === undefined) return;
      order(world, first.id, { type: "balance.mode", mode: mode as "auto" | "recommend" | "manual" });
    },
  },
};

export function perform(world: Simulation, { verb, args }: Deed): void {
  world.story.tell("-", [verb, ...args].join(" "));
  VERBS[verb]?.does(world, args);
}

/** `12s` or `300ms` in milliseconds. */
export function millis(time = "0ms"): number {
  return time.endsWith("ms") ? Number(time.slice(0, -2)) : Number(time.slice(0, -1)) * 1000;
}

function share(percent = "0%"): number {
  return Number(percent.slice(0, -1)) / 100;
}

function ends(link = ">"): [string, string] {
  const [from = "", to = ""] = link.split(">");
  return [from, to];
}

function at(world: Simulation, id = ""): SimulatedHost {
  const host = world.host(id);
  if (host === undefined) throw new Error(`no host is called ${id}`);
  return host;
}

function guest(world: Simulation, vm: string, control: Parameters<SimulatedHost["control"]>[0]): void {
  for (const host of world.hosts)
    if (host.domains().some((domain) => domain.vm === vm)) host.control(control);
}

/** An operator's command; a refusal is part of the story. */
function order(world: Simulation, host: string, command: Parameters<SimulatedHost["command"]>[0]): void {
  at(world, host).command(command, (result) => {
    if (result.ok) return;
    const { code, message, reason } = result.failure;
    world.story.tell(host, `refuses (${code}): ${message}${reason === undefined ? "" : `, ${reason}`}`);
  });
}
