/** A drawn case in the words of a scenario: the same world, the same deeds, as people read and change them. */
import { DEFAULT_LRT_CONFIG } from "../../lrt/config.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import type { Fault } from "../faults/fault.ts";
import { SCENARIO, type ScenarioShape } from "../scenario/schema.ts";
import type { HostSpec } from "../world/host.ts";
import type { SwarmCase } from "./run.ts";

/** From healing to tidying up. */
const TIDY_AFTER_MS = 5000;

/** Lines of a script that come and go together: a fault and its end. */
export type Scene = readonly { readonly at: number; readonly text: string }[];

/** @returns every fault as a scene, in the order of their begins; the last scene heals everything. */
export function scenesOf({ faults, healAt }: SwarmCase): readonly Scene[] {
  const scenes = faults.flatMap(({ at, fault }): Scene[] => {
    const [begin, end] = linesOf(fault);
    if (begin === undefined) return [];
    const lasts = "forMs" in fault ? fault.forMs : 0;
    return [
      end === undefined
        ? [{ at, text: begin }]
        : [
            { at, text: begin },
            { at: at + lasts, text: end },
          ],
    ];
  });
  const healing = [
    { at: healAt, text: "calm" },
    { at: healAt + TIDY_AFTER_MS, text: "tidy" },
  ];
  return [...scenes, healing];
}

/** @returns the script of these scenes; it ends when all must have settled, or at `end`. */
export function scriptOf(scenes: readonly Scene[], end: number): string {
  const lines = scenes.flat().sort((a, b) => a.at - b.at);
  const kept = lines.filter(({ at }) => at <= end);
  return [...kept, { at: end, text: "end" }].map(({ at, text }) => `${millis(at)} ${text}\n`).join("");
}

/** What a fault is called when it begins and, where it does, when it is over. */
function linesOf(fault: Fault): readonly [begin?: string, end?: string] {
  switch (fault.kind) {
    case "cut":
      return [`cut-one-way ${fault.from} ${fault.to}`, `join ${fault.from} ${fault.to}`];
    case "clog":
      return [`clog ${fault.from} ${fault.to} ${millis(fault.forMs)}`];
    case "isolate":
      return [`isolate ${fault.host}`, `rejoin ${fault.host}`];
    case "weather": {
      const { loss, duplication, delayMs, reordering = 0 } = fault.weather;
      return [`weather ${loss} ${duplication} ${millis(delayMs)} ${reordering}`, "weather 0 0 0ms"];
    }
    case "trap": {
      const link = `${fault.from} ${fault.to} ${fault.type}`;
      if (fault.delayMs === null) return [`drop ${link}`];
      return [`${fault.alone ? "delay-alone" : "delay"} ${link} ${millis(fault.delayMs)}`];
    }
    case "load":
      return [`load ${fault.vm} ${fault.load}`];
    case "dirty-rate":
      return [`dirty-rate ${fault.vm} ${fault.dirtyRate}`];
    case "crash":
      return [`${fault.how === "killed" ? "crash-guest" : "panic-guest"} ${fault.vm}`];
    case "power-off-guest":
    case "suspend-guest":
      return [`${fault.kind} ${fault.vm}`];
    case "stall-guest":
      return [`stall-guest ${fault.vm}`, `unstall-guest ${fault.vm}`];
    case "command":
      return [commandLine(fault)];
    default:
      return hostLines(fault);
  }
}

type HostFault = Exclude<
  Fault,
  {
    kind:
      | "cut"
      | "clog"
      | "isolate"
      | "weather"
      | "trap"
      | "load"
      | "dirty-rate"
      | "crash"
      | "power-off-guest"
      | "suspend-guest"
      | "stall-guest"
      | "command";
  }
>;

const PASSING = {
  kill: ["kill-agent", "start-agent"],
  away: ["end-agent", "start-agent"],
  pause: ["stop-agent", "resume-agent"],
  sleep: ["sleep", "wake"],
  "power-off": ["power-off", "power-on"],
  "control-dies": ["libvirtd-dies", "libvirtd-returns"],
  "control-hangs": ["libvirtd-hangs", "libvirtd-resumes"],
  "usage-hidden": ["hide-usage", "show-usage"],
  "solver-hangs": ["stall-solver", "resume-solver"],
} as const;

function hostLines(fault: HostFault): readonly [begin?: string, end?: string] {
  const { host } = fault;
  switch (fault.kind) {
    case "ambush": {
      const back = fault.backMs === null ? "" : ` for ${millis(fault.backMs)}`;
      const when = `before ${effectWords(fault.effect)} × ${fault.countdown}${back}`;
      return [`kill-agent ${host} ${when}`, `spare ${host}`];
    }
    case "slow-cpu":
      return [`slow-cpu ${host} ${millis(fault.byMs)}`, `slow-cpu ${host} 0ms`];
    case "slow-listing":
      return [`slow-listing ${host} ${millis(fault.byMs)}`, `slow-listing ${host} 0ms`];
    case "slow-disk":
      return [`slow-disk ${host} ${millis(fault.byMs)}`, `slow-disk ${host} 0ms`];
    case "disk-fills":
      return [`disk-space ${host} ${fault.state}`, `disk-space ${host} ample`];
    default: {
      const [begin, end] = PASSING[fault.kind];
      return [`${begin} ${host}`, `${end} ${host}`];
    }
  }
}

function effectWords(effect: string): string {
  if (effect.startsWith("hypervisor.")) return `ask ${effect.slice("hypervisor.".length)}`;
  return effect.includes(".") ? `send ${effect}` : effect;
}

function commandLine({ command, host }: Extract<Fault, { kind: "command" }>): string {
  switch (command.type) {
    case "host.drain":
      return `drain ${command.host} ${host}`;
    case "host.restore":
      return `restore ${command.host} ${host}`;
    case "vm.migrate":
      return command.to === undefined
        ? `evict ${command.vm} ${host}`
        : `migrate ${command.vm} ${command.to} ${host}`;
    case "balance.mode":
      return `mode ${command.mode} ${host}`;
    case "ve.apply": {
      const { name, vms, placement } = command.manifest;
      const [template] = vms;
      const rule = placement.rules.length > 0 ? "apart" : "anywhere";
      return `ve-apply ${host} ${name} ${template?.count ?? 1} ${template?.memory ?? 256} ${rule}`;
    }
    case "ve.start":
      return `ve-start ${host} ${command.name}`;
    case "ve.stop":
      return `ve-stop ${host} ${command.name} ${millis(command.graceMs ?? 0)}`;
    case "ve.delete":
      return `ve-delete ${host} ${command.name} ${millis(command.graceMs ?? 0)}`;
    default:
      throw new Error(`a seed draws no ${command.type}`);
  }
}

const millis = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

/** The world of a case, every host and VM by its name, without what is as always. */
export function shapeOf({ seed, world }: SwarmCase): ScenarioShape {
  const [one, two] = world.links;
  const lrt = Object.entries(world.lrt).filter(
    ([key, value]) => value !== { ...DEFAULT_LRT_CONFIG }[key as keyof typeof DEFAULT_LRT_CONFIG],
  );
  return SCENARIO.parse({
    seed,
    lrt: Object.fromEntries(lrt),
    hypervisor: world.hypervisor,
    msPerDecision: world.msPerDecision,
    link: one,
    between: two,
    hosts: world.hosts.map(hostShape),
  });
}

function hostShape({ id, labels, capacity, clockRate, domains }: HostSpec): object {
  const vms = domains.map(({ vm, load, memory, cpus, dirtyRate, powerOffMs, persistent, stamp }) => ({
    name: vm,
    load,
    memory,
    cpus,
    dirtyRate,
    powerOffMs,
    adopted: persistent,
    managed: stamp !== null,
    policy: different(stamp?.policy ?? DEFAULT_POLICY, DEFAULT_POLICY),
  }));
  return { name: id, ...capacity, labels, vms, ...(clockRate === undefined ? {} : { clockRate }) };
}

/** The entries of `given` that are not as in `usual`. */
function different<T extends object>(given: T, usual: T): Partial<T> {
  const changed = Object.entries(given).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key as keyof T]),
  );
  return Object.fromEntries(changed) as Partial<T>;
}
