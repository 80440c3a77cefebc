/**
 * The client against two real libvirtds with guests of QEMU (emulated: no KVM needed): what the test hypervisor
 * cannot do. The guests are a BIOS that finds nothing to boot; one has memory full of noise, so that moving it takes time.
 */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  CallError,
  type Domain,
  type DomainEvent,
  DomainState,
  ErrorCode,
  JobOperation,
  JobStatsFlags,
  JobType,
  LibvirtConnection,
  LifecycleDetail,
  LifecycleEvent,
  MigrateFlags,
  MigrateParam,
  SnapshotFlags,
  StatsTypes,
} from "../../../src/adapters/libvirt/index.ts";
import { PrivateLibvirtd, whyNoQemu } from "./private-libvirtd.ts";

const URI = "qemu:///system";
const impossible = whyNoQemu();
const titled = (title: string): string =>
  impossible === undefined ? title : `${title} (skipped: ${impossible})`;

const NOISE_MIB = 16;
const guestXml = (name: string, noise?: string): string => `
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${name}</name><memory unit='MiB'>${2 * NOISE_MIB}</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
  ${noise === undefined ? "" : `<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='loader,file=${noise},addr=0x1000000,force-raw=on'/></qemu:commandline>`}
</domain>`;

/** One of the two hosts, and what its client has heard. */
interface Host {
  readonly daemon: PrivateLibvirtd;
  readonly connection: LibvirtConnection;
  readonly events: DomainEvent[];
}

async function startHost(name: string): Promise<Host> {
  const config = `host_uuid = "00000000-0000-4000-8000-00000000000${name.at(-1)}"\n`;
  const daemon = await PrivateLibvirtd.start({ hypervisor: URI, config, name });
  const connection = await LibvirtConnection.connect(daemon, URI);
  const events: DomainEvent[] = [];
  connection.on("event", (event) => events.push(event));
  for (const kind of ["lifecycle", "reboot", "jobCompleted", "migrationIteration"] as const) {
    await connection.subscribe(kind);
  }
  return { daemon, connection, events };
}

describe.skipIf(impossible !== undefined)(titled("guests of QEMU"), () => {
  let source: Host;
  let target: Host;
  let noise: string;

  beforeAll(async () => {
    [source, target] = await Promise.all([startHost("h1"), startHost("h2")]);
    noise = join(source.daemon.directory, "noise");
    await writeFile(noise, randomBytes(NOISE_MIB * 1024 * 1024));
  });
  afterAll(async () => {
    for (const host of [source, target]) {
      await host?.connection.close();
      await host?.daemon.dispose();
    }
  });

  const create = async (host: Host, xmlDesc: string): Promise<Domain> =>
    (await host.connection.call("DomainCreateXML", { xmlDesc })).dom;
  const destroy = (host: Host, dom: Domain) => host.connection.call("DomainDestroyFlags", { dom });
  const migrate = (dom: Domain, bandwidth?: bigint) =>
    source.connection.call("DomainMigratePerform3Params", {
      dom,
      dconnuri: target.daemon.remoteUri,
      params: [
        {
          field: MigrateParam.migrateUri,
          type: "string",
          value: `unix://${target.daemon.directory}/run/moving`,
        },
        ...(bandwidth === undefined
          ? []
          : [{ field: MigrateParam.bandwidth, type: "ullong" as const, value: bandwidth }]),
      ],
      cookieIn: Buffer.alloc(0),
      flags: MigrateFlags.live | MigrateFlags.peerToPeer,
    });
  const heard = (host: Host, name: string): string[] =>
    host.events.flatMap((event) =>
      event.kind === "lifecycle" && event.dom.name === name ? [`${event.event}/${event.detail}`] : [],
    );

  test("memory of the host and capabilities of its domains are what virsh says", async () => {
    const { connection, daemon } = source;
    const { nparams } = await connection.call("NodeGetMemoryStats", { nparams: 0, cellNum: -1 });
    const { params } = await connection.call("NodeGetMemoryStats", { nparams, cellNum: -1 });
    expect(params.map(({ field }) => field).sort()).toEqual(["buffers", "cached", "free", "total"]);
    const total = params.find(({ field }) => field === "total")?.value;
    expect(await daemon.virsh("nodememstats")).toMatch(new RegExp(`total *: +${total} KiB`));
    const emulated = { arch: "x86_64", virttype: "qemu" };
    const { capabilities } = await connection.call("ConnectGetDomainCapabilities", emulated);
    const said = await daemon.virsh("domcapabilities", "--arch", "x86_64", "--virttype", "qemu");
    expect(capabilities.trim()).toBe(said);
  });

  test("a live migration from daemon to daemon is one call, and both sides tell it", async () => {
    const dom = await create(source, guestXml("moving"));
    await migrate(dom);
    expect(await target.daemon.virsh("domstate", "moving", "--reason")).toBe("running (migrated)");
    expect(await source.daemon.virsh("list", "--all", "--name")).not.toContain("moving");
    const { started, suspended, resumed, stopped } = LifecycleDetail;
    await vi.waitFor(() => {
      expect(heard(source, "moving").slice(-2)).toEqual([
        `${LifecycleEvent.suspended}/${suspended.migrated}`,
        `${LifecycleEvent.stopped}/${stopped.migrated}`,
      ]);
      expect(heard(target, "moving")).toEqual([
        `${LifecycleEvent.started}/${started.migrated}`,
        `${LifecycleEvent.resumed}/${resumed.migrated}`,
      ]);
      const kinds = new Set(source.events.map(({ kind }) => kind));
      expect(kinds).toEqual(new Set(["lifecycle", "migrationIteration", "jobCompleted"]));
    });
    const done = source.events.find((event) => event.kind === "jobCompleted");
    expect(done?.params.number("operation")).toBe(JobOperation.migrationOut);
    expect(done?.params.bigint("downtime")).toBeGreaterThan(0n);
    const { dom: arrived } = await target.connection.call("DomainLookupByName", { name: "moving" });
    const flags = JobStatsFlags.completed;
    const job = await target.connection.call("DomainGetJobStats", { dom: arrived, flags });
    expect(job.type).toBe(JobType.completed);
    expect(job.params.bigint("time_elapsed")).toBeGreaterThan(0n);
    await destroy(target, arrived);
  });

  test("a slow migration can be watched, tuned and aborted, and the guest stays where it was", async () => {
    const dom = await create(source, guestXml("slow", noise));
    const { connection } = source;
    const moving = migrate(dom, 1n).then(
      () => "moved",
      (error: unknown) => error,
    );
    const remaining = await vi.waitFor(
      async () => {
        const { type, params } = await connection.call("DomainGetJobStats", { dom });
        expect(type).toBe(JobType.unbounded);
        expect(params.number("operation")).toBe(JobOperation.migrationOut);
        expect(params.bigint("memory_processed")).toBeGreaterThan(0n);
        return params.bigint("memory_remaining");
      },
      { timeout: 10_000 },
    );
    expect(remaining).toBeGreaterThan(1024n * 1024n);
    const info = await connection.call("DomainGetJobInfo", { dom });
    expect(info.type).toBe(JobType.unbounded);
    expect(info.memTotal).toBeGreaterThan(BigInt(NOISE_MIB * 1024 * 1024));
    expect(info.dataTotal).toBe(info.memTotal + info.fileTotal);
    await connection.call("DomainMigrateSetMaxSpeed", { dom, bandwidth: 2 });
    expect(await source.daemon.virsh("migrate-getspeed", "slow")).toBe("2");
    await connection.call("DomainMigrateSetMaxDowntime", { dom, downtime: 123 });
    expect(await source.daemon.virsh("migrate-getmaxdowntime", "slow")).toBe("123");
    await connection.call("DomainAbortJob", { dom });
    expect(await moving).toMatchObject({ code: ErrorCode.operationAborted });
    expect(await connection.call("DomainGetState", { dom })).toMatchObject({ state: DomainState.running });
    await vi.waitFor(async () => {
      expect(await target.daemon.virsh("list", "--all", "--name")).not.toContain("slow");
    });
    await destroy(source, dom);
  });

  test("a checkpoint of memory taken on one host is a guest on the other", async () => {
    const dom = await create(source, guestXml("kept"));
    const file = join(target.daemon.directory, "kept.memory");
    const xmlDesc = `<domainsnapshot><name>c</name><memory snapshot='external' file='${file}'/></domainsnapshot>`;
    const flags = SnapshotFlags.live | SnapshotFlags.noMetadata;
    await source.connection.call("DomainSnapshotCreateXML", { dom, xmlDesc, flags });
    expect(await source.connection.call("DomainGetState", { dom })).toMatchObject({
      state: DomainState.running,
    });
    await destroy(source, dom);
    await target.connection.call("DomainRestoreFlags", { from: file });
    expect(await target.daemon.virsh("domstate", "kept")).toBe("running");
    const { dom: restored } = await target.connection.call("DomainLookupByName", { name: "kept" });
    expect(restored.uuid).toBe(dom.uuid);
    const to = `${file}.2`;
    await target.connection.call("DomainSaveFlags", { dom: restored, to });
    expect(await target.daemon.virsh("list", "--all", "--name")).not.toContain("kept");
  });

  test("a guest's reset is an event, and its CPU time a statistic", async () => {
    const dom = await create(source, guestXml("busy"));
    await source.daemon.virsh("reset", "busy");
    await vi.waitFor(() => expect(source.events).toContainEqual({ kind: "reboot", dom }));
    const stats = StatsTypes.state | StatsTypes.cpuTotal | StatsTypes.balloon | StatsTypes.vcpu;
    const { retStats } = await source.connection.call("ConnectGetAllDomainStats", { doms: [dom], stats });
    expect(retStats.map((record) => record.dom)).toEqual([dom]);
    const params = retStats[0]!.params;
    expect(params.bigint("cpu.time")).toBeGreaterThan(0n);
    expect(params.number("balloon.maximum")).toBe(2 * NOISE_MIB * 1024);
    expect(params.number("vcpu.current")).toBe(1);
    await destroy(source, dom);
  });

  describe("a QEMU that hangs", () => {
    const stats = StatsTypes.cpuTotal | StatsTypes.vcpu | StatsTypes.balloon;
    let dom: Domain;
    beforeAll(async () => {
      dom = await create(source, guestXml("hung"));
      await source.daemon.order("stop-guest hung");
    });
    afterAll(async () => {
      await source.daemon.order("continue-guest hung");
      await destroy(source, dom);
    });
    const ask = (connection: LibvirtConnection): Promise<unknown> =>
      connection
        .call("ConnectGetAllDomainStats", { doms: [], stats }, { timeoutMs: 500 })
        .catch((error) => error);

    test("blocks ordinary calls up to their deadlines, while urgent ones and keepalives get past", async () => {
      const keepalive = { intervalMs: 100, count: 2 };
      const connection = await LibvirtConnection.connect(source.daemon, URI, { keepalive });
      const stuck = Promise.all(Array.from({ length: 5 }, () => ask(connection)));
      expect(await connection.call("DomainGetState", { dom })).toMatchObject({ state: DomainState.running });
      const errors = await stuck;
      for (const error of errors) expect(error).toBeInstanceOf(CallError);
      expect(errors.map((error) => (error as CallError).outcome)).toEqual([
        ...Array(3).fill("unknown"),
        ...Array(2).fill("not-sent"),
      ]);
      expect(await connection.call("DomainGetState", { dom })).toMatchObject({ state: DomainState.running });
      expect(connection.load).toEqual({ inFlight: 3, abandoned: 3, waiting: 0 });
      expect(connection.ended).toBeUndefined();
      await connection.close();
    });

    test("with more calls out than the daemon takes, it would not even read keepalives", async () => {
      const options = { keepalive: { intervalMs: 100, count: 2 }, maxInFlight: 6 };
      const connection = await LibvirtConnection.connect(source.daemon, URI, options);
      const ended = new Promise((resolve) => connection.once("close", resolve));
      await Promise.all(Array.from({ length: 5 }, () => ask(connection)));
      expect(await ended).toMatchObject({ failure: "keepalive-timeout" });
    });
  });
});
