import { describe, expect, it } from "vitest";
import { Truth } from "../../../src/simulator/evaluation/truth.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";

/** A host of 7000 mCPU that runs what it is told to. */
function fakeHost(id: string): { readonly host: SimulatedHost; run: (...vms: string[]) => void } {
  let vms: readonly string[] = [];
  const host = {
    id,
    spec: { id, labels: {}, capacity: { cpu: 7000, memory: 0 }, domains: [] },
    executing: () => vms,
  } as unknown as SimulatedHost;
  return {
    host,
    run: (...now) => {
      vms = now;
    },
  };
}

function world(loads: Record<string, number>) {
  const arrived: string[] = [];
  const truth = new Truth(new Map(Object.entries(loads)), (vm, host) => arrived.push(`${vm} ${host.id}`));
  const stepped = (host: SimulatedHost, now: number) =>
    truth.hypervisorStepped(host, { now, hosts: [], host: () => undefined });
  return { truth, arrived, stepped };
}

describe("the truth about overloads", () => {
  it("counts a violation from the change of load to the instant at which the guest has left", () => {
    const { truth, stepped } = world({ a: 4000, b: 3000 });
    const { host, run } = fakeHost("h");
    run("a", "b");
    stepped(host, 0);
    truth.setLoad("b", 3500, 1000);
    expect(truth.over()).toEqual(["h"]);
    run("a");
    stepped(host, 11_000);
    expect(truth.over()).toEqual([]);
    expect(truth.violations).toMatchObject([{ host: "h", from: 1000, to: 11_000, excess: 500 }]);
  });

  it("does not count a host that is exactly full", () => {
    const { truth, stepped } = world({ a: 4000, b: 3000 });
    const { host, run } = fakeHost("h");
    run("a", "b");
    stepped(host, 0);
    expect(truth.over()).toEqual([]);
  });

  it("splits a violation into the parts that were entered while it lasted", () => {
    const { truth, stepped } = world({ a: 7500 });
    const { host, run } = fakeHost("h");
    run("a");
    stepped(host, 0);
    truth.enter("h", "build", 400);
    truth.enter("h", "compute", 500);
    truth.enter("h", "apply", 600);
    truth.setLoad("a", 100, 2000);
    expect(truth.violations[0]?.parts).toEqual({
      detect: 400,
      wait: 0,
      build: 100,
      compute: 100,
      apply: 1400,
    });
  });

  it("begins a violation in the part that its host is in already", () => {
    const { truth, stepped } = world({ a: 6000 });
    const { host, run } = fakeHost("h");
    run("a");
    stepped(host, 0);
    truth.enter("h", "apply", 100);
    truth.setLoad("a", 7500, 1000);
    truth.setLoad("a", 6000, 1500);
    expect(truth.violations[0]?.parts).toMatchObject({ detect: 0, apply: 500 });
  });

  it("finds a guest where it executes, and nowhere while it is between two hosts", () => {
    const { truth, arrived, stepped } = world({ a: 100 });
    const from = fakeHost("from");
    const to = fakeHost("to");
    from.run("a");
    stepped(from.host, 0);
    from.run();
    stepped(from.host, 10);
    expect(truth.host("a")).toBeUndefined();
    to.run("a");
    stepped(to.host, 20);
    expect(truth.host("a")).toBe(to.host);
    expect(arrived).toEqual(["a from", "a to"]);
  });

  it("adds open violations to the time over the limit", () => {
    const { truth, stepped } = world({ a: 7500 });
    const { host, run } = fakeHost("h");
    run("a");
    stepped(host, 0);
    expect(truth.violationMs(3000)).toBe(3000);
  });

  it("lets a host without guests sleep at 10 W, and one with guests take 110 W and more", () => {
    const { truth, stepped } = world({ a: 4000 });
    const { host, run } = fakeHost("h");
    run("a");
    stepped(host, 0);
    run();
    stepped(host, 1000);
    expect(truth.joules(2000)).toBeCloseTo(110 + 45 + 10, 6);
  });
});
