import { describe, expect, it } from "vitest";
import { LIFECYCLE, renderLifecycle } from "../../../src/vet/lifecycle/table.ts";
import { manifest, template } from "../../support/ve-manifests.ts";
import { VetWorld } from "../../support/vet-world.ts";

const HOSTS = ["a", "b", "c"];

describe("the life of a VE", () => {
  it("starts every VM once, wherever it was declared, and says so", () => {
    const world = new VetWorld("start", HOSTS);
    const view = world.running("a", manifest("shop", [template("web", { count: 3 }), template("db")]));
    expect(view.vms.map(({ name }) => name)).toEqual(["db", "web-0", "web-1", "web-2"]);
    expect(view.vms.map(({ id }) => world.hostOf(id))).toEqual(view.vms.map(({ host }) => host));
    expect(world.starts).toHaveLength(4);
    expect(view).toMatchObject({ observed: "running", desired: "running", degraded: null });
    expect(view.handler).toMatch(/^[abc]-1$/);
    expect(view.vms[0]?.handler).toMatch(new RegExp(`^${view.handler}-\\d$`));
  });

  it("stops, starts and deletes it from any agent", () => {
    const world = new VetWorld("verbs", HOSTS);
    world.running("a", manifest("shop", [template("web"), template("db")]));
    const stopped = world.answer("b", { type: "ve.stop", name: "shop", graceMs: 1000 });
    expect(stopped.changed).toBe(true);
    expect(world.ended(stopped.operation).state).toBe("succeeded");
    expect(world.show("c", "shop")).toMatchObject({
      observed: "terminated",
      desired: "stopped",
      degraded: null,
    });
    expect(world.ended(world.answer("c", { type: "ve.start", name: "shop" }).operation).state).toBe(
      "succeeded",
    );
    expect(world.starts).toHaveLength(4);
    const { operation } = world.answer("a", { type: "ve.delete", name: "shop" });
    expect(world.ended(operation)).toMatchObject({ state: "succeeded", message: "deleted" });
    expect(world.refusal("b", { type: "ve.show", name: "shop" }).code).toBe("not-found");
    expect(HOSTS.every((id) => world.node(id).domains.size === 0)).toBe(true);
  });

  it("answers a repeated verb that there was nothing to do", () => {
    const world = new VetWorld("repeat", HOSTS);
    world.running("a", manifest("shop", [template("web")]));
    expect(world.answer("a", { type: "ve.start", name: "shop" })).toMatchObject({ changed: false });
    world.ended(world.answer("a", { type: "ve.stop", name: "shop" }).operation);
    expect(world.answer("a", { type: "ve.stop", name: "shop" })).toMatchObject({ changed: false });
  });

  it("leaves a VM that ended by itself stopped, says why, and starts it when asked to", () => {
    const world = new VetWorld("crash", HOSTS);
    const [vm] = world.running("a", manifest("shop", [template("web"), template("db")])).vms;
    const where = world.hostOf(vm?.id ?? "");
    world.guestEnds(vm?.id ?? "");
    world.run(60_000);
    const view = world.show("a", "shop");
    expect(view.vms[0]).toMatchObject({ state: "stopped", host: null, note: `it ended on host-${where}` });
    expect(view.degraded).toBe(`db is stopped: it ended on host-${where}`);
    expect(world.starts).toHaveLength(2);
    world.ended(world.answer("a", { type: "ve.start", name: "shop" }).operation);
    expect(world.show("a", "shop").degraded).toBeNull();
  });

  it("waits for room, says that it does, and starts when there is some", () => {
    const world = new VetWorld("room", HOSTS);
    world.room = false;
    const { operation } = world.answer("a", {
      type: "ve.apply",
      manifest: manifest("shop", [template("web")]),
    });
    expect(world.ended(operation).failure).toMatchObject({
      code: "unplaceable",
      reason: "no room",
      changed: true,
    });
    expect(world.show("a", "shop")).toMatchObject({ observed: "waiting", waitingFor: "no room" });
    world.room = true;
    world.until(() => world.show("a", "shop").observed === "running", 60_000);
    expect(world.show("a", "shop").waitingFor).toBeNull();
  });

  it("tells who waits for it that there is no room once that was said three times in a row, and goes on waiting", () => {
    const world = new VetWorld("hopeless", HOSTS);
    world.room = false;
    world.final = false;
    const { operation } = world.answer("a", {
      type: "ve.apply",
      manifest: manifest("shop", [template("web")]),
    });
    world.until(() => world.show("a", "shop").waitingFor === "no room", 60_000);
    expect(world.operation(operation).state).toBe("running");
    expect(world.ended(operation).failure).toMatchObject({ code: "unplaceable", changed: true });
    world.room = true;
    world.until(() => world.show("a", "shop").observed === "running", 60_000);
  });

  it("starts what the manifest says now, not what it said when the VM began to wait", () => {
    const world = new VetWorld("anew", HOSTS);
    world.room = false;
    const first = manifest("shop", [template("web", { memory: 4096 })]);
    world.ended(world.answer("a", { type: "ve.apply", manifest: first }).operation);
    const second = manifest("shop", [template("web", { memory: 1024 })]);
    world.answer("a", { type: "ve.apply", manifest: second, allowRestart: true });
    world.room = true;
    world.until(() => world.show("a", "shop").observed === "running", 60_000);
    const domains = [...world.nodes.values()].flatMap((host) => [...host.domains.values()]);
    expect(domains).toMatchObject([{ memory: 1024, stamp: { generation: 2 } }]);
  });

  it("stops a VE that waits without ever starting it", () => {
    const world = new VetWorld("withdraw", HOSTS);
    world.room = false;
    world.answer("a", { type: "ve.apply", manifest: manifest("shop", [template("web")]) });
    world.run(5000);
    world.ended(world.answer("a", { type: "ve.stop", name: "shop" }).operation);
    world.room = true;
    world.run(60_000);
    expect(world.starts).toHaveLength(0);
    expect(world.show("a", "shop").observed).toBe("terminated");
  });

  it("refuses a second change while one is under way, but not a stop", () => {
    const world = new VetWorld("busy", HOSTS);
    world.lostOrders = 1;
    const first = world.answer("a", { type: "ve.apply", manifest: manifest("shop", [template("web")]) });
    const second = manifest("shop", [template("web")], { priority: 90 });
    expect(world.refusal("a", { type: "ve.apply", manifest: second })).toMatchObject({ code: "conflict" });
    expect(world.answer("a", { type: "ve.stop", name: "shop" }).changed).toBe(true);
    expect(world.operation(first.operation).state).toBe("cancelled");
  });

  it("creates a VE that is to be stopped without starting it", () => {
    const world = new VetWorld("stopped", HOSTS);
    const view = world.running("a", manifest("shop", [template("web")], { desired: "stopped" }));
    expect(view.vms[0]?.state).toBe("stopped");
    expect(world.starts).toHaveLength(0);
  });

  it("follows its VMs when they migrate", () => {
    const world = new VetWorld("follow", HOSTS);
    const [vm] = world.running("a", manifest("shop", [template("web")])).vms;
    const from = world.hostOf(vm?.id ?? "");
    const to = HOSTS.find((id) => id !== from) ?? "";
    world.run(5000);
    expect(world.migrate(vm?.id ?? "", to)).toBe(true);
    world.until(() => world.show("a", "shop").vms[0]?.host === to, 30_000);
    expect(world.show("a", "shop").vms[0]?.state).toBe("running");
  });
});

describe("the lifecycle table", () => {
  it("is rendered as the page of the documentation, one row for each desired and observed state", () => {
    const page = renderLifecycle();
    const rows = page.split("\n").filter((line) => /^\| (running|stopped|deleted) /.test(line));
    expect(rows).toHaveLength(9);
    expect(rows).toContain("| running | waiting | change | place | stop | remove |");
    expect(rows).toContain("| deleted | running | refuse | refuse | keep | keep |");
    for (const action of new Set(
      Object.values(LIFECYCLE).flatMap((by) => Object.values(by).flatMap(Object.values)),
    )) {
      expect(page).toContain(`- **${action}**: `);
    }
  });
});
