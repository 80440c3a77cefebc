/**
 * Draws what goes wrong in a world, and when: a list, so that it can be cut down to what a failure needs. Each seed
 * leaves some classes of faults out and has more of others: what always happens together hides what each does alone.
 */

import type { Command } from "../../agent/commands.ts";
import type { Random } from "../../lib/random.ts";
import { SCRIPTED } from "../checkers/environments.ts";
import type { Fault, TimedFault } from "../faults/fault.ts";
import { manifestOf } from "../faults/manifest.ts";
import type { HostSpec } from "../world/host.ts";

export interface FaultWindow {
  readonly from: number;
  readonly until: number;
}

/** Several: they begin at the same time and belong together. */
type Draw = (cast: Cast) => Fault | readonly Fault[] | null;

/** Effects at which agents die; messages of the partition protocol and writes above all. */
const DEADLY = [
  "any",
  "persist",
  "hypervisor",
  "hypervisor.migrate",
  "partition.reply",
  "partition.reserve",
  "partition.release",
  "partition.check",
  "partition.prepare",
  "partition.execute",
  "partition.ended",
  "partition.hand-over",
  "partition.propose",
  "partition.assign",
  "partition.reply.accepted",
  "partition.reply.prepared",
  "partition.reply.noted",
  "outcome",
  "control.ask",
  "control.answer",
] as const;

/** Between the begin of a migration and its source's report. */
const AROUND_THE_END = ["partition.reply.accepted", "outcome", "partition.ended"] as const;
/** To so many hosts at most a report is lost. */
const DEAF = 8;

const LOSABLE = [
  "partition.reply",
  "partition.reserve",
  "partition.renew",
  "partition.check",
  "partition.abort",
  "partition.inquire",
  "partition.propose",
  "partition.wound",
  "partition.assign",
  "control.ask",
  "control.answer",
  "hypervisor.finish",
  "hypervisor.finished",
  "hypervisor.prepared",
  "partition.release",
  "partition.prepare",
  "partition.execute",
  "partition.ended",
  "partition.turn",
  "partition.hand-over",
  "partition.event-ended",
] as const;

class Cast {
  readonly random: Random;
  readonly hosts: readonly string[];
  readonly vms: readonly string[];

  constructor(random: Random, hosts: readonly HostSpec[]) {
    this.random = random;
    this.hosts = hosts.map(({ id }) => id);
    this.vms = hosts.flatMap(({ domains }) => domains.map(({ vm }) => vm));
  }

  host(): string {
    return this.random.pick(this.hosts) ?? "";
  }

  vm(): string {
    return this.random.pick(this.vms) ?? "";
  }

  /** Mostly short: what is over soon meets what it has interrupted. */
  forMs(): number {
    return this.random.chance(0.7) ? this.random.int(50, 6000) : this.random.int(6000, 40_000);
  }
}

type Weighted = readonly [weight: number, draw: Draw];

/** What every world has. */
const DEMAND: Weighted = [24, (cast) => ({ kind: "load", vm: cast.vm(), load: cast.random.int(50, 3500) })];

/** How often each is drawn, against the others. */
const DRAWS: readonly Weighted[] = [
  [8, command],
  [4, cut],
  [3, clog],
  [3, (cast) => ({ kind: "isolate", host: cast.host(), forMs: cast.forMs() })],
  [2, weather],
  [6, trap],
  [5, (cast) => ({ kind: "kill", host: cast.host(), forMs: cast.forMs() })],
  [10, ambush],
  [2, (cast) => ({ kind: "away", host: cast.host(), forMs: cast.forMs() })],
  [3, unreported],
  [4, (cast) => ({ kind: "pause", host: cast.host(), forMs: cast.forMs() })],
  [3, (cast) => ({ kind: "sleep", host: cast.host(), forMs: cast.forMs() })],
  [3, slowProcessor],
  [2, (cast) => ({ kind: "usage-hidden", host: cast.host(), forMs: cast.forMs() })],
  [2, diskFills],
  [3, (cast) => ({ kind: "dirty-rate", vm: cast.vm(), dirtyRate: cast.random.int(0, 300) })],
  [1, (cast) => ({ kind: "power-off", host: cast.host(), forMs: cast.random.int(1000, 60_000) })],
  [4, (cast) => ({ kind: "control-dies", host: cast.host(), forMs: cast.forMs() })],
  [3, (cast) => ({ kind: "control-hangs", host: cast.host(), forMs: cast.forMs() })],
  [3, slowDisk],
  [2, (cast) => ({ kind: "solver-hangs", host: cast.host(), forMs: cast.forMs() })],
  [2, crash],
  [6, environment],
  [3, slowListing],
  [3, (cast) => ({ kind: "stall-guest", vm: cast.vm(), forMs: cast.forMs() })],
  [3, slowBegin],
];

/** Of how much account a class of faults is in one world. */
const SHARES = [0, 0, 1, 1, 3] as const;

export function drawFaults(
  random: Random,
  hosts: readonly HostSpec[],
  { from, until }: FaultWindow,
  [fewest, most]: readonly [fewest: number, most: number],
): TimedFault[] {
  const cast = new Cast(random, hosts);
  const count = random.int(fewest, most);
  const draws = [
    DEMAND,
    ...DRAWS.map(([weight, draw]): Weighted => [weight * (random.pick(SHARES) ?? 1), draw]),
  ];
  const faults: TimedFault[] = random.chance(0.5) ? drawTide(cast, { from, until }) : [];
  for (let i = 0; i < count; i++) {
    const at = random.int(from, until);
    for (const fault of [drawOne(cast, draws) ?? []].flat()) faults.push({ at, fault });
  }
  return faults.sort((a, b) => a.at - b.at);
}

/**
 * Hosts that join later than the others, and hosts that are drained, leave, come back and are restored. The first seed is
 * there from the beginning: hosts that find no seed for a minute take themselves for a cluster of their own.
 */
export function drawComings(random: Random, hosts: readonly HostSpec[], window: FaultWindow): TimedFault[] {
  const cast = new Cast(random, hosts);
  const some = random.shuffle(cast.hosts.slice(1)).slice(0, hosts.length - 2);
  const late = random.chance(0.3) ? some.slice(0, random.int(1, 2)) : [];
  const faults: TimedFault[] = late.map((host) => {
    return { at: 0, fault: { kind: "power-off", host, forMs: random.int(window.from, window.until) } };
  });
  for (let i = random.chance(0.3) ? random.int(1, 3) : 0; i > 0; i--)
    faults.push(...drawDeparture(cast, random.int(window.from, window.until)));
  return faults;
}

function drawDeparture(cast: Cast, at: number): TimedFault[] {
  const { random } = cast;
  const host = cast.host();
  const [leavesMs, forMs, restoredMs] = [
    random.int(10, 30_000),
    random.int(500, 60_000),
    random.int(0, 5000),
  ];
  const asked = (type: "host.drain" | "host.restore") =>
    ({ kind: "command", host: cast.host(), command: { type, host } }) as const;
  return [
    { at, fault: asked("host.drain") },
    { at: at + leavesMs, fault: { kind: "away", host, forMs } },
    { at: at + leavesMs + forMs + restoredMs, fault: asked("host.restore") },
  ];
}

/** Loads that change all the time. */
function drawTide(cast: Cast, { from, until }: FaultWindow): TimedFault[] {
  const { random } = cast;
  const everyMs = random.pick([2000, 5000, 15_000]) ?? 5000;
  const most = random.pick([1500, 2500, 4000]) ?? 2500;
  const faults: TimedFault[] = [];
  for (let at = from; at < until; at += random.int(1, 2 * everyMs))
    faults.push({ at, fault: { kind: "load", vm: cast.vm(), load: random.int(50, most) } });
  return faults;
}

function drawOne(cast: Cast, draws: readonly Weighted[]): ReturnType<Draw> {
  const weights = draws.reduce((sum, [weight]) => sum + weight, 0);
  let left = cast.random.int(0, weights - 1);
  for (const [weight, draw] of draws) {
    if (left < weight) return draw(cast);
    left -= weight;
  }
  return null;
}

function cut(cast: Cast): Fault | null {
  const [from, to] = cast.random.shuffle(cast.hosts);
  return from === undefined || to === undefined ? null : { kind: "cut", from, to, forMs: cast.forMs() };
}

function trap(cast: Cast): Fault | null {
  const [from, to] = cast.random.shuffle(cast.hosts);
  const type = cast.random.pick(LOSABLE);
  if (from === undefined || to === undefined || type === undefined) return null;
  const late = cast.random.chance(0.5) ? cast.random.int(100, 10_000) : cast.random.int(10_000, 45_000);
  const delayMs = cast.random.chance(0.4) ? null : late;
  return { kind: "trap", from, to, type, delayMs, alone: cast.random.chance(0.5) };
}

function weather(cast: Cast): Fault {
  const { random } = cast;
  const loss = random.chance(0.5) ? random.int(0, 300) / 1000 : 0;
  const duplication = random.chance(0.5) ? random.int(0, 500) / 1000 : 0;
  const delayMs = random.chance(0.5) ? random.int(1, 2000) : 0;
  const reordering = random.chance(0.5) ? random.int(0, 300) / 1000 : 0;
  return { kind: "weather", weather: { loss, duplication, delayMs, reordering }, forMs: cast.forMs() };
}

function clog(cast: Cast): Fault | null {
  const [from, to] = cast.random.shuffle(cast.hosts);
  return from === undefined || to === undefined ? null : { kind: "clog", from, to, forMs: cast.forMs() };
}

function slowProcessor(cast: Cast): Fault {
  const byMs = cast.random.pick([1, 10, 100]) ?? 10;
  return { kind: "slow-cpu", host: cast.host(), byMs, forMs: cast.forMs() };
}

/** For so long that everything is listed meanwhile; now and then as late as a QEMU that hangs holds it up. */
function slowListing(cast: Cast): Fault {
  const byMs = cast.random.chance(0.5) ? cast.random.int(10, 2000) : cast.random.int(2000, 20_000);
  return { kind: "slow-listing", host: cast.host(), byMs, forMs: cast.random.int(20_000, 60_000) };
}

/** libvirt waits 30 s for a domain that is busy with something else. */
function slowBegin(cast: Cast): Fault {
  const byMs = cast.random.int(100, 30_000);
  return { kind: "slow-begin", host: cast.host(), byMs, forMs: cast.forMs() };
}

function diskFills(cast: Cast): Fault {
  const state = cast.random.chance(0.5) ? "low" : "full";
  return { kind: "disk-fills", host: cast.host(), state, forMs: cast.forMs() };
}

function ambush(cast: Cast): Fault {
  const effect = cast.random.pick(DEADLY) ?? "any";
  const countdown = effect === "any" ? cast.random.int(1, 200) : cast.random.int(1, 4);
  const forMs = cast.random.int(1000, 40_000);
  return { kind: "ambush", host: cast.host(), effect, countdown, backMs: back(cast), forMs };
}

/** A source dies around its migration's end, is back while its leader still asks, and what it reports is lost. */
function unreported(cast: Cast): readonly Fault[] {
  const [host = "", ...others] = cast.random.shuffle(cast.hosts);
  const effect = cast.random.pick(AROUND_THE_END) ?? "outcome";
  const forMs = cast.random.int(20_000, 60_000);
  const ambush = { kind: "ambush", host, effect, countdown: 1, backMs: back(cast), forMs } as const;
  const deaf = cast.random.chance(0.7) ? others.slice(0, DEAF) : [];
  return [ambush, ...deaf.map((to) => lost(host, to, "partition.ended"))];
}

/** As soon as whoever looks after processes starts it again, or when somebody comes. */
function back({ random }: Cast): number | null {
  return random.chance(0.6) ? random.int(100, 5000) : null;
}

const lost = (from: string, to: string, type: string): Fault =>
  ({ kind: "trap", from, to, type, delayMs: null, alone: false }) as const;

function slowDisk(cast: Cast): Fault {
  const byMs = cast.random.chance(0.9) ? cast.random.int(20, 3000) : 20_000;
  return { kind: "slow-disk", host: cast.host(), byMs, forMs: cast.forMs() };
}

function crash(cast: Cast): Fault {
  const { random } = cast;
  const vm = cast.vm();
  if (random.chance(0.5)) return { kind: "crash", vm, how: random.chance(0.5) ? "killed" : "panicked" };
  return { kind: random.chance(0.5) ? "power-off-guest" : "suspend-guest", vm };
}

/** What owners ask of a few VEs, at any host. */
function environment({ random, hosts }: Cast): Fault {
  const name = `${SCRIPTED}${random.int(1, 3)}`;
  const ask = (command: Command): Fault => ({ kind: "command", host: random.pick(hosts) ?? "", command });
  switch (random.int(0, 5)) {
    case 0:
      return ask({ type: "ve.start", name });
    case 1:
      return ask({ type: "ve.stop", name, graceMs: random.pick([0, 2000, 30_000]) ?? 0 });
    case 2:
      return ask({ type: "ve.delete", name, graceMs: random.pick([0, 2000, 30_000]) ?? 0 });
    default: {
      const memory = random.pick([256, 512]) ?? 256;
      const manifest = manifestOf(name, random.int(1, 3), memory, random.chance(0.3));
      return ask({ type: "ve.apply", manifest, allowRestart: true });
    }
  }
}

function command(cast: Cast): Fault {
  const { random } = cast;
  const host = cast.host();
  switch (random.int(0, 7)) {
    case 0:
    case 1:
      return { kind: "command", host, command: { type: "host.drain", host: cast.host() } };
    case 2:
    case 3:
      return { kind: "command", host, command: { type: "host.restore", host: cast.host() } };
    case 4:
    case 5:
      return { kind: "command", host, command: { type: "vm.migrate", vm: cast.vm() } };
    case 6:
      return { kind: "command", host, command: { type: "vm.migrate", vm: cast.vm(), to: cast.host() } };
    default: {
      const mode = random.pick(["auto", "recommend", "manual"] as const) ?? "auto";
      return { kind: "command", host, command: { type: "balance.mode", mode } };
    }
  }
}
