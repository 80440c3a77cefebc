/**
 * What the embedded hypervisors cost in a simulation: HOSTS hosts of ten guests for 1,800 virtual seconds, each
 * guest's load changing once a CHANGE seconds on average and each host migrating a guest once in 300 s.
 *
 *   scripts/node test/bench/embedded-hypervisor.ts [HOSTS] [CHANGE]
 */
import { EmbeddedHypervisor } from "../../src/hypervisor/embedded/embedded-hypervisor.ts";
import type { EmbeddedInput } from "../../src/hypervisor/embedded/input.ts";
import { DEFAULT_SETTINGS } from "../../src/hypervisor/embedded/settings.ts";
import { Heap } from "../../src/lib/heap.ts";
import type { Instant } from "../../src/lib/instant.ts";
import { Random } from "../../src/lib/random.ts";
import { initialDomain, vmId } from "../support/virtual-machines.ts";

const HOSTS = Number(process.argv[2] ?? 10_000);
const CHANGE_MS = Number(process.argv[3] ?? 60) * 1000;
const VMS = 10;
const END = 1_800_000;

interface Due {
  readonly at: Instant;
  readonly host: number;
  readonly input: EmbeddedInput;
}

const random = new Random("bench");
const agenda = new Heap<Due>((a, b) => a.at - b.at);
const address = (host: number) => `embedded://${host}`;
const counts = { steps: 0, effects: 0, samples: 0, migrated: 0, failed: 0, commands: 0 };
const begun = process.hrtime.bigint();
const models = Array.from({ length: HOSTS }, (_, h) => {
  const identity = { address: address(h), incarnation: "1", capacity: { cpu: 16_000, memory: 65_536 } };
  const domains = Array.from({ length: VMS }, (_, v) =>
    initialDomain(h * VMS + v, { memory: 2048, cpus: 2, dirtyRate: 50, load: random.int(0, 2000) }),
  );
  return new EmbeddedHypervisor(identity, DEFAULT_SETTINGS, domains);
});

function step({ at, host, input }: Due): void {
  counts.steps += 1;
  for (const effect of models[host]!.step(input, at)) {
    counts.effects += 1;
    if (effect.kind === "wake-at" && effect.at !== null)
      agenda.push({ at: effect.at, host, input: { kind: "wake" } });
    if (effect.kind === "send") {
      const to = Number(effect.to.slice("embedded://".length));
      const message = { kind: "message", from: address(host), message: effect.message } as const;
      agenda.push({ at: at + 1, host: to, input: message });
    }
    if (effect.kind === "event" && effect.event.kind === "usage") counts.samples += 1;
    if (effect.kind === "completed") counts[effect.outcome.ok ? "migrated" : "failed"] += 1;
  }
}

function later(at: Instant, meanMs: number): Instant {
  return at + random.int(1, 2 * meanMs);
}

for (let h = 0; h < HOSTS; h++) {
  step({ at: 0, host: h, input: { kind: "world", control: { kind: "connect" } } });
  for (let v = 0; v < VMS; v++) plan(later(0, CHANGE_MS), h, "load");
  plan(later(0, 300_000), h, "migrate");
}

function plan(at: Instant, host: number, what: "load" | "migrate"): void {
  if (at > END) return;
  agenda.push({ at, host, input: what === "load" ? load(host) : migration(host) });
}

function load(host: number): EmbeddedInput {
  const vm = vmId(host * VMS + random.int(0, VMS - 1));
  return { kind: "world", control: { kind: "set-load", vm, load: random.int(0, 2000) } };
}

function migration(host: number): EmbeddedInput {
  const vm = vmId(host * VMS + random.int(0, VMS - 1));
  const policy = { bandwidthMibPerSecond: 0, timeoutMs: 300_000 };
  const uri = address(random.int(0, HOSTS - 1));
  const operation = ++counts.commands;
  return { kind: "command", operation, command: { kind: "migrate", vm, uri, policy, persistent: false } };
}

for (let due = agenda.pop(); due !== undefined; due = agenda.pop()) {
  step(due);
  if (due.input.kind === "world") plan(later(due.at, CHANGE_MS), due.host, "load");
  if (due.input.kind === "command") plan(later(due.at, 300_000), due.host, "migrate");
}

const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
const { heapUsed } = process.memoryUsage();
console.log(
  JSON.stringify({ hosts: HOSTS, seconds, microsPerStep: (seconds * 1e6) / counts.steps, ...counts }),
);
console.log(`heap ${Math.round(heapUsed / 2 ** 20)} MiB`);
