import type { Random } from "../../lib/random.ts";
import type { Deed } from "../faults/verbs.ts";
import { WARM_UP_MS } from "./draw.ts";

interface Place {
  readonly hosts: readonly string[];
  readonly vms: readonly string[];
}

/** One fault, from its beginning to its end, if it has one. */
type Fault = (random: Random, place: Place, atMs: number) => Deed[];

/** A fault that is undone by another verb after a while. */
function passing(begin: string, end: string, seconds: readonly [number, number]): Fault {
  return (random, { hosts }, atMs) => {
    const args = [random.pick(hosts) ?? ""];
    const lasts = Math.floor(random.int(seconds[0] * 10, seconds[1] * 10) * 100);
    return [
      { atMs, verb: begin, args },
      { atMs: atMs + lasts, verb: end, args },
    ];
  };
}

const EFFECTS = [
  "persist",
  "hypervisor",
  "hypervisor.migrate",
  "send",
  "partition.reply",
  "partition.check",
  "partition.prepare",
  "partition.execute",
  "partition.ended",
  "partition.release",
  "partition.hand-over",
  "timer-set",
  "solve",
];

const LOSABLE = [
  "partition.reply",
  "partition.reserve",
  "partition.check",
  "partition.prepare",
  "partition.execute",
  "partition.ended",
  "partition.release",
  "partition.turn",
  "partition.wound",
  "partition.hand-over",
  "partition.event-ended",
  "hypervisor.finish",
  "hypervisor.finished",
  "hypervisor.prepared",
];

const twoOf = (random: Random, hosts: readonly string[]): [string, string] => {
  const [a = "", b = ""] = random.shuffle(hosts);
  return [a, b];
};

const FAULTS: Readonly<Record<string, Fault>> = {
  "agent dies": passing("kill-agent", "start-agent", [0.1, 40]),
  "agent dies at an effect": (random, { hosts }, atMs) => {
    const host = random.pick(hosts) ?? "";
    const effect = random.pick(EFFECTS) ?? "persist";
    const back = atMs + random.int(1, 30) * 1000;
    return [
      { atMs, verb: "kill-agent-at", args: [host, effect, String(random.int(1, 6))] },
      { atMs: back, verb: "start-agent", args: [host] },
    ];
  },
  "agent is stopped": passing("stop-agent", "resume-agent", [0.1, 40]),
  "host sleeps": passing("sleep", "wake", [1, 60]),
  "host loses power": passing("power-off", "power-on", [1, 60]),
  "libvirt dies": passing("kill-libvirt", "start-libvirt", [0.2, 30]),
  "libvirt hangs": passing("stall-libvirt", "resume-libvirt", [0.2, 30]),
  "usage cannot be read": passing("blind-usage", "see-usage", [1, 20]),
  "solver hangs": passing("stall-solver", "resume-solver", [1, 30]),
  "solver is slow": (random, { hosts }, atMs) => [
    { atMs, verb: "slow-solver", args: [random.pick(hosts) ?? "", `${random.int(10, 5000)}ms`] },
  ],
  "disk is slow": (random, { hosts }, atMs) => {
    const host = random.pick(hosts) ?? "";
    return [
      { atMs, verb: "slow-disk", args: [host, `${random.pick([50, 1000, 20_000])}ms`] },
      { atMs: atMs + random.int(1, 40) * 1000, verb: "slow-disk", args: [host, "0ms"] },
    ];
  },
  "link is cut": (random, { hosts }, atMs) => [
    random.chance(0.5)
      ? { atMs, verb: "cut", args: twoOf(random, hosts) }
      : { atMs, verb: "cut-one-way", args: [twoOf(random, hosts).join(">")] },
    { atMs: atMs + random.int(1, 60) * 1000, verb: "heal", args: [] },
  ],
  "host is cut off": (random, { hosts }, atMs) => [
    { atMs, verb: "isolate", args: [random.pick(hosts) ?? ""] },
    { atMs: atMs + random.int(1, 60) * 1000, verb: "heal", args: [] },
  ],
  "bad weather": (random, _place, atMs) => {
    const args = [`${random.int(0, 30)}%`, `${random.int(0, 50)}%`, `${random.pick([0, 20, 200, 2000])}ms`];
    return [
      { atMs, verb: "weather", args },
      { atMs: atMs + random.int(5, 60) * 1000, verb: "weather", args: ["0%", "0%", "0ms"] },
    ];
  },
  "a message is lost": (random, { hosts }, atMs) => [
    { atMs, verb: "drop-next", args: [twoOf(random, hosts).join(">"), random.pick(LOSABLE) ?? ""] },
  ],
  "a message is late": (random, { hosts }, atMs) => {
    const link = twoOf(random, hosts).join(">");
    return [
      { atMs, verb: "delay-next", args: [link, random.pick(LOSABLE) ?? "", `${random.int(100, 40_000)}ms`] },
    ];
  },
  "guest ends": (random, { vms }, atMs) => {
    const vm = random.pick(vms);
    const verb = random.pick(["crash", "power-off-guest", "suspend-guest"]) ?? "crash";
    return vm === undefined ? [] : [{ atMs, verb, args: [vm] }];
  },
};

/** Each class of faults is off in most runs: what always happens together hides what each does alone. */
export function drawFaults(
  random: Random,
  hosts: readonly string[],
  vms: readonly string[],
  endMs: number,
): Deed[] {
  if (random.chance(0.1)) return [];
  const share = random.pick([0.1, 0.2, 0.4]) ?? 0.2;
  return Object.entries(FAULTS).flatMap(([name, fault]) => {
    const stream = random.fork(name);
    if (!stream.chance(share)) return [];
    const times = Array.from({ length: stream.int(1, 5) }, () => stream.int(WARM_UP_MS, endMs));
    return times.flatMap((atMs) => fault(stream, { hosts, vms }, atMs));
  });
}
