import { describe, expect, it } from "vitest";
import type { VeManifest } from "../../../src/vet/lifecycle/manifest.ts";
import { manifest, template } from "../../support/ve-manifests.ts";
import { VetWorld } from "../../support/vet-world.ts";

const HOSTS = ["a", "b", "c"];

/** Two domains of host b, adopted through host a. */
function adopted(seed: string): { world: VetWorld; vms: string[] } {
  const world = new VetWorld(seed, HOSTS);
  const vms = ["Web Server.1", "db"].map((name) => world.foreign("b", name).vm);
  const command = { type: "ve.adopt", name: "old", host: "host-b", domains: ["Web Server.1", "db"] } as const;
  world.ended(world.answer("a", command).operation);
  world.until(() => vms.every((vm) => world.node("b").domains.get(vm)?.stamp != null), 60_000);
  return { world, vms };
}

describe("adoption", () => {
  it("makes running domains a VE: stamped, not restarted, their identities kept", () => {
    const { world, vms } = adopted("adopt");
    const view = world.show("c", "old");
    expect(view).toMatchObject({ adopted: true, observed: "running", degraded: null });
    expect(view.vms.map(({ name, domain, host }) => ({ name, domain, host }))).toEqual([
      { name: "db", domain: "db", host: "b" },
      { name: "web-server-1", domain: "Web Server.1", host: "b" },
    ]);
    expect(view.vms.map(({ id }) => id).sort()).toEqual([...vms].sort());
    const stamps = vms.map((vm) => world.node("b").domains.get(vm)?.stamp);
    expect(stamps.every((stamp) => stamp?.adopted === true && stamp.ve === "old")).toBe(true);
    expect(world.starts).toHaveLength(0);
  });

  it("exports what applies without a change, and takes live changes", () => {
    const { world, vms } = adopted("adopt-export");
    const exported = world.answer("a", { type: "ve.export", name: "old" }) as unknown as VeManifest;
    expect(world.answer("c", { type: "ve.apply", manifest: exported })).toMatchObject({ changed: false });
    const { operation } = world.answer("c", { type: "ve.apply", manifest: { ...exported, priority: 9 } });
    world.ended(operation);
    world.until(
      () => vms.every((vm) => world.node("b").domains.get(vm)?.stamp?.policy.priority === 9),
      60_000,
    );
    const more = { ...exported, vms: [...exported.vms, template("third")] };
    expect(world.refusal("a", { type: "ve.apply", manifest: more }).code).toBe("not-yet");
  });

  it("refuses domains that are unknown, not running, or managed already", () => {
    const { world } = adopted("adopt-refuse");
    const adopt = (...domains: string[]) => world.refusal("b", { type: "ve.adopt", name: "new", domains });
    expect(adopt("nobody").code).toBe("not-found");
    expect(adopt("db")).toMatchObject({ code: "conflict", reason: "db belongs to the VE old" });
    const { vm } = world.foreign("b", "off");
    world.guestEnds(vm);
    expect(adopt("off")).toMatchObject({ code: "conflict", message: "off is shutoff" });
    expect(adopt().code).toBe("invalid");
    world.foreign("b", "fresh");
    expect(world.refusal("b", { type: "ve.adopt", name: "old", domains: ["fresh"] }).code).toBe("conflict");
    expect(world.refusal("a", { type: "ve.adopt", name: "x", host: "nowhere", domains: ["y"] }).code).toBe(
      "not-found",
    );
  });

  it("gives a domain to one of two VEs that want it at the same time", () => {
    const world = new VetWorld("adopt-twice", HOSTS);
    world.foreign("b", "db");
    const answers = ["one", "two"].map((name) =>
      world.send("b", { type: "ve.adopt", name, domains: ["db"] }),
    );
    world.until(() => answers.every(({ result }) => result !== null), 30_000);
    expect(answers.filter(({ result }) => result?.ok === true)).toHaveLength(1);
  });

  it("is undone by a delete: the domains are unstamped and run on", () => {
    const { world, vms } = adopted("adopt-delete");
    const answer = world.answer("a", { type: "ve.delete", name: "old" });
    expect(answer.warnings).toEqual(["adopted VMs are released: unstamped, and left as they are"]);
    expect(world.ended(answer.operation).state).toBe("succeeded");
    expect(vms.map((vm) => world.node("b").domains.get(vm))).toMatchObject([
      { state: "running", stamp: null },
      { state: "running", stamp: null },
    ]);
    expect(world.refusal("a", { type: "ve.show", name: "old" }).code).toBe("not-found");
  });

  it("releases a stopped domain, too, and does not start one", () => {
    const { world, vms } = adopted("adopt-stop");
    world.ended(world.answer("a", { type: "ve.stop", name: "old", graceMs: 1000 }).operation);
    expect(world.show("a", "old").observed).toBe("terminated");
    expect(world.refusal("a", { type: "ve.start", name: "old" }).code).toBe("not-yet");
    world.ended(world.answer("a", { type: "ve.delete", name: "old" }).operation);
    expect(vms.map((vm) => world.node("b").domains.get(vm))).toMatchObject([
      { state: "shutoff", stamp: null },
      { state: "shutoff", stamp: null },
    ]);
  });
});

describe("a host", () => {
  it("stops and stamps nothing that does not carry the VE's stamp", () => {
    const world = new VetWorld("foreign", HOSTS);
    const { vm } = world.foreign("a", "private");
    world.running("a", manifest("shop", [template("web")]));
    const home = world.node(world.home("shop"));
    const other = HOSTS.find((id) => id !== "a") ?? "";
    const asked = [
      { type: "vet.stop-vm", ve: "shop", vm, before: 9, graceMs: 0 },
      { type: "vet.stamp-vm", ve: "shop", vm, stamp: stampOf(world) },
    ] as const;
    for (const command of asked) {
      const answers: unknown[] = [];
      world.act("a", (turn) =>
        world.node("a").tracker.execute(command, other, (result) => answers.push(result), turn),
      );
      expect(answers).toMatchObject([{ ok: false, failure: { code: "conflict" } }]);
    }
    world.run(10_000);
    expect(world.node("a").domains.get(vm)).toMatchObject({ state: "running", stamp: null });
    expect(home.up).toBe(true);
  });

  it("does not do to a VM what an older generation of its VE ordered", () => {
    const world = new VetWorld("late", HOSTS);
    world.running("a", manifest("shop", [template("web")]));
    world.ended(world.answer("a", { type: "ve.stop", name: "shop", graceMs: 0 }).operation);
    world.ended(world.answer("a", { type: "ve.start", name: "shop" }).operation);
    const { id: vm, host } = world.show("a", "shop").vms[0] ?? { id: "", host: null };
    const node = world.node(host ?? "");
    const stamp = node.domains.get(vm)?.stamp ?? null;
    expect(stamp?.generation).toBe(3);
    const asked = [
      { type: "vet.stop-vm", ve: "shop", vm, before: 2, graceMs: 0 },
      { type: "vet.stamp-vm", ve: "shop", vm, stamp: stamp && { ...stamp, generation: 1 } },
    ] as const;
    const answers: unknown[] = [];
    for (const command of asked)
      world.act(node.id, (turn) =>
        node.tracker.execute(command, "c", (result) => answers.push(result), turn),
      );
    expect(answers).toMatchObject(
      asked.map(() => ({ ok: false, failure: { message: expect.stringContaining("generation 3") } })),
    );
    world.run(10_000);
    expect(node.domains.get(vm)).toMatchObject({ state: "running", stamp: { generation: 3 } });
  });

  it("does not take what is between agents from a user", () => {
    const world = new VetWorld("users", HOSTS);
    const command = { type: "vet.look", vms: [] } as const;
    expect(world.refusal("a", command as never).code).toBe("permission-denied");
  });
});

function stampOf(world: VetWorld) {
  const stamps = [...world.nodes.values()].flatMap(({ domains }) =>
    [...domains.values()].map(({ stamp }) => stamp),
  );
  return stamps.find((stamp) => stamp !== null) ?? null;
}
