import { describe, expect, it } from "vitest";
import { ranked } from "../../../src/dnt/registry/rendezvous.ts";
import { manifest, template } from "../../support/ve-manifests.ts";
import { VetWorld } from "../../support/vet-world.ts";

const HOSTS = ["a", "b", "c"];

describe("the home of a VE", () => {
  it("keeps its record over a crash of its agent, and learns again where its VMs are", () => {
    const world = new VetWorld("home-crash", HOSTS);
    const name = world.nameAt("b");
    world.running("a", manifest(name, [template("web", { count: 3 })]));
    world.crashAgent("b");
    world.run(20_000);
    world.restart("b");
    world.run(20_000);
    const view = world.show("a", name);
    expect(view.vms.map(({ state }) => state)).toEqual(["running", "running", "running"]);
    expect(view.vms.every(({ id, host }) => world.hostOf(id) === host)).toBe(true);
    expect(world.starts).toHaveLength(3);
  });

  it("is not replaced while it is out of reach: commands are refused, and the reason is said", () => {
    const world = new VetWorld("home-dead", HOSTS);
    const name = world.nameAt("b");
    const wanted = manifest(name, [template("web")]);
    world.running("a", wanted);
    world.crashAgent("b");
    const early = world.refusal("a", { type: "ve.stop", name });
    expect(early).toMatchObject({ code: "unreachable" });
    world.run(20_000);
    const refusal = world.refusal("a", { type: "ve.apply", manifest: { ...wanted, priority: 10 } });
    expect(refusal).toMatchObject({ code: "unreachable", message: `the home of ${name} does not answer` });
    expect(refusal.reason).toContain("host-b, which is dead");
    expect(world.starts).toHaveLength(1);
  });

  it("creates nothing while it has not met a host that it knew before it was restarted", () => {
    const world = new VetWorld("unheard", HOSTS);
    const name = world.nameAt("a");
    world.unheard = ["z"];
    const command = { type: "ve.apply", manifest: manifest(name, [template("web")]) } as const;
    expect(world.refusal("a", command)).toMatchObject({
      code: "unreachable",
      reason: expect.stringContaining("could keep its record and cannot be asked"),
    });
    world.unheard = [];
    world.running("a", command.manifest);
  });

  it("creates nothing while it is new and has not met a seed", () => {
    const world = new VetWorld("strangers", HOSTS);
    const name = world.nameAt("a");
    world.strangers = ["/dns4/z/tcp/7946"];
    const command = { type: "ve.apply", manifest: manifest(name, [template("web")]) } as const;
    expect(world.refusal("a", command)).toMatchObject({
      code: "unreachable",
      reason: "the seed /dns4/z/tcp/7946 (not met yet) could keep its record and cannot be asked",
    });
    world.strangers = [];
    world.running("a", command.manifest);
  });

  it("creates nothing while one who was asked knows members that it does not, and names that one", () => {
    const world = new VetWorld("outsiders", HOSTS);
    const name = world.nameAt("a");
    world.outsiders.add("b");
    const command = { type: "ve.apply", manifest: manifest(name, [template("web")]) } as const;
    expect(world.refusal("a", command)).toMatchObject({
      code: "busy",
      reason: "host-b and host-a do not know the same hosts",
    });
    world.outsiders.clear();
    world.running("a", command.manifest);
  });

  it("does not create a name while a member is silent that is not acquainted with it, and names that member", () => {
    const world = new VetWorld("could-hold", HOSTS);
    world.join("d", "2026-02-01T00:00:00Z");
    const name = world.nameAt("d");
    const holder = ranked(name, world.members())[1]?.id ?? "";
    world.crashAgent(holder);
    world.run(20_000);
    const refusal = world.refusal("d", { type: "ve.apply", manifest: manifest(name, [template("web")]) });
    expect(refusal).toMatchObject({
      code: "unreachable",
      message: `whether a VE called ${name} exists cannot be told`,
    });
    expect(refusal.reason).toContain(`host-${holder}`);
    world.restart(holder);
    world.run(10_000);
    world.crashAgent(holder);
    world.crashAgent("d");
    world.restart("d");
    expect(world.running("d", manifest(name, [template("web")])).home).toBe("d");
  });

  it.each(["created elsewhere", "handed over"])(
    "does not create a name that was %s while it was draining, if its holder cannot be asked",
    (way) => {
      const world = new VetWorld(`ceded-${way}`, HOSTS);
      const name = world.nameAt("b");
      const wanted = manifest(name, [template("web")]);
      if (way === "handed over") world.running("a", wanted);
      world.drain("b");
      if (way === "created elsewhere") world.running("a", wanted);
      world.until(() => world.node("b").registry.size === 0, 30_000);
      const holder = world.records(name)[0]?.at ?? "";
      world.crashAgent(holder);
      world.drain("b", false);
      world.crashAgent("b");
      world.restart("b");
      world.run(20_000);
      const refusal = world.refusal("b", { type: "ve.apply", manifest: wanted });
      expect(refusal.reason).toContain(`host-${holder} could keep its record`);
      world.restart(holder);
      world.until(() => world.records(name).length === 1 && world.records(name)[0]?.at === "b", 60_000);
    },
  );

  it("creates a name while a member is dead that cannot hold it", () => {
    const world = new VetWorld("cannot-hold", HOSTS);
    world.join("d", "2026-02-01T00:00:00Z");
    world.run(10_000);
    const name = world.nameAt("a");
    world.crashAgent("d");
    world.run(20_000);
    expect(world.running("b", manifest(name, [template("web")])).home).toBe("a");
  });

  it("is one of two who are asked for the same name at the same time", () => {
    const world = new VetWorld("same-time", HOSTS);
    const wanted = manifest("shop", [template("web")]);
    const answers = HOSTS.map((id) => world.send(id, { type: "ve.apply", manifest: wanted }));
    world.until(() => answers.every(({ result }) => result !== null), 30_000);
    world.run(30_000);
    expect(
      answers.some(({ result }) => result?.ok === true && (result.value as { changed: boolean }).changed),
    ).toBe(true);
    expect(world.records("shop")).toHaveLength(1);
    expect(world.starts).toHaveLength(1);
  });

  it("hands its records over when it drains, and the VE goes on", () => {
    const world = new VetWorld("drain", HOSTS);
    const name = world.nameAt("b");
    world.running("a", manifest(name, [template("web")]));
    world.drain("b");
    world.until(() => world.node("b").registry.size === 0, 30_000);
    const view = world.show("b", name);
    expect(view.home).toBe(world.home(name));
    expect(view.home).not.toBe("b");
    expect(world.ended(world.answer("b", { type: "ve.stop", name }).operation).state).toBe("succeeded");
  });

  it("says that a record is moving while its next home does not answer", () => {
    const world = new VetWorld("moving", HOSTS);
    const name = world.nameAt("b");
    world.running("a", manifest(name, [template("web")]));
    world.cut((from, to) => (from === "b") !== (to === "b"));
    world.drain("b");
    world.run(1000);
    expect(world.refusal("b", { type: "ve.stop", name })).toMatchObject({ code: "busy" });
    world.cut(() => false);
    world.until(() => world.node("b").registry.size === 0, 30_000);
    expect(world.records(name)).toHaveLength(1);
  });

  it("never shares a record with its next home, at whatever instant either crashes during the move", () => {
    for (let instant = 0; instant <= 90; instant += 1) {
      for (const victim of ["b", "next"]) {
        const world = new VetWorld(`move-${instant}`, HOSTS);
        const name = world.nameAt("b");
        world.running("a", manifest(name, [template("web")]));
        world.drain("b");
        const next = world.home(name);
        while (world.node("b").registry.movingTo(name) === null) world.run(1);
        world.run(instant);
        world.crashAgent(victim === "b" ? "b" : next);
        world.run(1000);
        world.drain("b", false);
        world.restart(victim === "b" ? "b" : next);
        world.run(60_000);
        expect(world.records(name).map(({ at }) => at)).toEqual([world.home(name)]);
        expect(world.starts).toHaveLength(1);
      }
    }
  });
});

describe("a handler", () => {
  it("does not believe an answer that is older than what was written down since", () => {
    const world = new VetWorld("older", HOSTS);
    world.room = false;
    const name = world.nameAt("a");
    world.answer("a", { type: "ve.apply", manifest: manifest(name, [template("web")]) });
    world.run(5000);
    const { id } = world.show("a", name).vms[0] ?? { id: "" };
    const { tracker, arrivals } = world.node("a");
    const [event] = arrivals.keys();
    // No other try of the scheduler's ends meanwhile.
    arrivals.clear();
    const claim = { type: "vet.report", ve: name, life: "1.0", vms: [{ id, state: "running" }] } as const;
    world.act("a", (turn) => tracker.execute(claim, "b", () => undefined, turn));
    world.act("a", (turn) => expect(tracker.assign(event ?? "", id, "c", turn)).not.toBeNull());
    world.run(200);
    expect(world.node("a").registry.get(name)?.vms[0]).toMatchObject({ state: "assigned", host: "c" });
    world.act("a", (turn) => expect(tracker.assign(event ?? "", id, "b", turn)).toBeNull());
  });

  it("has nothing stopped that is not written down", () => {
    for (let instant = 0; instant < 3; instant++) {
      const world = new VetWorld(`undone-${instant}`, HOSTS);
      world.prefer = "c";
      const name = world.nameAt("b");
      world.running("a", manifest(name, [template("web")]));
      world.send("b", { type: "ve.stop", name });
      world.run(instant);
      world.crashAgent("b");
      world.run(20_000);
      world.restart("b");
      world.run(20_000);
      expect(world.show("a", name)).toMatchObject({
        desired: "running",
        observed: "running",
        degraded: null,
      });
    }
  });
});

describe("a host that does not answer", () => {
  function shop(seed: string): { world: VetWorld; victim: string; name: string; vm: string } {
    const world = new VetWorld(seed, HOSTS);
    const name = world.nameAt("a");
    world.prefer = "c";
    const [vm] = world.running("a", manifest(name, [template("web")])).vms;
    return { world, victim: "c", name, vm: vm?.id ?? "" };
  }

  it("makes its VMs unknown, and none of them is started elsewhere", () => {
    const { world, victim, name } = shop("unknown");
    world.crashHost(victim);
    world.run(120_000);
    const view = world.show("a", name);
    expect(view.vms[0]).toMatchObject({ state: "unknown", host: victim });
    expect(view.degraded).toBe("web is unknown: host-c does not answer");
    world.ended(world.answer("a", { type: "ve.stop", name }).operation);
    world.answer("a", { type: "ve.start", name });
    world.run(120_000);
    expect(world.starts).toHaveLength(1);
  });

  it("makes a stop end as partly done, saying which VM and why; it goes on when the host is back", () => {
    const { world, victim, name, vm } = shop("partial");
    world.crashAgent(victim);
    world.run(20_000);
    const end = world.ended(world.answer("b", { type: "ve.stop", name }).operation);
    expect(end.failure).toMatchObject({ code: "partial", message: "web is unknown: host-c does not answer" });
    expect(world.hostOf(vm)).toBe(victim);
    world.restart(victim);
    world.until(() => world.hostOf(vm) === null, 60_000);
    world.until(() => world.show("a", name).observed === "terminated", 60_000);
  });

  it("is believed when it is back and says that the VM is not there", () => {
    const { world, victim, name } = shop("back");
    world.crashHost(victim);
    world.run(30_000);
    world.restart(victim);
    world.until(() => world.show("a", name).vms[0]?.state === "stopped", 60_000);
    expect(world.show("a", name).vms[0]?.note).toBe("it is on no host");
    world.ended(world.answer("a", { type: "ve.start", name }).operation);
    expect(world.show("a", name).degraded).toBeNull();
  });
});
