/**
 * Random commands and faults among three hosts joined by a channel that loses, delays, reorders and repeats.
 * What embedded hypervisors leave to agents is played here by `decide`: what becomes of a guest that has arrived, and of
 * one that is paused because nobody knows how its migration ended; and that nobody moves it before that is settled.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HypervisorCommand } from "../../../src/hypervisor/command.ts";
import type { EmbeddedChannelMessage } from "../../../src/hypervisor/embedded/channel.ts";
import type { WorldControl } from "../../../src/hypervisor/embedded/input.ts";
import { Random } from "../../../src/lib/random.ts";
import { EmbeddedWorld, type VirtualHost } from "../../support/embedded-world.ts";
import { initialDomain, vmId, vmStamp } from "../../support/virtual-machines.ts";

const HOSTS = 3;
const VMS = 4;
const CAPACITY = { cpu: 2000, memory: 256 };

type Deed =
  | {
      readonly kind: "migrate";
      readonly host: number;
      readonly vm: number;
      readonly to: number;
      readonly slow: boolean;
    }
  | { readonly kind: "abort"; readonly host: number; readonly vm: number }
  | { readonly kind: "stop"; readonly host: number; readonly vm: number }
  | { readonly kind: "destroy-shell"; readonly host: number; readonly vm: number }
  | { readonly kind: "crash" | "boot" | "cut" | "heal" | "close"; readonly host: number; readonly to: number }
  | { readonly kind: "control"; readonly host: number; readonly control: WorldControl };

type MessageKind = EmbeddedChannelMessage["kind"];

interface Step {
  /** So long after the last step, or when the next message of this kind is sent. */
  readonly after: number | MessageKind;
  readonly deed: Deed;
}

const host = fc.nat(HOSTS - 1);
const vm = fc.nat(VMS - 1);
const control: fc.Arbitrary<WorldControl> = fc.oneof(
  fc.constant<WorldControl>({ kind: "connect" }),
  fc.constant<WorldControl>({ kind: "disconnect", reason: "killed" }),
  fc.constant<WorldControl>({ kind: "stall" }),
  fc.constant<WorldControl>({ kind: "unstall" }),
  fc.record({ kind: fc.constant("set-dirty-rate" as const), vm: vm.map(vmId), dirtyRate: fc.nat(100) }),
  fc.record({ kind: fc.constant("set-load" as const), vm: vm.map(vmId), load: fc.nat(3000) }),
);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("migrate" as const), host, vm, to: host, slow: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), host, vm }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), host, vm }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("destroy-shell" as const), host, vm }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("crash", "boot", "cut", "heal", "close"), host, to: host }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("control" as const), host, control }) },
);
/** Moments in which a migration changes its phase, short gaps, and long ones that let patience end. */
const moment = fc.constantFrom<MessageKind>("prepare", "prepared", "ping", "pong", "finish", "finished");
const gap = fc.oneof({ weight: 3, arbitrary: moment }, fc.nat(50), fc.nat(3_000), fc.nat(30_000));
const history = fc.array(fc.record({ after: gap, deed }), { minLength: 5, maxLength: 60 });

/** How bad the channel is, in percent. */
const weather = fc.record({
  lost: fc.constantFrom(0, 5, 30),
  late: fc.constantFrom(0, 10, 40),
  twice: fc.constantFrom(0, 10),
  seed: fc.nat(),
});
type Weather = {
  readonly lost: number;
  readonly late: number;
  readonly twice: number;
  readonly seed: number;
};

/** What a run met, so that the test can show that it met it. */
interface Marks {
  migrated: number;
  doubts: number;
  failed: number;
}

class Run {
  readonly world = new EmbeddedWorld({ linkMibPerSecond: 100 });
  readonly hosts: VirtualHost[];
  readonly marks: Marks = { migrated: 0, doubts: 0, failed: 0 };
  readonly #weather: Weather;
  readonly #random: Random;
  readonly #cuts = new Set<string>();
  /** VMs that may be gone: stopped, or on a host that crashed. */
  readonly #excused = new Set<string>();
  /** Operations under way. */
  readonly #migrations: { readonly host: VirtualHost; readonly boots: number; readonly operation: number }[] =
    [];
  #sent: MessageKind | null = null;
  #healed = false;

  constructor(conditions: Weather) {
    this.#weather = conditions;
    this.#random = new Random(`${conditions.seed}`);
    this.hosts = Array.from({ length: HOSTS }, (_, h) => {
      const mine = Array.from({ length: VMS }, (_, v) => v).filter((v) => v % HOSTS === h);
      const domains = mine.map((v) => initialDomain(v, { memory: 60 + 20 * v, stamp: vmStamp(v) }));
      return this.world.add(`host-${h}`, CAPACITY, domains);
    });
    this.world.channel = (from, to, message) => this.#fare(from, to, message);
    this.world.watch = () => this.#check();
  }

  play(steps: readonly Step[]): void {
    for (const { after, deed } of steps) {
      this.#wait(after);
      this.#do(deed);
      this.#decide();
    }
    this.#heal();
  }

  #wait(after: number | MessageKind): void {
    if (typeof after === "number") {
      this.world.advance(after);
      return;
    }
    this.#sent = null;
    for (let i = 0; i < 200 && this.#sent !== after; i++) this.world.advance(this.#random.int(1, 100));
  }

  #fare(from: string, to: string, message: EmbeddedChannelMessage): number[] {
    const random = this.#random;
    this.#sent = message.kind;
    if (this.#cuts.has(pair(from, to))) return [];
    if (this.#healed) return [random.int(1, 20)];
    if (random.chance(this.#weather.lost / 100)) return [];
    const delay = () =>
      random.chance(this.#weather.late / 100) ? random.int(20, 40_000) : random.int(1, 20);
    return random.chance(this.#weather.twice / 100) ? [delay(), delay()] : [delay()];
  }

  #do(deed: Deed): void {
    const host = this.hosts[deed.host]!;
    switch (deed.kind) {
      case "migrate": {
        if (this.#unsettled(vmId(deed.vm))) break;
        const policy = { bandwidthMibPerSecond: deed.slow ? 10 : 0, timeoutMs: 60_000 };
        const uri = this.hosts[deed.to]!.address;
        const command = { kind: "migrate", vm: vmId(deed.vm), uri, policy, persistent: false } as const;
        this.#migrations.push({ host, boots: host.boots, operation: this.world.run(host, command) });
        break;
      }
      case "abort":
        this.world.run(host, { kind: "abort-migration", vm: vmId(deed.vm) });
        break;
      case "stop":
        this.#excused.add(vmId(deed.vm));
        this.world.run(host, { kind: "stop", vm: vmId(deed.vm), graceMs: 5_000 });
        break;
      case "destroy-shell":
        if (this.#domain(host, vmId(deed.vm))?.pauseReason === "migrating-in")
          this.#destroy(host, vmId(deed.vm));
        break;
      case "crash":
        for (const { vm } of host.model.domains()) this.#excused.add(vm);
        this.world.crash(host);
        break;
      case "boot":
        this.world.boot(host);
        break;
      case "cut":
        this.#cuts.add(pair(host.address, this.hosts[deed.to]!.address));
        break;
      case "heal":
        this.#cuts.delete(pair(host.address, this.hosts[deed.to]!.address));
        break;
      case "close":
        this.world.close(host, this.hosts[deed.to]!);
        break;
      case "control":
        this.world.world(host, deed.control);
    }
  }

  /** One that arrived runs when it is nowhere else, and goes when its source went on; a source in doubt goes on. */
  #decide(): void {
    for (const host of this.hosts) {
      for (const { vm, pauseReason } of host.model.domains()) {
        if (!host.up || !isPaused(pauseReason)) continue;
        this.marks.doubts += 1;
        const elsewhere = this.hosts
          .filter((other) => other !== host)
          .flatMap((other) => this.#domain(other, vm) ?? [])
          .filter((domain) => domain.pauseReason !== "migrating-in");
        if (pauseReason === "post-migration" || elsewhere.length === 0)
          this.world.run(host, { kind: "resume", vm });
        else if (elsewhere.every((domain) => domain.pauseReason !== "migrating-out")) this.#destroy(host, vm);
      }
    }
  }

  #unsettled(vm: string): boolean {
    return this.hosts.some((host) => isPaused(this.#domain(host, vm)?.pauseReason ?? null));
  }

  #destroy(host: VirtualHost, vm: string): void {
    const command: HypervisorCommand = { kind: "destroy", vm };
    this.world.run(host, command);
  }

  #domain(host: VirtualHost, vm: string) {
    return host.model.domains().find((domain) => domain.vm === vm);
  }

  #check(): void {
    const { hosts } = this;
    const executing = hosts.flatMap((host) => host.model.executing());
    expect(new Set(executing).size, "no VM executes twice").toBe(executing.length);
    for (const host of hosts) {
      const memory = host.model.domains().reduce((sum, domain) => sum + domain.memory, 0);
      expect(memory, "memory fits").toBeLessThanOrEqual(CAPACITY.memory);
    }
    for (let v = 0; v < VMS; v++) {
      const somewhere = hosts.some((host) => this.#domain(host, vmId(v))?.job !== undefined);
      expect(somewhere || this.#excused.has(vmId(v)), "no VM is lost").toBe(true);
    }
  }

  /** After everything is repaired everything ends: each guest runs or was lost with its host or stopped. */
  #heal(): void {
    this.#healed = true;
    this.#cuts.clear();
    for (const host of this.hosts) {
      this.world.boot(host);
      this.world.world(host, { kind: "unstall" });
      this.world.world(host, { kind: "connect" });
    }
    for (let i = 0; i < 20; i++) {
      this.world.advance(30_000);
      this.#decide();
    }
    for (const { host, boots, operation } of this.#migrations) {
      const outcome = host.outcomes.get(operation);
      expect(outcome !== undefined || host.boots !== boots, "every migration ends").toBe(true);
      if (outcome?.ok === true) this.marks.migrated += 1;
      else this.marks.failed += 1;
    }
    for (const host of this.hosts) {
      expect(host.wakeAt, "a host at rest wants no waking").toBe(null);
      expect(host.model.domains().map(({ state, job }) => `${state} ${job}`)).toEqual(
        host.model.domains().map(() => "running none"),
      );
    }
  }
}

/** Until an agent decides. */
function isPaused(reason: string | null): boolean {
  return reason === "user" || reason === "post-migration";
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

describe("three embedded hosts in any weather", () => {
  it("never run a guest twice, never lose one, never overfill a host, and come to rest", () => {
    const met: Marks = { migrated: 0, doubts: 0, failed: 0 };
    fc.assert(
      fc.property(history, weather, (steps, conditions) => {
        const run = new Run(conditions);
        run.play(steps);
        met.migrated += run.marks.migrated;
        met.doubts += run.marks.doubts;
        met.failed += run.marks.failed;
      }),
      { numRuns: 600 },
    );
    expect(met.migrated).toBeGreaterThan(100);
    expect(met.failed).toBeGreaterThan(100);
    expect(met.doubts).toBeGreaterThan(10);
  });

  it("have the same history for the same inputs", () => {
    fc.assert(
      fc.property(history, weather, (steps, conditions) => {
        const histories = [new Run(conditions), new Run(conditions)].map((run) => {
          run.play(steps);
          return run.world.history;
        });
        expect(histories[0]).toEqual(histories[1]);
      }),
      { numRuns: 50 },
    );
  });
});
