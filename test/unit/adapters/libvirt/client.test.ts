import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type ClientOptions,
  type ConnectionError,
  type DomainEvent,
  LibvirtClient,
} from "../../../../src/adapters/libvirt/index.ts";
import { procedures } from "../../../../src/adapters/libvirt/procedures.ts";
import { encoded, type Script, ScriptedDaemon } from "./scripted-daemon.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const { ConnectDomainEventCallbackRegisterAny, ConnectGetHostname, ConnectClose } = procedures;
const dom = { name: "d", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 7 };
const stopped = Buffer.concat([
  Buffer.alloc(4),
  encoded(procedures.DomainSuspend.args, { dom }),
  Buffer.from([0, 0, 0, 5, 0, 0, 0, 0]),
]);

const willing: Script = (call, peer) => {
  if (call.procedure === ConnectGetHostname.number) {
    peer.reply(call, encoded(ConnectGetHostname.ret, { hostname: "h1" }));
  } else if (call.procedure === ConnectDomainEventCallbackRegisterAny.number) {
    peer.reply(call, encoded(ConnectDomainEventCallbackRegisterAny.ret, { callbackID: 0 }));
  } else if (call.procedure === ConnectClose.number) {
    peer.reply(call, Buffer.alloc(0));
  }
};

/** A client, and everything it said, in order. */
async function begin(script: Script = willing, options: ClientOptions = {}) {
  const daemon = await ScriptedDaemon.listen(script);
  closing.push(() => daemon.dispose());
  const backoff = { firstMs: 2, maxMs: 10 };
  const client = new LibvirtClient(daemon, "test:///default", { backoff, events: ["lifecycle"], ...options });
  closing.push(() => client.stop());
  const said: string[] = [];
  const events: DomainEvent[] = [];
  client.on("connected", () => said.push("connected"));
  client.on("disconnected", (reason: ConnectionError) => said.push(`disconnected ${reason.failure}`));
  client.on("attemptFailed", (error) => said.push(`attemptFailed ${(error as ConnectionError).failure}`));
  client.on("event", (event) => events.push(event));
  return { daemon, client, said, events };
}

describe("a session", () => {
  test("says connected when calls work and its subscriptions are in place", async () => {
    const { daemon, client, said } = await begin();
    const registered = new Promise((resolve) =>
      client.on("connected", () => resolve(daemon.peer.calls.map(({ procedure }) => procedure))),
    );
    client.start();
    expect(await registered).toEqual([ConnectDomainEventCallbackRegisterAny.number]);
    expect(client.connected).toBe(true);
    expect(await client.call("ConnectGetHostname", {})).toEqual({ hostname: "h1" });
    expect(said).toEqual(["connected"]);
    expect(client.load).toEqual({ inFlight: 0, abandoned: 0, waiting: 0 });
  });

  test("comes back after the daemon's death, subscribes again and says so", async () => {
    const { daemon, client, said, events } = await begin();
    client.start();
    await vi.waitFor(() => expect(said).toEqual(["connected"]));
    await daemon.pause();
    await vi.waitFor(() => expect(said).toContain("attemptFailed connect-failed"));
    expect(said.slice(0, 2)).toEqual(["connected", "disconnected peer-closed"]);
    expect(client.connected).toBe(false);
    expect(client.load).toBeUndefined();
    await daemon.resume();
    await vi.waitFor(() => expect(said.at(-1)).toBe("connected"));
    expect(daemon.peers.length).toBeGreaterThan(1);
    expect(daemon.peer.calls.map(({ procedure }) => procedure)).toEqual([
      ConnectDomainEventCallbackRegisterAny.number,
    ]);
    daemon.peer.message(318, stopped);
    await vi.waitFor(() => expect(events).toEqual([{ kind: "lifecycle", dom, event: 5, detail: 0 }]));
  });

  test("refuses calls while there is no connection, and says that they did not happen", async () => {
    const { client } = await begin();
    const error = await client.call("ConnectGetHostname", {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: "not-connected", outcome: "not-sent" });
  });

  test("drops events that come before it says connected, since the listing that follows covers them", async () => {
    const { client, said, events } = await begin((call, peer) => {
      peer.message(318, stopped);
      willing(call, peer);
      if (call.procedure === ConnectGetHostname.number) peer.message(318, stopped);
    });
    client.start();
    await vi.waitFor(() => expect(said).toEqual(["connected"]));
    expect(events).toEqual([]);
    await client.call("ConnectGetHostname", {});
    await client.call("ConnectGetHostname", {});
    expect(events.length).toBeGreaterThanOrEqual(3);
  });

  test("tries again when the daemon dies in the middle of the greeting or of subscribing", async () => {
    const { daemon, client, said } = await begin((call, peer) => {
      if (daemon.peers.length > 3) willing(call, peer);
      else peer.socket.destroy();
    });
    client.start();
    await vi.waitFor(() => expect(said.at(-1)).toBe("connected"));
    expect(said).toHaveLength(4);
  });

  test("can be stopped at any moment and then stays stopped", async () => {
    const { daemon, client, said } = await begin();
    client.start();
    client.start();
    await vi.waitFor(() => expect(said).toEqual(["connected"]));
    await client.stop();
    expect(said).toEqual(["connected", "disconnected closed"]);
    expect(daemon.peer.calls.at(-1)?.procedure).toBe(ConnectClose.number);
    client.start();
    await client.stop();
    expect(daemon.peers).toHaveLength(1);
  });

  test("can be stopped while it waits for a daemon that does not come", async () => {
    const { daemon, client, said } = await begin(willing, {
      backoff: { firstMs: 3_600_000, maxMs: 3_600_000 },
    });
    await daemon.pause();
    client.start();
    await vi.waitFor(() => expect(said).toEqual(["attemptFailed connect-failed"]));
    await client.stop();
    expect(said).toHaveLength(1);
  });

  test("can be stopped while a daemon keeps it waiting", async () => {
    const { daemon, client, said } = await begin();
    daemon.greeting = { ...daemon.greeting, mute: true };
    client.start();
    await vi.waitFor(() => expect(daemon.peers).toHaveLength(1));
    await client.stop();
    expect(said).toEqual([]);
  });
});
