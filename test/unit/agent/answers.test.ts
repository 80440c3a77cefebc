import { describe, expect, test } from "vitest";
import type { Command } from "../../../src/agent/commands.ts";
import type { InitialDomain } from "../../../src/hypervisor/embedded/settings.ts";
import type { Result } from "../../../src/lib/error.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { DEFAULT_POLICY } from "../../../src/model/virtual-machine.ts";
import { manifestOf } from "../../../src/simulator/faults/manifest.ts";
import { Simulation } from "../../../src/simulator/simulation.ts";

function vm(name: string, managed = true, load = 500): InitialDomain {
  const stamp = {
    ve: "shop",
    vm: name,
    handler: "h-1-1",
    generation: 1,
    adopted: false,
    policy: DEFAULT_POLICY,
  };
  const sizes = { cpus: 4, memory: 1024, load, dirtyRate: 0, powerOffMs: 1000 };
  return { vm: `id-of-${name}`, name, ...sizes, persistent: !managed, stamp: managed ? stamp : null };
}

/** Agents of hosts with these guests, ten seconds after their start. */
function cloud(guests: { readonly [host: string]: readonly InitialDomain[] }): Simulation {
  const simulation = new Simulation({
    seed: "1",
    hosts: Object.entries(guests).map(([id, domains]) => ({
      id,
      labels: {},
      capacity: { cpu: 4000, memory: 16_384 },
      domains,
    })),
    config: { lrt: DEFAULT_LRT_CONFIG, membership: {} },
    checkers: [],
    trace: false,
  });
  simulation.start();
  simulation.run(10_000);
  return simulation;
}

/** What an agent answers within ten seconds. */
function ask(simulation: Simulation, host: string, command: Command): Result<unknown> {
  const answers: Result<unknown>[] = [];
  simulation.host(host)?.command(command, (result) => answers.push(result));
  simulation.run(simulation.now + 10_000);
  const [answer] = answers;
  if (answer === undefined) throw new Error(`no answer to ${command.type}`);
  return answer;
}

describe("a VM that is to move to where it is", () => {
  test("is there already: nothing is begun, from whichever host it is asked", () => {
    const simulation = cloud({ h1: [vm("web")], h2: [] });
    for (const host of ["h1", "h2"])
      expect(ask(simulation, host, { type: "vm.migrate", vm: "web", to: "h1" })).toEqual({
        ok: true,
        value: { operation: null },
      });
    expect(ask(simulation, "h1", { type: "op.list" })).toMatchObject({ value: { items: [] } });
  });

  test("is refused all the same when nobody may move it", () => {
    const simulation = cloud({ h1: [vm("theirs", false)], h2: [] });
    expect(ask(simulation, "h1", { type: "vm.migrate", vm: "theirs", to: "h1" })).toMatchObject({
      failure: { code: "conflict", message: "theirs is not managed by DISCOVERY" },
    });
  });
});

test("a host that nobody knows is not found, with the one that may be meant", () => {
  const simulation = cloud({ paris: [], rennes: [] });
  expect(ask(simulation, "paris", { type: "host.show", host: "renes" })).toMatchObject({
    failure: { code: "not-found", hint: "did you mean rennes? discoveryctl host list" },
  });
  expect(ask(simulation, "paris", { type: "host.show", host: "xyz" })).toMatchObject({
    failure: { code: "not-found", hint: "discoveryctl host list" },
  });
});

describe("why nothing moves", () => {
  const reasons = (simulation: Simulation) => {
    const answer = ask(simulation, "h1", { type: "balance.status" });
    return answer.ok ? (answer.value as { item: { reasons: { about: string }[] } }).item.reasons : [];
  };

  test("is said in words, once for each event, and no longer when the load has fallen", () => {
    const simulation = cloud({
      h1: [vm("web", true, 4000), vm("db", true, 4000)],
      h2: [vm("sql", true, 3900)],
    });
    simulation.run(120_000);
    expect(reasons(simulation).map(({ about }) => about)).toEqual(["h1 is overloaded (cpu)"]);
    simulation.host("h1")?.control({ kind: "set-load", vm: "id-of-web", load: 100 });
    simulation.host("h1")?.control({ kind: "set-load", vm: "id-of-db", load: 100 });
    simulation.run(240_000);
    expect(reasons(simulation)).toEqual([]);
  });

  test("is about a VE only as long as that is there", () => {
    const simulation = cloud({ h1: [], h2: [] });
    const manifest = manifestOf("shop", 1, 1 << 20, false);
    ask(simulation, "h1", { type: "ve.apply", manifest, allowRestart: true });
    simulation.run(60_000);
    expect(reasons(simulation).map(({ about }) => about)).toEqual(["VMs of shop wait for a host"]);
    ask(simulation, "h1", { type: "ve.delete", name: "shop" });
    simulation.run(120_000);
    expect(reasons(simulation)).toEqual([]);
  });
});

test("a drain's preview lists apart what is not managed: it stays and is not waited for", () => {
  const simulation = cloud({ h1: [vm("web"), vm("theirs", false)], h2: [] });
  expect(ask(simulation, "h2", { type: "host.drain", host: "h1", dryRun: true })).toEqual({
    ok: true,
    value: {
      host: "h1",
      vms: [{ name: "web", target: "h2", blocker: null }],
      stay: ["theirs"],
      records: 0,
    },
  });
  ask(simulation, "h1", { type: "host.drain", host: "h1" });
  simulation.run(simulation.now + 60_000);
  expect(ask(simulation, "h1", { type: "status" })).toMatchObject({
    value: { report: { drain: "drained" } },
  });
});

describe("a VM that alone may move", () => {
  test("stays for a reason that names the host and what it lacks", () => {
    const simulation = cloud({ h1: [vm("web", true, 2000)], h2: [vm("db", true, 3000)] });
    const begun = ask(simulation, "h1", { type: "vm.migrate", vm: "web", to: "h2" });
    if (!begun.ok) throw new Error(begun.failure.message);
    const { operation } = begun.value as { operation: string };
    const ended = ask(simulation, "h1", { type: "op.show", name: operation });
    const lacks = "h2: it needs 2000 cpu, beside what stays there the host has 800";
    expect(ended).toMatchObject({
      value: { state: "failed", failure: { reason: expect.stringContaining(lacks) } },
    });
  });
});

describe("doctor", () => {
  const copies = (simulation: Simulation) => {
    const answer = ask(simulation, "h2", { type: "doctor" });
    const { item } = (answer.ok ? answer.value : {}) as {
      item: { checks: { name: string; state: string; message: string }[] };
    };
    return item.checks.find(({ name }) => name === "copies");
  };

  test("names the VMs that are on two hosts at once", () => {
    expect(copies(cloud({ h1: [vm("web")], h2: [vm("web"), vm("db")] }))).toMatchObject({
      state: "warning",
      message: "on several hosts at once: web on h1 (running) and h2 (running)",
    });
  });

  test("has nothing to say of a VM that is changing hosts", () => {
    const simulation = cloud({ h1: [vm("web")], h2: [] });
    const found: Result<unknown>[] = [];
    simulation.host("h1")?.command({ type: "vm.migrate", vm: "web", to: "h2" }, () => {});
    for (let tenths = 0; tenths < 50; tenths++) {
      simulation.host("h2")?.command({ type: "doctor" }, (result) => found.push(result));
      simulation.run(simulation.now + 100);
    }
    expect(found.length).toBeGreaterThan(40);
    expect(JSON.stringify(found)).not.toContain("several hosts");
  });
});

test("a VM answers to its id, its domain's name and, adopted under a name of its own, to <ve>.<vm>", () => {
  const simulation = cloud({ h1: [vm("mover")], h2: [] });
  for (const called of ["mover", "id-of-mover", "shop.mover"])
    for (const host of ["h1", "h2"])
      expect(ask(simulation, host, { type: "vm.show", vm: called })).toMatchObject({
        value: { id: "id-of-mover", name: "mover", ve: "shop" },
      });
  expect(ask(simulation, "h2", { type: "vm.show", vm: "crowd.mover" })).toMatchObject({
    failure: { code: "not-found" },
  });
});
