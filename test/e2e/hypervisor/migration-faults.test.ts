/** What dies in the middle of a migration, as the port tells it (libvirt 9.0, peer to peer). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { whyNoBed } from "../../bed/bed.ts";
import { contradictions } from "../../bed/witness.ts";
import { eventually } from "../../support/real-clock.ts";
import { Agent, connected, FAST, kill, SLOWLY, TwoHosts } from "./hosts.ts";

const reason = whyNoBed();
const title = reason === undefined ? "a migration in the middle of which" : `migrations (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let hosts: TwoHosts;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
  });
  afterEach(() => hosts.clear());
  afterAll(() => hosts.close());

  const runsHere = { state: "running", pauseReason: null, job: "none" };

  async function begun(name: string, policy = SLOWLY) {
    const guest = await hosts.guest(name);
    const operation = hosts.here.migrate(guest.vm, hosts.there, policy);
    await hosts.shell(guest.vm);
    return { ...guest, operation };
  }

  async function expectFailed(operation: number, code: string): Promise<void> {
    expect(await hosts.here.ended(operation)).toMatchObject({ ok: false, failure: { code } });
  }

  it("the destination's libvirtd dies fails, and the guest runs on at the source", async () => {
    const { vm, operation } = await begun("daemon");
    await hosts.there.host.killLibvirtd();
    await expectFailed(operation, "unreachable");
    expect(await hosts.here.inspect(vm)).toMatchObject(runsHere);
    await hosts.there.host.startLibvirtd();
    await eventually(() => connected(hosts.there), "the destination is back");
    await eventually(() => hosts.there.host.qemuProcesses().length === 0, "the shell is gone");
    expect(await hosts.there.inspect(vm)).toBe(null);
    expect(contradictions(await hosts.bed.witness(), ["daemon"])).toEqual([]);
  });

  it("the destination's QEMU dies fails, and its shell is told as a failed migration, not as a crash", async () => {
    const { vm, operation } = await begun("shell");
    kill(hosts.there.host, vm, "SIGKILL");
    expect((await hosts.here.ended(operation)).ok).toBe(false); // whichever of the two QEMUs libvirt hears first
    await hosts.there.heard(vm, "migration-in-failed");
    expect(hosts.there.causes(vm)).not.toContain("crashed");
    expect(await hosts.here.inspect(vm)).toMatchObject(runsHere);
  });

  it("the destination is cut off fails when libvirt has waited long enough, and the guest runs on", async () => {
    const { vm, operation } = await begun("cut", { ...SLOWLY, bandwidthMibPerSecond: 1 }); // far from its last phase
    await hosts.there.host.cut();
    await expectFailed(operation, "unreachable");
    expect(await hosts.here.inspect(vm)).toMatchObject(runsHere);
    await hosts.there.heard(vm, "migration-in-failed");
  });

  it("the source's libvirtd dies has an unknown end, and the guest stays", async () => {
    const { vm, operation } = await begun("source");
    await hosts.here.host.killLibvirtd();
    await expectFailed(operation, "unknown");
    await hosts.there.heard(vm, "migration-in-failed");
    await hosts.here.host.startLibvirtd();
    await eventually(() => connected(hosts.here), "the source is back");
    expect(await hosts.here.inspect(vm)).toMatchObject(runsHere);
  });

  it("the guest powers off fails, and the guest is gone everywhere", async () => {
    const { vm, console, operation } = await begun("poweroff");
    await console.send("stop");
    expect((await hosts.here.ended(operation)).ok).toBe(false);
    await hosts.here.heard(vm, "stopped");
    await hosts.there.heard(vm, "migration-in-failed");
    expect(await hosts.here.inspect(vm)).toBe(null);
  });

  it("an operator destroys the guest fails, and the guest is gone everywhere", async () => {
    const { vm, operation } = await begun("destroyed");
    await hosts.here.host.virsh(["destroy", "destroyed"]);
    expect((await hosts.here.ended(operation)).ok).toBe(false);
    await hosts.here.heard(vm, "stopped");
    await hosts.there.heard(vm, "migration-in-failed");
  });

  it("the guest panics succeeds all the same", async () => {
    const { vm, console, operation } = await begun("panics");
    await console.send("panic");
    expect(await hosts.here.ended(operation)).toEqual({ ok: true });
    expect(await hosts.there.inspect(vm)).not.toBe(null);
  });

  it("an operator suspends the guest succeeds, and the guest is paused at its destination like any other", async () => {
    const { vm, operation } = await begun("suspended");
    await hosts.here.host.virsh(["suspend", "suspended"]);
    expect(await hosts.here.ended(operation)).toEqual({ ok: true });
    expect(await hosts.there.inspect(vm)).toMatchObject({
      ...runsHere,
      state: "paused",
      pauseReason: "user",
    });
  });

  it("another process's abort comes ends as aborted", async () => {
    const { vm, operation } = await begun("foreign");
    await hosts.here.host.virsh(["domjobabort", "foreign"]);
    await expectFailed(operation, "aborted");
    expect(await hosts.here.inspect(vm)).toMatchObject(runsHere);
  });

  /** A migration whose agent has died, awaited by another. */
  async function awaited(name: string) {
    const { vm } = await hosts.guest(name);
    const before = new Agent(hosts.here.host);
    await before.start();
    before.migrate(vm, hosts.there);
    await hosts.shell(vm);
    await before.adapter.close();
    expect(before.outcomes.size).toBe(0);
    expect(await hosts.here.inspect(vm)).toMatchObject({ job: "migrating-out" });
    const awaiting = hosts.here.run({ kind: "await-migration", vm });
    await eventually(() => hosts.here.progress.some(({ operation }) => operation === awaiting), "progress");
    return { vm, awaiting };
  }

  it("the agent dies is awaited by the next one, who can abort it", async () => {
    const { vm, awaiting } = await awaited("orphan");
    expect(await hosts.here.does({ kind: "abort-migration", vm })).toEqual({ ok: true });
    await expectFailed(awaiting, "failed");
    expect(await hosts.here.inspect(vm)).toMatchObject(runsHere);
  });

  it("the guest dies is told so to an agent that only awaited it", async () => {
    const { vm, awaiting } = await awaited("mortal");
    kill(hosts.here.host, vm, "SIGKILL");
    await expectFailed(awaiting, "failed");
    await hosts.here.heard(vm, "crashed");
  });

  it("somebody awaits it at the destination is invalid: only the source's libvirt knows how far it is", async () => {
    const { vm } = await begun("arriving");
    expect(await hosts.there.does({ kind: "await-migration", vm })).toMatchObject({
      ok: false,
      failure: { code: "invalid" },
    });
  });

  it("moves a persistent domain with its definition", async () => {
    const vm = await hosts.persistentGuest("kept");
    expect(await hosts.here.inspect(vm)).toMatchObject({ persistent: true, stamp: null });
    expect(await hosts.here.ended(hosts.here.migrate(vm, hosts.there, FAST, true))).toEqual({ ok: true });
    expect(await hosts.here.inspect(vm)).toBe(null);
    expect(await hosts.there.inspect(vm)).toMatchObject({ persistent: true, state: "paused" });
  });

  it("others leave, too, does not hold up other commands", async () => {
    const guests = await Promise.all(["m1", "m2", "m3", "m4", "m5"].map((name) => hosts.guest(name)));
    const operations = guests.map(({ vm }) => hosts.here.migrate(vm, hosts.there, SLOWLY));
    await Promise.all(guests.map(({ vm }) => hosts.shell(vm)));
    expect(await hosts.here.inspect(guests[0]!.vm)).toMatchObject({ job: "migrating-out" });
    for (const operation of operations) expect(await hosts.here.ended(operation)).toEqual({ ok: true });
  });
});
