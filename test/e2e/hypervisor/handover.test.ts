/**
 * The last phase of a migration: the destination is lost while it takes the guest over. libvirt then resumes the guest at
 * its source, whatever the destination has done with it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LibvirtConnection, LifecycleDetail, LifecycleEvent } from "../../../src/adapters/libvirt/index.ts";
import { whyNoBed } from "../../bed/bed.ts";
import { Agent, FAST, SLOWLY, TwoHosts } from "./hosts.ts";

const reason = whyNoBed();
const title = reason === undefined ? "a guest that is handed over" : `handing over (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let hosts: TwoHosts;
  let careful: Agent;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
    careful = new Agent(hosts.here.host, { migration: { arrivePaused: true } });
    await careful.start();
  });
  afterEach(() => hosts.clear());
  afterAll(async () => {
    await careful.adapter.close();
    await hosts.close();
  });

  /**
   * Kills the destination's libvirtd when the source's processors have stopped. (Cutting the network there can leave the
   * source's QEMU hanging in the middle of its last bytes until TCP gives up.)
   */
  async function loseDestination(): Promise<void> {
    const { here, there } = hosts;
    const source = await LibvirtConnection.connect({ socketPath: here.host.socket }, "qemu:///system");
    const { suspended } = LifecycleEvent;
    source.on("event", (event) => {
      if (event.kind !== "lifecycle" || event.event !== suspended) return;
      if (event.detail === LifecycleDetail.suspended.migrated) void there.host.killLibvirtd();
      void source.close();
    });
    await source.subscribe("lifecycle");
  }

  const unknown = { ok: false, failure: { code: "unknown" } };

  it("is suspended at its source when its destination was lost, and whoever knows more decides", async () => {
    const { vm } = await hosts.guest("doubtful");
    await loseDestination();
    const outcome = await hosts.here.ended(hosts.here.migrate(vm, hosts.there, SLOWLY));
    expect(outcome).toMatchObject(unknown);
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "paused", pauseReason: "user", job: "none" });
    expect(await hosts.here.does({ kind: "resume", vm })).toEqual({ ok: true });
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "running" });
  });

  it("is suspended, too, by an agent that only awaits what a former one began", async () => {
    const { vm } = await hosts.guest("inherited");
    const former = new Agent(hosts.here.host);
    await former.start();
    former.migrate(vm, hosts.there, SLOWLY);
    await hosts.shell(vm);
    await former.adapter.close();
    await loseDestination();
    const outcome = await hosts.here.does({ kind: "await-migration", vm });
    expect(outcome).toMatchObject(unknown);
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "paused", pauseReason: "user" });
  });

  it("that was to arrive paused runs once its destination resumes it", async () => {
    const { vm } = await hosts.guest("expected");
    expect(await careful.ended(careful.migrate(vm, hosts.there, FAST))).toEqual({ ok: true });
    expect(await hosts.here.inspect(vm)).toBe(null);
    expect(await hosts.there.inspect(vm)).toMatchObject({
      state: "paused",
      pauseReason: "user",
      job: "none",
    });
    expect(await hosts.there.does({ kind: "resume", vm })).toEqual({ ok: true });
    expect(await hosts.there.inspect(vm)).toMatchObject({ state: "running", job: "none" });
  });
});
