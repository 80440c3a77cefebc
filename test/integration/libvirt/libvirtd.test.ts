/** The client against a real libvirtd with libvirt's own test hypervisor; `virsh` is the independent witness. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  Affect,
  CallError,
  type Domain,
  type DomainEvent,
  DomainState,
  ErrorCode,
  Feature,
  LibvirtClient,
  LibvirtConnection,
  LibvirtError,
  LifecycleDetail,
  LifecycleEvent,
  ListFlags,
  MetadataType,
  MigrateFlags,
  SnapshotFlags,
  StatsTypes,
  UndefineFlags,
} from "../../../src/adapters/libvirt/index.ts";
import { PrivateLibvirtd, whyNoLibvirtd } from "./private-libvirtd.ts";

const URI = "test:///default";
const impossible = whyNoLibvirtd();
const titled = (title: string): string =>
  impossible === undefined ? title : `${title} (skipped: ${impossible})`;

const domainXml = (name: string, uuid: string): string =>
  `<domain type='test'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type>hvm</type></os></domain>`;
/** Of the impatient daemon: one ping a second, dead after two without an answer; and a second to spare. */
const IMPATIENT = "keepalive_interval = 1\nkeepalive_count = 2\n";
const DAEMON_PATIENCE_MS = 4000;
const WEB = "11111111-2222-4333-8444-555555555555";
const DB = "99999999-2222-4333-8444-555555555555";

async function refusal(promise: Promise<unknown>): Promise<LibvirtError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof LibvirtError)) throw error;
  return error;
}

describe.skipIf(impossible !== undefined)(titled("a real libvirtd"), () => {
  let daemon: PrivateLibvirtd;
  let connection: LibvirtConnection;
  const events: DomainEvent[] = [];

  beforeAll(async () => {
    daemon = await PrivateLibvirtd.start();
    connection = await LibvirtConnection.connect(daemon, URI);
    connection.on("event", (event) => events.push(event));
    for (const kind of ["lifecycle", "reboot", "jobCompleted", "migrationIteration"] as const) {
      await connection.subscribe(kind);
    }
  });
  afterAll(async () => {
    await connection?.close();
    await daemon?.dispose();
  });
  afterEach(() => {
    events.splice(0);
  });

  /** The lifecycle events of one domain, as event/detail, once there are as many as asked for. */
  const lifecycle = (name: string, count: number): Promise<string[]> =>
    vi.waitFor(() => {
      const seen = events.flatMap((event) =>
        event.kind === "lifecycle" && event.dom.name === name ? [`${event.event}/${event.detail}`] : [],
      );
      expect(seen.length).toBeGreaterThanOrEqual(count);
      return seen;
    });
  const define = async (name: string, uuid: string): Promise<Domain> =>
    (await connection.call("DomainDefineXMLFlags", { xml: domainXml(name, uuid) })).dom;
  const stateOf = async (dom: Domain): Promise<number> =>
    (await connection.call("DomainGetState", { dom })).state;

  describe("the connection", () => {
    test("versions, host name and features are what virsh says", async () => {
      const { libVer } = await connection.call("ConnectGetLibVersion", {});
      const { hvVer } = await connection.call("ConnectGetVersion", {});
      const dotted = (v: bigint): string => `${v / 1_000_000n}.${(v / 1000n) % 1000n}.${v % 1000n}`;
      const said = await daemon.virsh("version", "--daemon");
      expect(said).toContain(`Running against daemon: ${dotted(libVer)}`);
      expect(said).toContain(`Running hypervisor: TEST ${dotted(hvVer)}`);
      expect((await connection.call("ConnectGetHostname", {})).hostname).toBe(await daemon.virsh("hostname"));
      const { supported } = await connection.call("ConnectSupportsFeature", {
        feature: Feature.remoteEventCallback,
      });
      expect(supported).toBe(1);
    });

    test("capabilities are the bytes that virsh prints", async () => {
      const { capabilities } = await connection.call("ConnectGetCapabilities", {});
      expect(capabilities.trim()).toBe(await daemon.virsh("capabilities"));
    });

    test("a URI that no driver takes is refused in the daemon's own words", async () => {
      const error = await refusal(LibvirtConnection.connect(daemon, "nonsense:///system"));
      expect(error).toMatchObject({ code: ErrorCode.noConnect, procedure: "ConnectOpen" });
    });

    test("a thousand failing look-ups at once each get the error of their own", async () => {
      const names = Array.from({ length: 1000 }, (_, i) => `absent${i}`);
      const errors = await Promise.all(
        names.map((uri, i) =>
          refusal(
            i % 2 === 0
              ? connection.call("DomainLookupByName", { name: uri })
              : connection.call("DomainLookupByUUID", { uuid: DB }),
          ),
        ),
      );
      expect(new Set(errors.map(({ code }) => code))).toEqual(new Set([ErrorCode.noDomain]));
      expect(errors.map(({ procedure }) => procedure)).toEqual(
        names.map((_, i) => (i % 2 === 0 ? "DomainLookupByName" : "DomainLookupByUUID")),
      );
    });

    test("what the test hypervisor cannot do is told by its code", async () => {
      const { dom } = await connection.call("DomainLookupByName", { name: "test" });
      const calls = [
        connection.call("NodeGetMemoryStats", { nparams: 0, cellNum: -1 }),
        connection.call("DomainGetJobInfo", { dom }),
        connection.call("DomainGetJobStats", { dom }),
        connection.call("DomainAbortJob", { dom }),
        connection.call("DomainMigrateSetMaxSpeed", { dom, bandwidth: 8 }),
        connection.call("DomainMigrateSetMaxDowntime", { dom, downtime: 100n }),
        connection.call("DomainMigratePerform3Params", {
          dom,
          dconnuri: "qemu+tcp://192.0.2.1/system",
          params: [{ field: "bandwidth", type: "ullong", value: 8n }],
          cookieIn: Buffer.alloc(0),
          flags: MigrateFlags.live | MigrateFlags.peerToPeer,
        }),
      ];
      for (const error of await Promise.all(calls.map(refusal))) expect(error.code).toBe(ErrorCode.noSupport);
    });
  });

  describe("the host", () => {
    test("its size is what virsh says", async () => {
      const info = await connection.call("NodeGetInfo", {});
      const said = await daemon.virsh("nodeinfo");
      expect(said).toMatch(new RegExp(`CPU model: +${info.model}\n`));
      expect(said).toMatch(new RegExp(`CPU\\(s\\): +${info.cpus}\n`));
      expect(said).toMatch(new RegExp(`CPU frequency: +${info.mhz} MHz\n`));
      expect(said).toMatch(new RegExp(`CPU socket\\(s\\): +${info.sockets}\n`));
      expect(said).toMatch(new RegExp(`Core\\(s\\) per socket: +${info.cores}\n`));
      expect(said).toMatch(new RegExp(`Thread\\(s\\) per core: +${info.threads}\n`));
      expect(said).toMatch(new RegExp(`NUMA cell\\(s\\): +${info.nodes}\n`));
      expect(said).toMatch(new RegExp(`Memory size: +${info.memory} KiB`));
    });

    test("its CPU times are asked for in two steps", async () => {
      const { nparams } = await connection.call("NodeGetCPUStats", { cpuNum: -1, nparams: 0 });
      const { params } = await connection.call("NodeGetCPUStats", { cpuNum: -1, nparams });
      expect(params.map(({ field }) => field).sort()).toEqual(["idle", "iowait", "kernel", "user"]);
      const said = await daemon.virsh("nodecpustats");
      for (const { field, value } of params) {
        const name = field === "kernel" ? "system" : field;
        expect(said).toMatch(new RegExp(`${name}: +${value}\\b`));
      }
    });
  });

  describe("domains", () => {
    let dom: Domain;
    beforeAll(async () => {
      dom = await define("web", WEB);
    });
    afterAll(async () => {
      await connection.call("DomainUndefineFlags", { dom, flags: UndefineFlags.managedSave });
      expect(await daemon.virsh("list", "--all", "--name")).not.toContain("web");
    });

    test("define: virsh sees it, and it is found by name and by UUID", async () => {
      expect(await lifecycle("web", 1)).toEqual([`${LifecycleEvent.defined}/0`]);
      expect(await daemon.virsh("domuuid", "web")).toBe(WEB);
      expect((await connection.call("DomainLookupByName", { name: "web" })).dom).toEqual(dom);
      expect((await connection.call("DomainLookupByUUID", { uuid: WEB })).dom).toEqual(dom);
      expect(dom).toEqual({ name: "web", uuid: WEB, id: -1 });
    });

    test("list: all, the running, the inactive", async () => {
      const names = async (flags: number): Promise<string[]> => {
        const { domains, ret } = await connection.call("ConnectListAllDomains", { needResults: 1, flags });
        expect(ret).toBe(domains.length);
        return domains.map(({ name }) => name).sort();
      };
      expect(await names(0)).toEqual(["test", "web"]);
      expect(await names(ListFlags.active)).toEqual(["test"]);
      expect(await names(ListFlags.inactive)).toEqual(["web"]);
    });

    test("create, suspend, resume, shut down, create, destroy: state, events and virsh agree at every step", async () => {
      const { dom: started } = await connection.call("DomainCreateWithFlags", { dom });
      expect(started.id).toBeGreaterThan(0);
      expect(await stateOf(dom)).toBe(DomainState.running);
      expect(await daemon.virsh("domstate", "web")).toBe("running");
      await connection.call("DomainSuspend", { dom });
      expect(await stateOf(dom)).toBe(DomainState.paused);
      expect(await daemon.virsh("domstate", "web")).toBe("paused");
      await connection.call("DomainResume", { dom });
      expect(await daemon.virsh("domstate", "web")).toBe("running");
      await connection.call("DomainShutdownFlags", { dom });
      expect(await daemon.virsh("domstate", "web")).toBe("shut off");
      await connection.call("DomainCreateWithFlags", { dom });
      await connection.call("DomainDestroyFlags", { dom });
      expect(await stateOf(dom)).toBe(DomainState.shutoff);
      const { started: start, suspended, resumed, stopped } = LifecycleDetail;
      expect(await lifecycle("web", 6)).toEqual([
        `${LifecycleEvent.started}/${start.booted}`,
        `${LifecycleEvent.suspended}/${suspended.paused}`,
        `${LifecycleEvent.resumed}/${resumed.unpaused}`,
        `${LifecycleEvent.stopped}/${stopped.shutdown}`,
        `${LifecycleEvent.started}/${start.booted}`,
        `${LifecycleEvent.stopped}/${stopped.destroyed}`,
      ]);
    });

    test("what virsh does is seen as an event", async () => {
      await daemon.virsh("start", "web");
      expect(await lifecycle("web", 1)).toEqual([`${LifecycleEvent.started}/0`]);
      await daemon.virsh("destroy", "web");
      await lifecycle("web", 2);
    });

    test("an operation in the wrong state is told by its code", async () => {
      const to = join(daemon.directory, "never.save");
      const error = await refusal(connection.call("DomainSaveFlags", { dom, to }));
      expect(error).toMatchObject({ code: ErrorCode.operationInvalid, procedure: "DomainSaveFlags" });
    });

    test("its description and size are what virsh says", async () => {
      const { xml } = await connection.call("DomainGetXMLDesc", { dom });
      expect(xml.trim()).toBe(await daemon.virsh("dumpxml", "web"));
      const info = await connection.call("DomainGetInfo", { dom });
      const said = await daemon.virsh("dominfo", "web");
      expect(said).toMatch(new RegExp(`Max memory: +${info.maxMem} KiB`));
      expect(said).toMatch(new RegExp(`Used memory: +${info.memory} KiB`));
      expect(said).toMatch(new RegExp(`CPU\\(s\\): +${info.nrVirtCpu}\n`));
    });

    test("metadata is kept under its URI, and its absence is told by its code", async () => {
      const uri = "urn:example:owner";
      const type = MetadataType.element;
      const read = () => connection.call("DomainGetMetadata", { dom, type, uri, flags: Affect.config });
      expect((await refusal(read())).code).toBe(ErrorCode.noDomainMetadata);
      const metadata = '<owner id="7"/>';
      await connection.call("DomainSetMetadata", {
        dom,
        type,
        metadata,
        key: "o",
        uri,
        flags: Affect.config,
      });
      expect((await read()).metadata).toBe(metadata);
      expect(await daemon.virsh("metadata", "web", uri, "--config")).toBe(metadata);
      await connection.call("DomainSetMetadata", {
        dom,
        type,
        metadata: null,
        key: "o",
        uri,
        flags: Affect.config,
      });
      expect((await refusal(read())).code).toBe(ErrorCode.noDomainMetadata);
    });

    test("statistics come for all domains in one call", async () => {
      const { retStats } = await connection.call("ConnectGetAllDomainStats", {
        doms: [],
        stats: StatsTypes.state,
      });
      const states = retStats.map(({ dom: { name }, params }) => [name, params.number("state.state")]);
      expect(states.sort()).toEqual([
        ["test", DomainState.running],
        ["web", DomainState.shutoff],
      ]);
    });

    test("a snapshot is made and virsh lists it", async () => {
      const { snap } = await connection.call("DomainSnapshotCreateXML", {
        dom,
        xmlDesc: "<domainsnapshot><name>first</name></domainsnapshot>",
      });
      expect(snap).toEqual({ name: "first", dom });
      expect(await daemon.virsh("snapshot-list", "web", "--name")).toBe("first");
      await daemon.virsh("snapshot-delete", "web", "first");
      const refused = connection.call("DomainSnapshotCreateXML", {
        dom,
        xmlDesc: "<x/>",
        flags: SnapshotFlags.live,
      });
      expect(await refusal(refused)).toMatchObject({ procedure: "DomainSnapshotCreateXML" });
    });
  });

  test("a transient domain is created, saved to a file and restored from it", async () => {
    const { dom } = await connection.call("DomainCreateXML", { xmlDesc: domainXml("db", DB) });
    expect(dom).toMatchObject({ name: "db", uuid: DB });
    const to = join(daemon.directory, "db.save");
    await connection.call("DomainSaveFlags", { dom, to });
    expect(existsSync(to)).toBe(true);
    expect((await refusal(connection.call("DomainGetState", { dom }))).code).toBe(ErrorCode.noDomain);
    await connection.call("DomainRestoreFlags", { from: to });
    expect(await daemon.virsh("domstate", "db")).toBe("running");
    const { stopped, started } = LifecycleDetail;
    expect(await lifecycle("db", 3)).toEqual([
      `${LifecycleEvent.started}/${started.booted}`,
      `${LifecycleEvent.stopped}/${stopped.saved}`,
      `${LifecycleEvent.started}/${started.restored}`,
    ]);
    const { dom: restored } = await connection.call("DomainLookupByName", { name: "db" });
    await connection.call("DomainDestroyFlags", { dom: restored });
  });

  test("XML that is no domain is refused with the parser's own words", async () => {
    const error = await refusal(connection.call("DomainDefineXMLFlags", { xml: "<domain type='test'/>" }));
    expect(error.message).toMatch(/name|os/);
  });

  test("events stop when they are no longer asked for", async () => {
    const other = await LibvirtConnection.connect(daemon, URI);
    const seen: DomainEvent[] = [];
    other.on("event", (event) => seen.push(event));
    await other.subscribe("lifecycle");
    await other.unsubscribe("lifecycle");
    const dom = await define("web", WEB);
    await lifecycle("web", 1);
    await other.call("ConnectGetHostname", {});
    expect(seen).toEqual([]);
    await connection.call("DomainUndefineFlags", { dom });
    await other.close();
  });
});

describe.skipIf(impossible !== undefined)(titled("a libvirtd in trouble"), () => {
  let daemon: PrivateLibvirtd;
  beforeAll(async () => {
    daemon = await PrivateLibvirtd.start({ config: IMPATIENT });
  });
  afterAll(async () => {
    await daemon?.dispose();
  });

  test("stopped by a signal: a call ends at its deadline, and when it goes on, so does the connection", async () => {
    const connection = await LibvirtConnection.connect(daemon, URI);
    await daemon.order("stop");
    const error = await connection
      .call("ConnectGetHostname", {}, { timeoutMs: 100 })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ failure: "deadline", outcome: "unknown" });
    await daemon.order("continue");
    expect((await connection.call("ConnectGetHostname", {})).hostname).not.toBe("");
    // libvirtd answers with several threads: the late answer may come after the new one.
    await vi.waitFor(() => expect(connection.load.abandoned).toBe(0));
    await connection.close();
  });

  test("stopped by a signal for longer than the keepalive allows: the connection is given up", async () => {
    const keepalive = { intervalMs: 50, count: 2 };
    const connection = await LibvirtConnection.connect(daemon, URI, { keepalive });
    await daemon.order("stop");
    const error = await connection.call("ConnectGetHostname", {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: "connection-lost", cause: { failure: "keepalive-timeout" } });
    await daemon.order("continue");
    await daemon.answers();
  });

  test("idle: each side answers the other's keepalives, and the connection stays", async () => {
    const ours = await LibvirtConnection.connect(daemon, URI, { keepalive: { intervalMs: 50, count: 2 } });
    const theirs = await LibvirtConnection.connect(daemon, URI, {
      keepalive: { intervalMs: 3_600_000, count: 2 },
    });
    const since = performance.now();
    await vi.waitFor(() => expect(performance.now() - since).toBeGreaterThan(DAEMON_PATIENCE_MS), {
      timeout: 2 * DAEMON_PATIENCE_MS,
    });
    expect([ours.ended, theirs.ended]).toEqual([undefined, undefined]);
    await Promise.all([ours.close(), theirs.close()]);
  });

  test("killed: calls that are out are rejected at once, the session comes back and says to list again", async () => {
    const client = new LibvirtClient(daemon, URI, {
      events: ["lifecycle"],
      backoff: { firstMs: 20, maxMs: 100 },
    });
    const said: string[] = [];
    const events: DomainEvent[] = [];
    client.on("connected", () => said.push("connected"));
    client.on("disconnected", ({ failure }) => said.push(`disconnected ${failure}`));
    client.on("event", (event) => events.push(event));
    client.start();
    await vi.waitFor(() => expect(said).toEqual(["connected"]));
    await daemon.order("stop");
    const out = ["a", "b"].map((name) =>
      client.call("DomainLookupByName", { name }).catch((reason: unknown) => reason),
    );
    await daemon.order("kill");
    for (const error of await Promise.all(out)) {
      expect(error).toMatchObject({ failure: "connection-lost", outcome: "unknown" });
    }
    await vi.waitFor(() => expect(said.length).toBe(2));
    expect(said[1]).toMatch(/^disconnected (peer-closed|socket-error)$/);
    await daemon.order("start");
    await vi.waitFor(() => expect(said.at(-1)).toBe("connected"), { timeout: 20_000 });
    const { domains } = await client.call("ConnectListAllDomains", { needResults: 1 });
    expect(domains.map(({ name }) => name)).toEqual(["test"]);
    await daemon.virsh("suspend", "test");
    await vi.waitFor(() =>
      expect(events).toMatchObject([{ kind: "lifecycle", event: LifecycleEvent.suspended }]),
    );
    await client.stop();
    expect(said.at(-1)).toBe("disconnected closed");
  });
});
