import { beforeEach, describe, expect, it } from "vitest";
import type { HypervisorOutcome } from "../../../../src/hypervisor/command.ts";
import type { Domain } from "../../../../src/hypervisor/domain.ts";
import type { MigrationPolicy } from "../../../../src/model/virtual-machine.ts";
import { EmbeddedWorld, type VirtualHost } from "../../../support/embedded-world.ts";
import { initialDomain, vmId, vmSpec, vmStamp } from "../../../support/virtual-machines.ts";

const GUEST = vmId(1);
const NO_LIMIT: MigrationPolicy = { bandwidthMibPerSecond: 0, timeoutMs: 0 };
/** 128 MiB at 8 MiB/s: 16 s. */
const SLOW: MigrationPolicy = { bandwidthMibPerSecond: 8, timeoutMs: 0 };
const CAPACITY = { cpu: 4000, memory: 1024 };

let world: EmbeddedWorld;
let source: VirtualHost;
let destination: VirtualHost;

beforeEach(() => {
  world = new EmbeddedWorld({ linkMibPerSecond: 128 });
  source = world.add("source", CAPACITY, [initialDomain(1, { memory: 128 })]);
  destination = world.add("destination", CAPACITY);
  world.watch = () => {
    expect(
      [...source.model.executing(), ...destination.model.executing()].filter((vm) => vm === GUEST).length,
    ).toBeLessThanOrEqual(1);
  };
});

function migrate(policy: MigrationPolicy = NO_LIMIT, persistent = false): number {
  return world.run(source, { kind: "migrate", vm: GUEST, uri: destination.address, policy, persistent });
}

function on(host: VirtualHost, vm = GUEST): Domain | undefined {
  return host.model.domains().find((domain) => domain.vm === vm);
}

function causes(host: VirtualHost): string[] {
  return host.events.flatMap((event) => (event.kind === "domain-changed" ? [event.cause] : []));
}

function code(outcome: HypervisorOutcome): string {
  return outcome.ok ? "ok" : outcome.failure.code;
}

/** What its destination's agent does when it knows that the migration ended well. */
function resumeAtDestination(): void {
  expect(on(destination)).toMatchObject({ state: "paused", pauseReason: "user", job: "none" });
  expect(world.outcome(destination, world.run(destination, { kind: "resume", vm: GUEST }))).toEqual({
    ok: true,
  });
}

function expectRunsOnSource(): void {
  expect(on(source)).toMatchObject({ state: "running", pauseReason: null, job: "none" });
  expect(source.model.executes(GUEST)).toBe(true);
}

/** Loses the messages of these kinds from now on. */
function lose(...kinds: string[]): void {
  world.channel = (_from, _to, { kind }) => (kinds.includes(kind) ? [] : [1]);
}

function cut(): void {
  world.channel = () => [];
}

/** Lets the migration go on until the guest is paused for the last copy. */
function untilSwitching(): void {
  world.until(() => on(source)?.pauseReason === "migrating-out");
}

describe("a live migration", () => {
  it("moves the guest with all it is, and its source vanishes", () => {
    world.world(source, { kind: "set-load", vm: GUEST, load: 700 });
    expect(world.outcome(source, migrate())).toEqual({ ok: true });
    expect(on(source)).toBeUndefined();
    resumeAtDestination();
    expect(on(destination)).toMatchObject({
      name: "ve.vm-1",
      state: "running",
      job: "none",
      stamp: vmStamp(1),
      memory: 128,
    });
    world.advance(1_000);
    const usage = destination.events.findLast((event) => event.kind === "usage");
    expect(usage?.kind === "usage" && usage.sample.domains).toEqual([
      { vm: GUEST, used: 700, wanted: 700, memory: 128 },
    ]);
    expect(causes(source)).toEqual(["paused", "migrated-out"]);
    expect(causes(destination)).toEqual(["changed", "migrated-in", "resumed"]);
  });

  it("shows a paused shell at the destination and a job at the source while it goes on", () => {
    migrate(SLOW);
    world.advance(3_000);
    expect(on(source)).toMatchObject({ state: "running", job: "migrating-out" });
    expect(on(destination)).toMatchObject({
      state: "paused",
      pauseReason: "migrating-in",
      job: "migrating-in",
    });
    expect(destination.model.executing()).toEqual([]);
  });

  it("takes its memory over the bandwidth of its policy", () => {
    const began = world.now;
    world.outcome(source, migrate(SLOW));
    expect(world.now - began).toBeGreaterThanOrEqual(16_000);
    expect(world.now - began).toBeLessThan(16_100);
  });

  it("sends again what the guest wrote, until the rest fits the downtime", () => {
    world.world(source, { kind: "set-dirty-rate", vm: GUEST, dirtyRate: 64 });
    world.outcome(source, migrate());
    const remaining = source.progress.map(({ progress }) => progress.remainingMib);
    expect(remaining).toEqual([64, 32]);
    expect(source.progress.map(({ progress }) => progress.iterations)).toEqual([1, 2]);
    expect(source.progress.every(({ progress }) => progress.totalMib === 128)).toBe(true);
  });

  it("pauses the guest after the last round even if it writes faster than the link", () => {
    world = new EmbeddedWorld({ linkMibPerSecond: 128, maxRounds: 5 });
    source = world.add("source", CAPACITY, [initialDomain(1, { memory: 128, dirtyRate: 1_000 })]);
    destination = world.add("destination", CAPACITY);
    expect(code(world.outcome(source, migrate()))).toBe("ok");
    expect(source.progress.at(-1)?.progress.iterations).toBe(5);
    resumeAtDestination();
    expect(destination.model.executes(GUEST)).toBe(true);
  });

  it("is aborted at its timeout when the guest writes faster than the link, and the guest runs on", () => {
    world.world(source, { kind: "set-dirty-rate", vm: GUEST, dirtyRate: 1_000 });
    const operation = migrate({ bandwidthMibPerSecond: 0, timeoutMs: 5_000 });
    expect(code(world.outcome(source, operation))).toBe("aborted");
    expectRunsOnSource();
    world.advance(10);
    expect(on(destination)).toBeUndefined();
    expect(causes(destination)).toEqual(["changed", "migration-in-failed"]);
  });

  it("shares the source's link fairly with another that begins later", () => {
    world = new EmbeddedWorld({ linkMibPerSecond: 64 });
    source = world.add("source", CAPACITY, [
      initialDomain(1, { memory: 128 }),
      initialDomain(2, { memory: 32 }),
    ]);
    destination = world.add("destination", CAPACITY);
    const third = world.add("third", CAPACITY);
    const first = migrate();
    world.advance(1_000);
    const began = world.now;
    const second = world.run(source, {
      kind: "migrate",
      vm: vmId(2),
      uri: third.address,
      policy: NO_LIMIT,
      persistent: false,
    });
    world.outcome(source, second);
    expect(world.now - began).toBeGreaterThanOrEqual(1_000);
    expect(world.now - began).toBeLessThan(1_050);
    world.outcome(source, first);
    expect(world.now - began).toBeGreaterThanOrEqual(1_500);
    expect(world.now - began).toBeLessThan(1_550);
  });

  it("shares the destination's link fairly with one from elsewhere", () => {
    world = new EmbeddedWorld({ linkMibPerSecond: 64 });
    source = world.add("source", CAPACITY, [initialDomain(1, { memory: 128 })]);
    destination = world.add("destination", CAPACITY);
    const third = world.add("third", CAPACITY, [initialDomain(2, { memory: 128 })]);
    const command = {
      kind: "migrate",
      uri: destination.address,
      policy: NO_LIMIT,
      persistent: false,
    } as const;
    const operations = [
      [source, world.run(source, { ...command, vm: vmId(1) })],
      [third, world.run(third, { ...command, vm: vmId(2) })],
    ] as const;
    for (const [host, operation] of operations) world.outcome(host, operation);
    expect(world.now).toBeGreaterThanOrEqual(4_000);
    expect(world.now).toBeLessThan(4_100);
  });

  it("takes the persistent definition along only when asked", () => {
    world = new EmbeddedWorld({ linkMibPerSecond: 128 });
    source = world.add("source", CAPACITY, [
      initialDomain(1, { persistent: true }),
      initialDomain(2, { persistent: true }),
    ]);
    destination = world.add("destination", CAPACITY);
    world.outcome(source, migrate(NO_LIMIT, true));
    const stays = {
      kind: "migrate",
      vm: vmId(2),
      uri: destination.address,
      policy: NO_LIMIT,
      persistent: false,
    } as const;
    world.outcome(source, world.run(source, stays));
    expect(source.model.domains()).toMatchObject([{ vm: vmId(2), state: "shutoff", persistent: true }]);
    expect(destination.model.domains()).toMatchObject([{ persistent: true }, { persistent: false }]);
  });

  it("can be awaited by an operation that came later", () => {
    migrate(SLOW);
    world.advance(2_000);
    const awaiting = world.run(source, { kind: "await-migration", vm: GUEST });
    expect(world.outcome(source, awaiting)).toEqual({ ok: true });
    expect(on(destination)?.pauseReason).toBe("user");
  });

  it("tells an operation that comes too late to await it to look instead", () => {
    expect(code(world.outcome(source, world.run(source, { kind: "await-migration", vm: GUEST })))).toBe(
      "invalid",
    );
  });

  it("carries a power-off that was asked for along", () => {
    world.world(source, { kind: "set-power-off", vm: GUEST, powerOffMs: 3_000 });
    const stop = world.run(source, { kind: "stop", vm: GUEST, graceMs: 60_000 });
    world.outcome(source, migrate());
    expect(code(world.outcome(source, stop))).toBe("no-such-domain");
    resumeAtDestination();
    world.until(() => on(destination) === undefined);
    expect(world.now).toBe(3_001);
  });
});

describe("a migration is refused", () => {
  it("when the domain is not here", () => {
    const operation = world.run(source, {
      kind: "migrate",
      vm: vmId(9),
      uri: destination.address,
      policy: NO_LIMIT,
      persistent: false,
    });
    expect(code(world.outcome(source, operation))).toBe("no-such-domain");
  });

  it("when its memory does not fit at the destination", () => {
    world.world(destination, { kind: "set-capacity", capacity: { cpu: 4000, memory: 127 } });
    expect(code(world.outcome(source, migrate()))).toBe("failed");
    expectRunsOnSource();
    expect(destination.model.domains()).toEqual([]);
  });

  it("when its id or its name is taken at the destination", () => {
    const named = initialDomain(2, { name: "ve.vm-1" });
    const other = world.add("other", CAPACITY, [named]);
    const same = world.add("same", CAPACITY, [initialDomain(1, { name: "different" })]);
    world.watch = () => {};
    for (const { address } of [other, same]) {
      const operation = world.run(source, {
        kind: "migrate",
        vm: GUEST,
        uri: address,
        policy: NO_LIMIT,
        persistent: false,
      });
      expect(code(world.outcome(source, operation))).toBe("exists");
    }
    expectRunsOnSource();
  });

  it("when one of it is under way", () => {
    const first = migrate(SLOW);
    expect(code(world.outcome(source, migrate()))).toBe("failed");
    expect(code(world.outcome(source, first))).toBe("ok");
  });

  it("to its own host", () => {
    const operation = world.run(source, {
      kind: "migrate",
      vm: GUEST,
      uri: source.address,
      policy: NO_LIMIT,
      persistent: false,
    });
    expect(code(world.outcome(source, operation))).toBe("invalid");
    expectRunsOnSource();
  });

  it("when nobody is at the destination's address", () => {
    const operation = world.run(source, {
      kind: "migrate",
      vm: GUEST,
      uri: "embedded://nobody",
      policy: NO_LIMIT,
      persistent: false,
    });
    expect(code(world.outcome(source, operation))).toBe("unreachable");
    expectRunsOnSource();
  });

  it("when the destination's control daemon is down", () => {
    world.world(destination, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(source, migrate()))).toBe("unreachable");
    expectRunsOnSource();
  });
});

describe("when something dies in the middle of a migration", () => {
  it("an abort leaves the guest running on the source and removes the shell", () => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    const abort = world.run(source, { kind: "abort-migration", vm: GUEST });
    expect(world.outcome(source, abort)).toEqual({ ok: true });
    expect(code(world.outcome(source, operation))).toBe("aborted");
    expectRunsOnSource();
    expect(causes(source)).toEqual([]);
    world.advance(10);
    expect(on(destination)).toBeUndefined();
  });

  it("an abort during the last copy lets the guest go on", () => {
    world.world(source, { kind: "set-dirty-rate", vm: GUEST, dirtyRate: 64 });
    const operation = migrate();
    untilSwitching();
    world.run(source, { kind: "abort-migration", vm: GUEST });
    expect(code(world.outcome(source, operation))).toBe("aborted");
    expectRunsOnSource();
    expect(causes(source)).toEqual(["paused", "resumed"]);
  });

  it("an abort is too late once only the destination knows", () => {
    lose("finished");
    migrate();
    untilSwitching();
    world.advance(10);
    expect(code(world.outcome(source, world.run(source, { kind: "abort-migration", vm: GUEST })))).toBe(
      "failed",
    );
  });

  it("the destination's control daemon: fails at once, runs on source", () => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.world(destination, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(source, operation))).toBe("unreachable");
    expect(world.now).toBeLessThan(5_100);
    expectRunsOnSource();
    expect(on(destination)).toBeUndefined();
  });

  it.each(["crash", "destroy"] as const)(
    "the destination's copy (%s): fails at once, runs on source",
    (how) => {
      const operation = migrate(SLOW);
      world.advance(5_000);
      if (how === "crash") world.world(destination, { kind: "crash", vm: GUEST, how: "killed" });
      else world.run(destination, { kind: "destroy", vm: GUEST });
      expect(code(world.outcome(source, operation))).toBe("failed");
      expect(world.now).toBeLessThan(5_100);
      expectRunsOnSource();
      expect(causes(destination)).toEqual(["changed", "migration-in-failed"]);
    },
  );

  it("the destination host, with a FIN: fails at once, runs on source", () => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.crash(destination);
    world.close(source, destination);
    expect(code(world.outcome(source, operation))).toBe("unreachable");
    expect(world.now).toBe(5_000);
    expectRunsOnSource();
  });

  it("the wire to the destination: fails after the keep-alive time, and the shell goes after the same", () => {
    const operation = migrate({ bandwidthMibPerSecond: 1, timeoutMs: 0 });
    world.advance(7_000);
    cut();
    expect(code(world.outcome(source, operation))).toBe("unreachable");
    expect(world.now).toBeGreaterThanOrEqual(20_000);
    expect(world.now).toBeLessThanOrEqual(25_000);
    expectRunsOnSource();
    world.until(() => on(destination) === undefined);
    expect(world.now).toBeLessThanOrEqual(25_000);
  });

  it("a wire that breaks before the last copy never pauses the guest", () => {
    const operation = migrate(SLOW);
    world.advance(14_000);
    cut();
    world.outcome(source, operation);
    expect(causes(source)).toEqual([]);
    expectRunsOnSource();
  });

  it("the source's control daemon: the guest keeps running there, the shell goes, nobody migrates any more", () => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.world(source, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(source, operation))).toBe("unknown");
    expect(source.model.executes(GUEST)).toBe(true);
    world.advance(10);
    expect(on(destination)).toBeUndefined();
    world.world(source, { kind: "connect" });
    expectRunsOnSource();
  });

  it("the source host, silently: the shell stays for the keep-alive time, then goes", () => {
    migrate(SLOW);
    world.advance(5_500);
    world.crash(source);
    world.runTo(19_000);
    expect(on(destination)?.pauseReason).toBe("migrating-in");
    world.until(() => on(destination) === undefined);
    expect(world.now).toBeLessThanOrEqual(20_100);
    expect(causes(destination)).toEqual(["changed", "migration-in-failed"]);
  });

  it("the source host, with a FIN: gone everywhere at once", () => {
    migrate(SLOW);
    world.advance(5_500);
    world.crash(source);
    world.close(source, destination);
    expect(on(destination)).toBeUndefined();
    expect(world.now).toBe(5_500);
  });

  it.each([
    ["its process is killed", { kind: "crash", vm: GUEST, how: "killed" }],
    ["it powers itself off", { kind: "power-off", vm: GUEST }],
  ] as const)("the guest, because %s: gone everywhere", (_why, control) => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.world(source, control);
    expect(code(world.outcome(source, operation))).toBe("failed");
    world.advance(10);
    expect(on(source)).toBeUndefined();
    expect(on(destination)).toBeUndefined();
  });

  it("the guest, because an operator destroys it on the source: gone everywhere", () => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.run(source, { kind: "destroy", vm: GUEST });
    expect(code(world.outcome(source, operation))).toBe("failed");
    world.advance(10);
    expect(on(source)).toBeUndefined();
    expect(on(destination)).toBeUndefined();
  });

  it("the guest, by a panic: the call succeeds and the destination says running though the guest is dead", () => {
    world.world(source, { kind: "set-load", vm: GUEST, load: 900 });
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.world(source, { kind: "crash", vm: GUEST, how: "panicked" });
    expect(code(world.outcome(source, operation))).toBe("ok");
    resumeAtDestination();
    expect(on(destination)?.state).toBe("running");
    world.advance(1_000);
    const usage = destination.events.findLast((event) => event.kind === "usage");
    expect(usage?.kind === "usage" && usage.sample.domains[0]?.wanted).toBe(0);
  });

  it("a suspend is lost: the guest is resumed at the destination like any other", () => {
    const operation = migrate(SLOW);
    world.advance(5_000);
    world.world(source, { kind: "suspend", vm: GUEST });
    expect(code(world.outcome(source, operation))).toBe("ok");
    resumeAtDestination();
    expect(on(destination)).toMatchObject({ state: "running", pauseReason: null });
  });

  it("a suspend outlives a migration that fails", () => {
    migrate(SLOW);
    world.advance(5_000);
    world.world(source, { kind: "suspend", vm: GUEST });
    world.run(source, { kind: "abort-migration", vm: GUEST });
    expect(on(source)).toMatchObject({ state: "paused", pauseReason: "user", job: "none" });
  });
});

describe("when nobody knows how a migration ended", () => {
  it("because finish was lost, the guest goes on at its source, and the shell is gone", () => {
    lose("finish");
    expect(code(world.outcome(source, migrate()))).toBe("unreachable");
    expectRunsOnSource();
    expect(on(destination)).toBeUndefined();
  });

  it("because its answer was lost, the guest goes on at its source, and the copy at the destination stays paused", () => {
    lose("finished");
    expect(code(world.outcome(source, migrate()))).toBe("unreachable");
    expectRunsOnSource();
    world.advance(60_000);
    expect(on(destination)).toMatchObject({ state: "paused", pauseReason: "user", job: "none" });
    world.outcome(destination, world.run(destination, { kind: "destroy", vm: GUEST }));
    expect(on(destination)).toBeUndefined();
    expectRunsOnSource();
  });

  it("because the source's control daemon died while it waited, the source stays paused", () => {
    lose("finished");
    const operation = migrate();
    untilSwitching();
    world.advance(10);
    world.world(source, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(source, operation))).toBe("unknown");
    world.world(source, { kind: "connect" });
    expect(on(source)).toMatchObject({ state: "paused", pauseReason: "post-migration", job: "none" });
    expect(on(destination)?.pauseReason).toBe("user");
    expect(world.outcome(source, world.run(source, { kind: "resume", vm: GUEST }))).toEqual({ ok: true });
    expectRunsOnSource();
  });

  it("a finish that comes when the source was unheard too long does not run the guest", () => {
    world.channel = (_from, _to, { kind }) => [kind === "finish" ? 16_000 : 1];
    const operation = migrate();
    expect(code(world.outcome(source, operation))).toBe("failed");
    expectRunsOnSource();
    expect(on(destination)).toBeUndefined();
  });

  it("a finish that waited at a stalled destination until the source gave up does not run the guest", () => {
    const operation = migrate();
    untilSwitching();
    world.world(destination, { kind: "stall" });
    expect(code(world.outcome(source, operation))).toBe("unreachable");
    expect(on(destination)?.pauseReason).toBe("migrating-in");
    world.world(destination, { kind: "unstall" });
    expect(on(destination)).toBeUndefined();
    expectRunsOnSource();
  });

  it("a prepare that is repeated late leaves no shell", () => {
    world.channel = (_from, _to, { kind }) => (kind === "prepare" ? [1, 3_000] : [1]);
    const operation = migrate(SLOW);
    world.advance(2_000);
    world.run(source, { kind: "abort-migration", vm: GUEST });
    world.outcome(source, operation);
    world.advance(2_000);
    expect(causes(destination)).toEqual(["changed", "migration-in-failed"]);
  });

  it("a prepare and a finish that come again after the destination's reboot do not run the guest again", () => {
    const again = { prepare: [1, 8_000], finish: [1, 9_000], cancel: [] as number[] };
    world.channel = (_from, _to, { kind }) => (kind in again ? again[kind as keyof typeof again] : [1]);
    expect(code(world.outcome(source, migrate()))).toBe("ok");
    world.crash(destination);
    world.boot(destination);
    const spec = vmSpec(1, 128);
    expect(code(world.outcome(source, world.run(source, { kind: "start", spec, stamp: vmStamp(1) })))).toBe(
      "ok",
    );
    world.runTo(8_500);
    expect(on(destination)?.pauseReason).toBe("migrating-in");
    world.runTo(12_000);
    expect(on(destination)).toBeUndefined();
    expectRunsOnSource();
  });

  it("an answer that comes after the source gave up changes nothing", () => {
    world.channel = (_from, _to, { kind }) => [kind === "finished" ? 30_000 : 1];
    expect(code(world.outcome(source, migrate()))).toBe("unreachable");
    world.advance(60_000);
    expectRunsOnSource();
    expect(on(destination)?.pauseReason).toBe("user");
  });

  it("a ping that arrives after finish does not make the source run again", () => {
    world.channel = (_from, _to, { kind }) => [kind === "ping" ? 6_000 : 1];
    const operation = migrate({ bandwidthMibPerSecond: 16, timeoutMs: 0 });
    expect(code(world.outcome(source, operation))).toBe("ok");
    world.advance(20_000);
    expect(on(source)).toBeUndefined();
  });
});
