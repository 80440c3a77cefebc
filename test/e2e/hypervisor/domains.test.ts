/** Domains as libvirt really has them: their ends, their metadata, their descriptions, a QEMU that hangs. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { STAMP_NAMESPACE } from "../../../src/adapters/libvirt/hypervisor/stamp.ts";
import type { VmId, VmSpec } from "../../../src/model/virtual-machine.ts";
import { whyNoBed } from "../../bed/bed.ts";
import { guestImage } from "../../bed/guest-image.ts";
import { eventually } from "../../support/real-clock.ts";
import { vmSpec, vmStamp } from "../../support/virtual-machines.ts";
import { connected, define, kill, TwoHosts } from "./hosts.ts";

const reason = whyNoBed();
const title = reason === undefined ? "domains of libvirt" : `domains of libvirt (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let hosts: TwoHosts;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
  });
  afterEach(() => hosts.clear());
  afterAll(() => hosts.close());

  const start = (spec: VmSpec) => hosts.here.does({ kind: "start", spec, stamp: vmStamp(1) });
  const usages = (vm: VmId) =>
    hosts.here.recent.filter(
      (event) => event.kind === "usage" && event.sample.domains.some((one) => one.vm === vm),
    );

  it("says what it is connected to", () => {
    const first = hosts.here.events[0];
    expect(first).toMatchObject({ kind: "connected", info: { migrationUri: hosts.here.host.migrationUri } });
    expect(first?.kind === "connected" && first.info.description).toMatch(/^libvirt \d+\.\d+\.\d+, QEMU \d/);
  });

  it("starts a guest of the short fields, which says READY in its console's log", async () => {
    const disk = `${hosts.here.host.dir}/disk & 1.raw`;
    writeFileSync(disk, randomBytes(65_536));
    const kernel = await guestImage();
    const spec = {
      ...vmSpec(1, 32, 2),
      boot: { kernel },
      disks: [{ path: disk, format: "raw", readOnly: false }],
    } as const;
    expect(await start(spec)).toEqual({ ok: true });
    expect(await hosts.here.inspect(spec.id)).toMatchObject({
      state: "running",
      cpus: 2,
      memory: 32,
      stamp: vmStamp(1),
    });
    const log = `${hosts.here.host.dir}/log/qemu/${spec.name}.console.log`;
    await eventually(() => existsSync(log) && /READY/.test(readFileSync(log, "latin1")), "READY");
    const described = await hosts.here.host.virsh(["dumpxml", spec.name]);
    expect(described).toContain(`<source file='${disk.replace("&", "&amp;")}'`);
    expect(described).toContain("<on_crash>destroy</on_crash>");
  });

  it("chooses interpreted guests where the processor does not assist KVM, and says why", async () => {
    const assisted = /\b(?:vmx|svm)\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
    await start({ ...vmSpec(1, 32), boot: { kernel: await guestImage() } });
    const report = hosts.here.reports.find(({ event }) => event === "domain-type");
    expect(report).toMatchObject({
      type: assisted ? "kvm" : "qemu",
      emulator: expect.stringMatching(/qemu/),
    });
  });

  it("refuses to start over a definition of the same id, and leaves it alone", async () => {
    await define(hosts.here.host, "defined");
    const id = (await hosts.here.host.virsh(["domuuid", "defined"])).trim();
    expect(await start({ ...vmSpec(1), id })).toMatchObject({ ok: false, failure: { code: "exists" } });
    expect(await start({ ...vmSpec(1), name: "defined" })).toMatchObject({
      ok: false,
      failure: { code: "exists" },
    });
    expect(await hosts.here.inspect(id)).toMatchObject({ state: "shutoff", persistent: true });
  });

  it.each<[string, Partial<VmSpec>]>([
    ["without memory", { memory: 0 }],
    ["with half a processor", { cpus: 0.5 }],
    ["with a name that is a path", { name: "../x" }],
    ["with a name that XML cannot hold", { name: "a\ud800" }],
    [
      "of a description that fights with the agent",
      { domainXml: "<domain><on_crash>restart</on_crash></domain>" },
    ],
  ])("a guest %s is invalid", async (_, changes) => {
    const outcome = await start({ ...vmSpec(1), ...changes });
    expect(outcome).toMatchObject({ ok: false, failure: { code: "invalid" } });
  });

  it("a guest whose disk is missing fails, and nothing is left", async () => {
    const disks = [{ path: "/nowhere/disk", format: "qcow2", readOnly: false }] as const;
    expect((await start({ ...vmSpec(1), disks })).ok).toBe(false);
    expect(await hosts.here.inspect(vmSpec(1).id)).toBe(null);
  });

  it("a terminated QEMU is a crash, though libvirt calls it a shutdown", async () => {
    const { vm } = await hosts.guest("termed");
    kill(hosts.here.host, vm, "SIGTERM");
    await hosts.here.heard(vm, "crashed");
    expect(hosts.here.causes(vm)).not.toContain("stopped");
  });

  it("a panic is a crash", async () => {
    const { vm, console } = await hosts.guest("panicked");
    await console.send("panic");
    await hosts.here.heard(vm, "crashed");
  });

  it("a persistent domain's crash leaves it shut off, and a stop of it is done", async () => {
    const vm = await hosts.persistentGuest("sturdy");
    kill(hosts.here.host, vm, "SIGKILL");
    await hosts.here.heard(vm, "crashed");
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "shutoff", persistent: true });
    expect(await hosts.here.does({ kind: "stop", vm, graceMs: 1_000 })).toEqual({ ok: true });
    expect(await hosts.here.does({ kind: "destroy", vm })).toEqual({ ok: true });
  });

  it("a pause and a resume by an operator are told, and the port can resume it, too", async () => {
    const { vm } = await hosts.guest("napper");
    await hosts.here.host.virsh(["suspend", "napper"]);
    await hosts.here.heard(vm, "paused");
    expect(await hosts.here.inspect(vm)).toMatchObject({ state: "paused", pauseReason: "user" });
    expect(await hosts.here.does({ kind: "resume", vm })).toEqual({ ok: true });
    await hosts.here.heard(vm, "resumed");
  });

  it("the stamp of a persistent domain is in its definition, and goes from it", async () => {
    const vm = await hosts.persistentGuest("adopted");
    const definition = () => hosts.here.host.virsh(["dumpxml", "--inactive", "adopted"]);
    expect(await hosts.here.does({ kind: "stamp", vm, stamp: vmStamp(7) })).toEqual({ ok: true });
    expect(await definition()).toContain(STAMP_NAMESPACE);
    expect(await hosts.here.inspect(vm)).toMatchObject({ stamp: vmStamp(7) });
    expect(await hosts.here.does({ kind: "stamp", vm, stamp: null })).toEqual({ ok: true });
    expect(await definition()).not.toContain(STAMP_NAMESPACE);
    expect(await hosts.here.does({ kind: "stamp", vm, stamp: null })).toEqual({ ok: true });
  });

  it("somebody's nonsense in our namespace makes a foreign domain, and is reported", async () => {
    const { vm } = await hosts.guest("odd");
    await hosts.here.host.virsh([
      "metadata",
      "odd",
      STAMP_NAMESPACE,
      "--key",
      "x",
      "--set",
      "<stamp>{}</stamp>",
      "--live",
    ]);
    expect(await hosts.here.inspect(vm)).toMatchObject({ stamp: null });
    expect(hosts.here.reports).toContainEqual({ event: "stamp-unreadable", vm });
  });

  it("a guest that died while libvirtd was away is missing from the next listing", async () => {
    const { vm } = await hosts.guest("unseen");
    await hosts.here.host.killLibvirtd();
    kill(hosts.here.host, vm, "SIGKILL");
    await hosts.here.host.startLibvirtd();
    await eventually(
      () => connected(hosts.here) && hosts.here.recent.some(({ kind }) => kind === "connected"),
      "back",
    );
    expect(await hosts.here.does({ kind: "list" })).toEqual({ ok: true, domains: [] });
  });

  it("a libvirtd that stands still is told as lost, and commands end as unknown", async () => {
    await hosts.guest("waiting");
    hosts.here.host.stopLibvirtd();
    expect(await hosts.here.does({ kind: "list" })).toMatchObject({
      ok: false,
      failure: { code: "unknown" },
    });
    await eventually(() => !connected(hosts.here), "disconnected", 60_000);
    await hosts.here.host.contLibvirtd();
    await eventually(() => connected(hosts.here), "connected", 60_000);
    expect(await hosts.here.does({ kind: "list" })).toMatchObject({ ok: true });
  });

  it("a QEMU that hangs keeps nobody from the others, and is destroyed", async () => {
    const [hung, other] = [await hosts.guest("hung"), await hosts.guest("other")];
    await eventually(() => usages(other.vm).length > 0, "usage of the other guest");
    kill(hosts.here.host, hung.vm, "SIGSTOP");
    await eventually(
      () => hosts.here.reports.some(({ event }) => event === "usage-late"),
      "a late reading",
      30_000,
    );
    hosts.here.forget();
    await eventually(() => usages(other.vm).length > 1, "usage past the one that hangs");
    expect(hosts.here.recent.some(({ kind }) => kind === "usage-unavailable")).toBe(false);
    expect(await hosts.here.inspect(hung.vm)).toMatchObject({ state: "running", job: "none" });
    expect(await hosts.here.does({ kind: "list" })).toMatchObject({ ok: true });
    expect(await hosts.here.does({ kind: "stop", vm: other.vm, graceMs: 20_000 })).toEqual({ ok: true });
    expect(await hosts.here.does({ kind: "stop", vm: hung.vm, graceMs: 500 })).toEqual({ ok: true });
    expect(await hosts.here.inspect(hung.vm)).toBe(null);
  });
});
