/** Draws what goes wrong in a world, and when: a list, so that it can be cut down to what a failure needs. */
import type { Random } from "../../lib/random.ts";
import type { Fault, TimedFault } from "../faults/fault.ts";
import type { HostSpec } from "../world/host.ts";

export interface FaultWindow {
  readonly from: number;
  readonly until: number;
}

type Draw = (cast: Cast) => Fault | null;

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
] as const;

const LOSABLE = [
  "partition.reply",
  "partition.reserve",
  "partition.renew",
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

/** How often each is drawn, against the others. */
const DRAWS: readonly (readonly [weight: number, draw: Draw])[] = [
  [24, (cast) => ({ kind: "load", vm: cast.vm(), load: cast.random.int(50, 3500) })],
  [8, command],
  [4, cut],
  [3, (cast) => ({ kind: "isolate", host: cast.host(), forMs: cast.forMs() })],
  [2, weather],
  [6, trap],
  [5, (cast) => ({ kind: "kill", host: cast.host(), forMs: cast.forMs() })],
  [10, ambush],
  [4, (cast) => ({ kind: "pause", host: cast.host(), forMs: cast.forMs() })],
  [1, (cast) => ({ kind: "power-off", host: cast.host(), forMs: cast.random.int(1000, 60_000) })],
  [4, (cast) => ({ kind: "control-dies", host: cast.host(), forMs: cast.forMs() })],
  [3, (cast) => ({ kind: "control-hangs", host: cast.host(), forMs: cast.forMs() })],
  [3, slowDisk],
  [2, (cast) => ({ kind: "solver-hangs", host: cast.host(), forMs: cast.forMs() })],
  [2, crash],
];

const WEIGHTS = DRAWS.reduce((sum, [weight]) => sum + weight, 0);

export function drawFaults(
  random: Random,
  hosts: readonly HostSpec[],
  { from, until }: FaultWindow,
): TimedFault[] {
  const cast = new Cast(random, hosts);
  const count = random.int(5, 60);
  const faults: TimedFault[] = [];
  for (let i = 0; i < count; i++) {
    const fault = drawOne(cast);
    if (fault !== null) faults.push({ at: random.int(from, until), fault });
  }
  return faults.sort((a, b) => a.at - b.at);
}

function drawOne(cast: Cast): Fault | null {
  let left = cast.random.int(0, WEIGHTS - 1);
  for (const [weight, draw] of DRAWS) {
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
  return { kind: "trap", from, to, type, delayMs };
}

function weather(cast: Cast): Fault {
  const { random } = cast;
  const loss = random.chance(0.5) ? random.fraction() * 0.3 : 0;
  const duplication = random.chance(0.5) ? random.fraction() * 0.5 : 0;
  const delayMs = random.chance(0.5) ? random.int(1, 2000) : 0;
  return { kind: "weather", weather: { loss, duplication, delayMs }, forMs: cast.forMs() };
}

function ambush(cast: Cast): Fault {
  const effect = cast.random.pick(DEADLY) ?? "any";
  const countdown = effect === "any" ? cast.random.int(1, 200) : cast.random.int(1, 4);
  return { kind: "ambush", host: cast.host(), effect, countdown, forMs: cast.random.int(1000, 40_000) };
}

function slowDisk(cast: Cast): Fault {
  return { kind: "slow-disk", host: cast.host(), byMs: cast.random.int(20, 3000), forMs: cast.forMs() };
}

function crash(cast: Cast): Fault {
  return { kind: "crash", vm: cast.vm(), how: cast.random.chance(0.5) ? "killed" : "panicked" };
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
