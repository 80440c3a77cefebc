import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/adapters/libp2p/settings.ts";
import type { Lane } from "../../../src/ports/effects.ts";
import { eventually, introduce, type Peer, Peers, upTo } from "./peers.ts";

let peers: Peers;
let children: ChildProcess[];
beforeEach(() => {
  peers = new Peers();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await peers.stop();
});

/** An echoing agent in a process of its own; resolves with its addresses. */
async function spawnPeer(name: string): Promise<{ child: ChildProcess; addresses: string[]; id: string }> {
  const program = new URL("./lone-peer.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, JSON.stringify(peers.config(name))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout! });
  const line = await new Promise<string>((resolve) => lines.once("line", resolve));
  const addresses = JSON.parse(line) as string[];
  return { child, addresses, id: addresses[0]!.split("/p2p/")[1]! };
}

/** Sends numbered messages until one comes back; returns the echo's number. */
async function heardBack(peer: Peer, id: string, what: string): Promise<void> {
  const start = peer.received.length;
  let n = 0;
  let lastSent = Number.NEGATIVE_INFINITY;
  await eventually(
    what,
    () => {
      if (performance.now() - lastSent > 200) {
        lastSent = performance.now();
        peer.transport.send(id, { lane: "membership", n: n++ });
      }
      return peer.received.length > start;
    },
    25_000,
  );
}

describe("a peer that fails", () => {
  it("is spoken to again after kill -9 and a restart on another port", async () => {
    const a = await peers.start("a");
    const first = await spawnPeer("b");
    a.transport.setAddresses(first.id, first.addresses);
    await heardBack(a, first.id, "the first process answers");
    first.child.kill("SIGKILL");
    await eventually("the connection is gone", () => a.transport.connected.peers === 0);
    a.transport.send(first.id, { lane: "membership", n: -1 });
    await eventually("a failed attempt", () => a.transport.counters.dialsFailed > 0);
    const second = await spawnPeer("b");
    expect(second.id).toBe(first.id);
    expect(second.addresses).not.toEqual(first.addresses);
    a.transport.setAddresses(second.id, second.addresses);
    await heardBack(a, second.id, "the second process answers");
  });

  it("is noticed when it stops answering on an open connection, and spoken to again when it goes on", async () => {
    const a = await peers.start("a", {
      limits: { ...DEFAULT_LIMITS, ackTimeout: 2_500, handshakeTimeout: 1_000 },
    });
    const b = await spawnPeer("b");
    a.transport.setAddresses(b.id, b.addresses);
    await heardBack(a, b.id, "the peer answers");
    b.child.kill("SIGSTOP");
    a.transport.send(b.id, { lane: "membership", n: 1 });
    await eventually("the silence is noticed", () => a.transport.counters.connectionsStalled === 1);
    expect(a.transport.connected.peers).toBe(0);
    b.child.kill("SIGCONT");
    await heardBack(a, b.id, "the peer answers again");
  });

  it("keeps a connection on which everything is acknowledged", async () => {
    const a = await peers.start("a", { limits: { ...DEFAULT_LIMITS, ackTimeout: 2_500 } });
    const b = await peers.start("b");
    introduce(a, b);
    const end = performance.now() + 4_000;
    await eventually("a talk longer than the patience", () => {
      const { messagesOut } = a.transport.counters.lanes.membership;
      if (b.received.length === messagesOut)
        a.transport.send(b.transport.id, { lane: "membership", n: messagesOut });
      return performance.now() > end;
    });
    expect(a.transport.counters.connectionsStalled).toBe(0);
    expect(a.transport.counters.dials).toBe(1);
  });

  it("bounds what waits for a peer that does not answer, lane by lane", async () => {
    const queue = { messages: 10, bytes: 1 << 20, lifetime: 1_000 };
    const a = await peers.start("a", { limits: { ...DEFAULT_LIMITS, queue } });
    const b = await peers.start("b");
    const gone = b.transport.addresses;
    await b.transport.close();
    a.transport.setAddresses(b.transport.id, gone);
    const lanes: Lane[] = ["membership", "partition"];
    for (const n of upTo(30)) for (const lane of lanes) a.transport.send(b.transport.id, { lane, n });
    const { membership, partition } = a.transport.counters.lanes;
    expect(membership.droppedFull).toBe(20);
    expect(partition.droppedFull).toBe(20);
    await eventually("the rest grew old", () => membership.droppedExpired + partition.droppedExpired === 20);
    expect(membership.messagesOut + partition.messagesOut).toBe(0);
  });

  it("keeps the newest membership messages and the oldest of the others", async () => {
    const queue = { messages: 10, bytes: 1 << 20, lifetime: 5_000 };
    const a = await peers.start("a", { limits: { ...DEFAULT_LIMITS, queue } });
    const b = await peers.start("b");
    introduce(a, b);
    for (const n of upTo(30)) {
      a.transport.send(b.transport.id, { lane: "membership", n });
      a.transport.send(b.transport.id, { lane: "partition", n });
    }
    await eventually("what was kept arrived", () => b.received.length === 20);
    const kept = (lane: Lane) =>
      b.received.filter(({ note }) => note.lane === lane).map(({ note }) => note.n);
    expect(kept("membership")).toEqual(upTo(30).slice(20));
    expect(kept("partition")).toEqual(upTo(30).slice(0, 10));
  });

  it("is let go when the membership says so, and comes back by itself", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    introduce(a, b);
    a.transport.send(b.transport.id, { lane: "membership", n: 1 });
    await eventually("arrived", () => b.received.length === 1);
    a.transport.closePeer(b.transport.id, "declared dead");
    await eventually(
      "both sides saw it",
      () => a.transport.connected.peers + b.transport.connected.peers === 0,
    );
    b.transport.send(a.transport.id, { lane: "membership", n: 2 });
    await eventually("the peer is heard again", () => a.received.length === 1);
  });

  it("is found again by two agents that dial each other at the same moment, many times", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    introduce(a, b);
    for (const n of upTo(10)) {
      a.transport.send(b.transport.id, { lane: "partition", n });
      b.transport.send(a.transport.id, { lane: "partition", n });
      await eventually(`round ${n}`, () => a.received.length === n + 1 && b.received.length === n + 1);
      a.transport.closePeer(b.transport.id, "next round");
      await eventually("closed", () => a.transport.connected.peers + b.transport.connected.peers === 0);
    }
  });
});
