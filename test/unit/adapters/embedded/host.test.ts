import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { EmbeddedHostConfig } from "../../../../src/adapters/embedded/host.ts";
import type { Domain } from "../../../../src/hypervisor/domain.ts";
import { RecordedHost } from "../../../support/embedded-hosts.ts";
import { eventually } from "../../../support/real-clock.ts";

const CAPACITY = { cpu: 4000, memory: 1024 };
const WEB = { name: "web", cpus: 2, memory: 64, load: 1_500, dirtyRate: 10 };
const running: RecordedHost[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ adapter }) => adapter.close()));
});

async function up(config: Partial<EmbeddedHostConfig> = {}): Promise<{ host: RecordedHost; uri: string }> {
  const host = new RecordedHost({ port: 0, capacity: CAPACITY, settings: { sampleMs: 20 }, ...config });
  running.push(host);
  return { host, uri: await host.adapter.start() };
}

async function list(host: RecordedHost): Promise<readonly Domain[]> {
  const operation = host.run({ kind: "list" });
  await eventually(() => host.outcomes.has(operation), "the list");
  const outcome = host.outcomes.get(operation)!;
  return outcome.ok ? (outcome.domains ?? []) : [];
}

function wanted(host: RecordedHost): number | undefined {
  const last = host.events.findLast((event) => event.kind === "usage");
  return last?.kind === "usage" ? last.sample.domains[0]?.wanted : undefined;
}

/** Sends bytes to a host's side channel; true when it hung up. */
function say(uri: string, bytes: string): Promise<boolean> {
  const port = Number(uri.slice(uri.lastIndexOf(":") + 1));
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("error", () => {});
    socket.once("close", () => resolve(true));
  });
}

describe("an embedded host in real time", () => {
  it("says where it is found and what it has when it connects", async () => {
    const { host, uri } = await up();
    expect(uri).toMatch(/^embedded:\/\/127\.0\.0\.1:\d+$/);
    await eventually(() => host.events.length > 0, "connected");
    const info = { description: "embedded", migrationUri: uri, capacity: CAPACITY };
    expect(host.events[0]).toEqual({ kind: "connected", info });
  });

  it("runs its configured guests, foreign and persistent, under the same ids at every start", async () => {
    const first = await list((await up({ domains: [WEB] })).host);
    const second = await list((await up({ domains: [WEB] })).host);
    expect(first).toEqual(second);
    expect(first).toMatchObject([
      { name: "web", cpus: 2, memory: 64, state: "running", persistent: true, stamp: null },
    ]);
    expect(first[0]!.vm).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("lets a demo change a guest's load, by name or by id, and crash it", async () => {
    const { host } = await up({ domains: [WEB] });
    await eventually(() => wanted(host) === 1_500, "the configured load");
    expect(host.adapter.setLoad("web", 700)).toMatchObject({ ok: true });
    await eventually(() => wanted(host) === 700, "the new load");
    const [web] = await list(host);
    expect(host.adapter.setLoad(web!.vm, 800)).toMatchObject({ ok: true });
    await eventually(() => wanted(host) === 800, "the newest load");
    expect(host.adapter.setDirtyRate("web", 5)).toMatchObject({ ok: true });
    expect(host.adapter.crashGuest("web")).toMatchObject({ ok: true });
    expect(await list(host)).toMatchObject([{ state: "shutoff" }]);
  });

  it("refuses amounts that are none and guests that it has not", async () => {
    const { host } = await up({ domains: [WEB] });
    expect(host.adapter.setLoad("web", -1)).toMatchObject({ failure: { code: "invalid" } });
    expect(host.adapter.setLoad("web", 0.5)).toMatchObject({ failure: { code: "invalid" } });
    expect(host.adapter.setDirtyRate("db", 1)).toMatchObject({ failure: { code: "not-found" } });
    expect(host.adapter.crashGuest("db")).toMatchObject({ failure: { code: "not-found" } });
  });

  it("hangs up on garbage and goes on", async () => {
    const { host, uri } = await up({ domains: [WEB] });
    const message = { kind: "cancel", migration: "m" };
    const elsewhere = JSON.stringify({ from: "embedded://10.0.0.1:80", message });
    expect(await say(uri, "GET / HTTP/1.1\r\n\r\n")).toBe(true);
    expect(await say(uri, `${"\u0000".repeat(300_000)}`)).toBe(true);
    expect(await say(uri, `${elsewhere}\n`)).toBe(true);
    expect((await list(host)).length).toBe(1);
  });

  it("ends a migration to what is no address as unreachable, and the guest runs on", async () => {
    const { host } = await up({ domains: [WEB] });
    const [web] = await list(host);
    const policy = { bandwidthMibPerSecond: 0, timeoutMs: 0 };
    const operation = host.run({
      kind: "migrate",
      vm: web!.vm,
      uri: "qemu+tcp://other/system",
      policy,
      persistent: true,
    });
    await eventually(() => host.outcomes.has(operation), "the end of the migration");
    expect(host.outcomes.get(operation)).toMatchObject({ failure: { code: "unreachable" } });
    expect(await list(host)).toMatchObject([{ state: "running", job: "none" }]);
  });

  it("is silent once it is closed", async () => {
    const { host } = await up({ domains: [WEB] });
    const operation = host.run({ kind: "list" });
    await host.adapter.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(host.outcomes.has(operation)).toBe(false);
  });
});
