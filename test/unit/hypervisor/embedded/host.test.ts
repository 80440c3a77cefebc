import { beforeEach, describe, expect, it } from "vitest";
import type { HypervisorCommand, HypervisorOutcome } from "../../../../src/hypervisor/command.ts";
import type { DomainUsage } from "../../../../src/hypervisor/domain.ts";
import { maxMinShares } from "../../../../src/hypervisor/embedded/sharing.ts";
import { EmbeddedWorld, type VirtualHost } from "../../../support/embedded-world.ts";
import { initialDomain, vmId, vmSpec, vmStamp } from "../../../support/virtual-machines.ts";

let world: EmbeddedWorld;
let host: VirtualHost;

beforeEach(() => {
  world = new EmbeddedWorld({ guest: { load: 300, dirtyRate: 0, powerOffMs: 2_000 } });
  host = world.add("host", { cpu: 1000, memory: 256 });
});

function does(command: HypervisorCommand): HypervisorOutcome {
  return world.outcome(host, world.run(host, command));
}

function start(n: number, memory = 64): HypervisorOutcome {
  return does({ kind: "start", spec: vmSpec(n, memory), stamp: vmStamp(n) });
}

function code(outcome: HypervisorOutcome): string {
  return outcome.ok ? "ok" : outcome.failure.code;
}

function samples(): (readonly DomainUsage[])[] {
  return host.events.flatMap((event) => (event.kind === "usage" ? [event.sample.domains] : []));
}

function changes(): unknown[] {
  return host.events.flatMap((event) =>
    event.kind === "domain-changed" ? [[event.domain?.state ?? "gone", event.cause]] : [],
  );
}

describe("a start", () => {
  it("refuses what is no size", () => {
    expect(code(start(1, 0))).toBe("invalid");
    expect(code(start(1, 1.5))).toBe("invalid");
    expect(host.model.domains()).toEqual([]);
  });

  it("refuses a guest whose memory does not fit", () => {
    expect(code(start(1, 200))).toBe("ok");
    expect(code(start(2, 100))).toBe("failed");
  });

  it("refuses a name that is taken by another id", () => {
    start(1);
    const spec = { ...vmSpec(2), name: vmSpec(1).name };
    expect(code(does({ kind: "start", spec, stamp: vmStamp(2) }))).toBe("exists");
  });

  it("that is not answered because the connection was lost may have taken effect", () => {
    world = new EmbeddedWorld({ startMs: 400 });
    host = world.add("host", { cpu: 1000, memory: 256 });
    const operation = world.run(host, { kind: "start", spec: vmSpec(1), stamp: vmStamp(1) });
    world.advance(100);
    world.world(host, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(host, operation))).toBe("unknown");
    expect(host.model.executes(vmId(1))).toBe(true);
  });
});

describe("a stop", () => {
  it("ends when the guest has powered off", () => {
    start(1);
    expect(does({ kind: "stop", vm: vmId(1), graceMs: 10_000 })).toEqual({ ok: true });
    expect(world.now).toBe(2_000);
    expect(host.model.domains()).toEqual([]);
  });

  it("destroys a guest that ignores the button when the grace is over", () => {
    start(1);
    world.world(host, { kind: "set-power-off", vm: vmId(1), powerOffMs: null });
    expect(does({ kind: "stop", vm: vmId(1), graceMs: 7_000 })).toEqual({ ok: true });
    expect(world.now).toBe(7_000);
  });

  it("of a guest that is being stopped ends with the first", () => {
    start(1);
    const first = world.run(host, { kind: "stop", vm: vmId(1), graceMs: 10_000 });
    world.advance(1_000);
    expect(does({ kind: "stop", vm: vmId(1), graceMs: 10_000 })).toEqual({ ok: true });
    expect(host.outcomes.get(first)).toEqual({ ok: true });
    expect(world.now).toBe(2_000);
  });

  it("of a suspended guest comes about as soon as it is resumed", () => {
    start(1);
    world.world(host, { kind: "suspend", vm: vmId(1) });
    const stop = world.run(host, { kind: "stop", vm: vmId(1), graceMs: 60_000 });
    world.advance(10_000);
    expect(host.outcomes.has(stop)).toBe(false);
    does({ kind: "resume", vm: vmId(1) });
    expect(world.outcome(host, stop)).toEqual({ ok: true });
    expect(world.now).toBe(10_000);
  });

  it("leaves a persistent domain shut off, and stopping that again is no error", () => {
    world = new EmbeddedWorld();
    host = world.add("host", { cpu: 1000, memory: 256 }, [initialDomain(1, { persistent: true })]);
    does({ kind: "stop", vm: vmId(1), graceMs: 10_000 });
    expect(host.model.domains()).toMatchObject([{ state: "shutoff", persistent: true }]);
    expect(does({ kind: "stop", vm: vmId(1), graceMs: 10_000 })).toEqual({ ok: true });
    expect(does({ kind: "destroy", vm: vmId(1) })).toEqual({ ok: true });
    expect(code(does({ kind: "resume", vm: vmId(1) }))).toBe("invalid");
  });
});

describe("a guest", () => {
  it("whose process is killed is gone", () => {
    start(1);
    world.world(host, { kind: "crash", vm: vmId(1), how: "killed" });
    expect(changes()).toEqual([
      ["running", "started"],
      ["gone", "crashed"],
    ]);
  });

  it("that panics stays as a crashed domain that runs nothing and can be destroyed", () => {
    start(1);
    world.world(host, { kind: "crash", vm: vmId(1), how: "panicked" });
    expect(host.model.domains()).toMatchObject([{ state: "crashed" }]);
    expect(host.model.executing()).toEqual([]);
    expect(code(does({ kind: "resume", vm: vmId(1) }))).toBe("invalid");
    does({ kind: "destroy", vm: vmId(1) });
    expect(host.model.domains()).toEqual([]);
  });

  it("that powers itself off is gone, stopped", () => {
    start(1);
    world.world(host, { kind: "power-off", vm: vmId(1) });
    expect(changes().at(-1)).toEqual(["gone", "stopped"]);
  });

  it("that is suspended runs again when resumed", () => {
    start(1);
    world.world(host, { kind: "suspend", vm: vmId(1) });
    expect(host.model.executing()).toEqual([]);
    expect(does({ kind: "resume", vm: vmId(1) })).toEqual({ ok: true });
    expect(host.model.executing()).toEqual([vmId(1)]);
  });
});

describe("usage", () => {
  it("is told once after a change, not again while nothing changes, and a host at rest wants no waking", () => {
    start(1);
    world.advance(60_000);
    expect(samples()).toEqual([[{ vm: vmId(1), used: 300, wanted: 300, memory: 64 }]]);
    expect(host.wakeAt).toBe(null);
    world.world(host, { kind: "set-load", vm: vmId(1), load: 500 });
    world.advance(60_000);
    expect(samples().length).toBe(2);
  });

  it("is not told when a load changed and changed back within an interval", () => {
    start(1);
    world.advance(60_000);
    world.world(host, { kind: "set-load", vm: vmId(1), load: 500 });
    world.world(host, { kind: "set-load", vm: vmId(1), load: 300 });
    world.advance(60_000);
    expect(samples().length).toBe(1);
  });

  it("is capped by the guest's processors and shared max-min fairly on a host over capacity", () => {
    for (const n of [1, 2, 3]) start(n);
    for (const [n, load] of [
      [1, 100],
      [2, 5_000],
      [3, 800],
    ] as const) {
      world.world(host, { kind: "set-load", vm: vmId(n), load });
    }
    world.advance(1_000);
    expect(
      samples()
        .at(-1)
        ?.map(({ used, wanted }) => [used, wanted]),
    ).toEqual([
      [100, 100],
      [450, 1_000],
      [450, 800],
    ]);
  });

  it("is stale while a process does not answer, and told anew when it does", () => {
    start(1);
    world.advance(1_000);
    world.world(host, { kind: "set-usage-readable", readable: false });
    expect(host.events.at(-1)?.kind).toBe("usage-unavailable");
    world.world(host, { kind: "set-load", vm: vmId(1), load: 500 });
    world.advance(10_000);
    expect(samples().length).toBe(1);
    world.world(host, { kind: "set-usage-readable", readable: true });
    world.advance(1_000);
    expect(samples().length).toBe(2);
  });

  it("is shared so that the sum is never over capacity and nobody gets more than it wants", () => {
    expect(maxMinShares([7, 7, 7], 10)).toEqual([3, 3, 4]);
    expect(maxMinShares([1, 20, 20], 21)).toEqual([1, 10, 10]);
    expect(maxMinShares([5, 5], 10)).toEqual([5, 5]);
    expect(maxMinShares([5, 5], 0)).toEqual([0, 0]);
  });
});

describe("a waking", () => {
  it("that comes early is asked for again, also while the daemon stalls", () => {
    start(1);
    const at = host.wakeAt!;
    host.wakeAt = null;
    world.step(host, { kind: "wake" });
    expect(host.wakeAt).toBe(at);
    world.world(host, { kind: "stall" });
    host.wakeAt = null;
    world.step(host, { kind: "wake" });
    world.world(host, { kind: "unstall" });
    expect(host.wakeAt).toBe(at);
  });
});

describe("the control connection", () => {
  it("loses pending commands and events, guests live on, and everything is told when it opens again", () => {
    start(1);
    world.advance(1_000);
    const stop = world.run(host, { kind: "stop", vm: vmId(1), graceMs: 10_000 });
    world.world(host, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(host, stop))).toBe("unknown");
    expect(host.model.executing()).toEqual([vmId(1)]);
    expect(code(does({ kind: "list" }))).toBe("unknown");
    world.advance(10_000);
    expect(host.model.domains()).toEqual([]);
    expect(host.events.at(-1)).toEqual({ kind: "disconnected", reason: "killed" });
    world.world(host, { kind: "connect" });
    expect(host.events.at(-1)?.kind).toBe("connected");
    world.advance(1_000);
    expect(samples().at(-1)).toEqual([]);
  });

  it("that stalls answers nothing until it goes on, and then everything in order", () => {
    world.world(host, { kind: "stall" });
    const operation = world.run(host, { kind: "start", spec: vmSpec(1), stamp: vmStamp(1) });
    const list = world.run(host, { kind: "list" });
    world.advance(60_000);
    expect(host.outcomes.size).toBe(0);
    world.world(host, { kind: "unstall" });
    expect(host.outcomes.get(operation)).toEqual({ ok: true });
    expect(host.outcomes.get(list)).toMatchObject({ domains: [{ vm: vmId(1) }] });
  });

  it("that stalls too long loses incoming shells, and migrations out of it fail", () => {
    const other = world.add("other", { cpu: 1000, memory: 256 });
    start(1);
    const policy = { bandwidthMibPerSecond: 1, timeoutMs: 0 };
    const operation = world.run(host, {
      kind: "migrate",
      vm: vmId(1),
      uri: other.address,
      policy,
      persistent: false,
    });
    world.advance(5_000);
    world.world(host, { kind: "stall" });
    world.advance(20_000);
    expect(other.model.domains()).toEqual([]);
    expect(host.model.executing()).toEqual([vmId(1)]);
    world.world(host, { kind: "unstall" });
    expect(code(world.outcome(host, operation))).toBe("failed");
    expect(host.model.executing()).toEqual([vmId(1)]);
  });

  it("that dies while it is stalled answers none of what waited", () => {
    world.world(host, { kind: "stall" });
    const operation = world.run(host, { kind: "start", spec: vmSpec(1), stamp: vmStamp(1) });
    world.world(host, { kind: "disconnect", reason: "killed" });
    expect(code(world.outcome(host, operation))).toBe("unknown");
    expect(host.model.domains()).toEqual([]);
  });
});
