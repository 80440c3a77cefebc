/**
 * The last phase of a migration: the destination is lost while it takes the guest over. libvirt then resumes the guest at
 * its source, whatever the destination has done with it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LibvirtConnection, LifecycleDetail, LifecycleEvent } from "../../../src/adapters/libvirt/index.ts";
import type { VmId } from "../../../src/model/virtual-machine.ts";
import { whyNoBed } from "../../bed/bed.ts";
import { eventually } from "../../support/real-clock.ts";
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

  /** Cuts the destination off before it can answer that it has taken the guest over. */
  async function loseDestination(): Promise<void> {
    const { here, there } = hosts;
    const source = await LibvirtConnection.connect({ socketPath: here.host.socket }, "qemu:///system");
    const { suspended } = LifecycleEvent;
    const frozen = new Promise<void>((resolve) => {
      source.on("event", (event) => {
        if (event.kind !== "lifecycle" || event.event !== suspended) return;
        if (event.detail !== LifecycleDetail.suspended.migrated) return;
        there.host.stopLibvirtd();
        resolve();
      });
    });
    await source.subscribe("lifecycle");
    void frozen.then(async () => {
      await there.host.cut();
      there.host.contLibvirtd();
      await source.close();
    });
  }

  const executing = async (vm: VmId) => {
    const seen = await Promise.all([hosts.here, hosts.there].map((agent) => agent.inspect(vm)));
    return seen.filter((domain) => domain?.state === "running").length;
  };

  const unknown = { ok: false, failure: { code: "unknown" } };

  it("is suspended at its source when its destination was lost, and whoever knows more decides", async () => {
    const { vm } = await hosts.guest("doubtful");
    await loseDestination();
    const outcome = await hosts.here.ended(hosts.here.migrate(vm, hosts.there, SLOWLY));
    expect(outcome).toMatchObject(unknown);
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "paused", pauseReason: "user", job: "none" });
    expect(await executing(vm)).toBeLessThanOrEqual(1);
    expect(await hosts.here.does({ kind: "resume", vm })).toEqual({ ok: true });
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "running" });
  });

  it("that was to arrive paused runs nowhere until somebody decides", async () => {
    const { vm } = await hosts.guest("careful");
    await loseDestination();
    const operation = careful.migrate(vm, hosts.there, SLOWLY);
    await eventually(() => careful.outcomes.has(operation), "the end", 60_000);
    expect(careful.outcomes.get(operation)).toMatchObject(unknown);
    expect(await executing(vm)).toBe(0);
    expect(hosts.there.causes(vm)).not.toContain("migrated-in");
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
