/**
 * The last phase of a migration: the destination is lost while it takes the guest over. libvirt then lets the guest go on
 * at its source, whatever the destination has done with it; so the copy there must not run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LibvirtConnection, LifecycleDetail, LifecycleEvent } from "../../../src/adapters/libvirt/index.ts";
import { whyNoBed } from "../../bed/bed.ts";
import { eventually } from "../../support/real-clock.ts";
import { Agent, connected, FAST, SLOWLY, TwoHosts } from "./hosts.ts";

const reason = whyNoBed();
const title = reason === undefined ? "a guest that is handed over" : `handing over (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let hosts: TwoHosts;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
  });
  afterEach(() => hosts.clear());
  afterAll(() => hosts.close());

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

  const running = { state: "running", pauseReason: null, job: "none" };

  /** The destination's libvirtd is back, and whatever its QEMU is, it does not run. */
  async function expectNoSecondGuest(vm: string): Promise<void> {
    await hosts.there.host.startLibvirtd();
    await eventually(() => connected(hosts.there), "the destination is back");
    expect((await hosts.there.inspect(vm))?.state).not.toBe("running");
  }

  it("goes on at its source when its destination was lost, and does not run there", async () => {
    const { vm } = await hosts.guest("doubtful");
    await loseDestination();
    const outcome = await hosts.here.ended(hosts.here.migrate(vm, hosts.there, SLOWLY));
    expect(outcome).toMatchObject({ ok: false, failure: { code: "unreachable" } });
    expect(await hosts.here.inspect(vm)).toMatchObject(running);
    await expectNoSecondGuest(vm);
  });

  it("goes on, too, under an agent that only awaits what a former one began", async () => {
    const { vm } = await hosts.guest("inherited");
    const former = new Agent(hosts.here.host);
    await former.start();
    former.migrate(vm, hosts.there, SLOWLY);
    await hosts.shell(vm);
    await former.adapter.close();
    await loseDestination();
    const outcome = await hosts.here.does({ kind: "await-migration", vm });
    expect(outcome).toMatchObject({ ok: false });
    expect(await hosts.here.inspect(vm)).toMatchObject(running);
    await expectNoSecondGuest(vm);
  });

  it("runs once its destination resumes it", async () => {
    const { vm } = await hosts.guest("expected");
    expect(await hosts.here.ended(hosts.here.migrate(vm, hosts.there, FAST))).toEqual({ ok: true });
    expect(await hosts.here.inspect(vm)).toBe(null);
    expect(await hosts.there.inspect(vm)).toMatchObject({
      state: "paused",
      pauseReason: "user",
      job: "none",
    });
    expect(await hosts.there.does({ kind: "resume", vm })).toEqual({ ok: true });
    expect(await hosts.there.inspect(vm)).toMatchObject(running);
  });
});
