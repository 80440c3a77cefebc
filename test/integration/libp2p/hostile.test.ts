import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Libp2p, Stream } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClusterKey } from "../../../src/adapters/libp2p/cluster-key.ts";
import { clusterPrologue, clusterWall } from "../../../src/adapters/libp2p/cluster-wall.ts";
import { frame } from "../../../src/adapters/libp2p/frames.ts";
import { encodeHello, type Hello } from "../../../src/adapters/libp2p/hello.ts";
import { loadIdentity } from "../../../src/adapters/libp2p/identity.ts";
import { createNetwork } from "../../../src/adapters/libp2p/network.ts";
import { DEFAULT_LIMITS, protocolId } from "../../../src/adapters/libp2p/settings.ts";
import { createClusterKey } from "../../../src/config/cluster-key.ts";
import { eventually, introduce, MAX_BYTES, type Peer, Peers, upTo } from "./peers.ts";

let peers: Peers;
let raw: Libp2p[];
let sockets: Socket[];
beforeEach(() => {
  peers = new Peers();
  raw = [];
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(raw.map((node) => node.stop()));
  await peers.stop();
});

const HELLO: Hello = { protocolMin: 1, protocolMax: 1, version: "0.0.0-raw", lane: "membership" };

/** A member of the cluster that does what it likes: an open stream of the membership lane, and its peer id. */
async function rawStream(to: Peer): Promise<{ stream: Stream; id: string }> {
  const { privateKey, id } = await loadIdentity(`${peers.directory}/raw-${raw.length}.key`);
  const node = await createNetwork({
    privateKey,
    clusterKey: readClusterKey(peers.clusterKeyFile),
    listen: [],
    limits: DEFAULT_LIMITS,
    gater: {},
    handshakeFailed: () => {},
  });
  raw.push(node);
  await node.start();
  const connection = await node.dial(multiaddr(to.transport.addresses[0]!));
  return { stream: await connection.newStream(protocolId("membership")), id };
}

function tcpTo(peer: Peer): Socket {
  const [, , host, , port] = peer.transport.addresses[0]!.split("/");
  const socket = connect(Number(port), host!);
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

async function stillTalks(a: Peer, b: Peer): Promise<void> {
  const before = b.received.length;
  introduce(a, b);
  a.transport.send(b.transport.id, { lane: "membership", n: 4242 });
  await eventually("honest peers still talk", () =>
    b.received.slice(before).some(({ note }) => note.n === 4242),
  );
}

describe("strangers at the port", () => {
  it("are refused when they hold another cluster's key, and both sides can tell", async () => {
    const a = await peers.start("a");
    const otherKey = `${peers.directory}/other.key`;
    createClusterKey(otherKey);
    const stranger = await peers.start("stranger", { clusterKeyFile: otherKey });
    const [address] = a.transport.addresses;
    stranger.transport.dial(address!);
    await eventually("the dial is answered", () => stranger.answers.size === 1);
    expect(stranger.answers.get(address!)).toMatchObject({
      ok: false,
      failure: { code: "permission-denied" },
    });
    await eventually("the host noticed", () => a.transport.counters.handshakesFailed === 1);
    introduce(stranger, a);
    stranger.transport.send(a.transport.id, { lane: "membership", n: 1 });
    await eventually("the attempt failed", () => stranger.transport.counters.dialsFailed > 1);
    expect(a.received).toEqual([]);
    expect(a.transport.connected.peers).toBe(0);
  });

  it("get nowhere when they have others prove for them: the handshake knows the key as well", async () => {
    const a = await peers.start("a");
    const key = readClusterKey(peers.clusterKeyFile);
    const otherKey = randomBytes(32);
    const node = await createLibp2p({
      transports: [tcp()],
      connectionProtector: clusterWall(key),
      connectionEncrypters: [noise({ prologueBytes: clusterPrologue(otherKey) })],
      streamMuxers: [yamux()],
    });
    raw.push(node);
    await expect(node.dial(multiaddr(a.transport.addresses[0]!))).rejects.toThrow();
    await eventually("the host noticed", () => a.transport.counters.handshakesFailed === 1);
    expect(a.transport.connected.peers).toBe(0);
  });

  it("do not wear the door out: thousands of attempts, and the next host still gets in", async () => {
    const [a, b] = [
      await peers.start("a"),
      await peers.start("b", { limits: { ...DEFAULT_LIMITS, inboundPerSecond: 1e6 } }),
    ];
    for (let round = 0; round < 300; round++)
      await Promise.all(
        upTo(20).map(
          () =>
            new Promise((resolve) => {
              const socket = tcpTo(b);
              socket.once("close", resolve);
              socket.write(randomBytes(64));
            }),
        ),
      );
    await eventually("all were turned away", () => b.transport.counters.handshakesFailed === 6_000);
    await stillTalks(a, b);
  });

  it("do no harm with noise, silence, slow dripping or forty open sockets", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    tcpTo(b).write(randomBytes(100_000));
    const closed = upTo(40).map(
      () => new Promise<void>((resolve) => tcpTo(b).once("close", () => resolve())),
    );
    const dripping = tcpTo(b);
    const drip = setInterval(() => dripping.writable && dripping.write(randomBytes(1)), 20);
    const droppedDrip = new Promise<void>((resolve) => dripping.once("close", () => resolve()));
    await stillTalks(a, b);
    await Promise.all([...closed, droppedDrip]);
    clearInterval(drip);
    await eventually("all counted", () => b.transport.counters.handshakesFailed === 42);
    await stillTalks(a, b);
  });
});

describe("members that misbehave", () => {
  it("are told so and heard no further when they speak other versions", async () => {
    const a = await peers.start("a", { protocol: { min: 3, max: 4 }, version: "9.9.9" });
    const b = await peers.start("b", { protocol: { min: 1, max: 2 } });
    introduce(a, b);
    a.transport.send(b.transport.id, { lane: "partition", n: 1 });
    const refusal = (peer: Peer) => peer.events.find(({ event }) => event === "stream-refused");
    await eventually("both know", () => refusal(a) !== undefined && refusal(b) !== undefined);
    expect(refusal(b)).toMatchObject({ peer: a.transport.id, lane: "partition" });
    expect(refusal(b)?.reason).toContain("it speaks 3 to 4 (version 9.9.9), we speak 1 to 2");
    expect(refusal(a)?.reason).toContain("it speaks 1 to 2");
    expect(b.received).toEqual([]);
    expect(a.transport.counters.lanes.partition.droppedUnreachable).toBe(1);
  });

  it("are heard at once when they come back with a version that is common", async () => {
    const a = await peers.start("a", { protocol: { min: 3, max: 4 } });
    const b = await peers.start("b", { protocol: { min: 1, max: 2 } });
    introduce(a, b);
    a.transport.send(b.transport.id, { lane: "partition", n: 1 });
    await eventually("refused", () => a.events.some(({ event }) => event === "stream-refused"));
    await b.transport.close();
    const upgraded = await peers.start("b", { protocol: { min: 1, max: 3 } });
    await stillTalks(a, upgraded);
    a.transport.send(upgraded.transport.id, { lane: "partition", n: 2 });
    await eventually("heard on the lane that was refused", () =>
      upgraded.received.some(({ note }) => note.lane === "partition"),
    );
  });

  it("are understood when only some of their versions are common", async () => {
    const a = await peers.start("a", { protocol: { min: 1, max: 4 } });
    const b = await peers.start("b", { protocol: { min: 4, max: 7 } });
    await stillTalks(a, b);
  });

  it.each([
    ["a message before the hello", () => frame(new TextEncoder().encode('{"lane":"membership","n":1}'))],
    ["a hello for another lane", () => frame(encodeHello({ ...HELLO, lane: "partition" }))],
    ["a hello that is too long", () => frame(new Uint8Array(2_000))],
    ["a frame of no bytes", () => new Uint8Array(4)],
    ["a frame that claims two gigabytes", () => Uint8Array.of(0x7f, 0xff, 0xff, 0xff)],
  ])("lose their stream for %s", async (_, bytes) => {
    const a = await peers.start("a");
    const { stream, id } = await rawStream(a);
    stream.send(bytes());
    await eventually("the stream is closed", () => stream.status !== "open");
    expect(a.events.find(({ event }) => event === "stream-refused")).toMatchObject({ peer: id });
    expect(a.received).toEqual([]);
  });

  it("lose their stream when they open it and say nothing", async () => {
    const a = await peers.start("a", { limits: { ...DEFAULT_LIMITS, handshakeTimeout: 500 } });
    const { stream } = await rawStream(a);
    await eventually("the stream is closed", () => stream.status !== "open");
  });

  it("lose their stream for a frame longer than the lane allows, before it has arrived", async () => {
    const a = await peers.start("a");
    const { stream } = await rawStream(a);
    stream.send(frame(encodeHello(HELLO)));
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, MAX_BYTES.membership + 1);
    stream.send(head);
    await eventually("the stream is closed", () => stream.status !== "open");
    expect(a.events.at(-1)?.reason).toContain("65537 bytes, where 65536 are allowed");
  });

  it("are counted, then cut off, when they send what cannot be decoded", async () => {
    const a = await peers.start("a");
    const { stream, id } = await rawStream(a);
    stream.send(frame(encodeHello(HELLO)));
    for (const _ of upTo(9)) stream.send(frame(randomBytes(50)));
    await eventually("the stream is closed", () => stream.status !== "open");
    expect(a.transport.counters.lanes.membership.undecodable).toBe(9);
    expect(a.events.filter(({ event }) => event === "message-undecodable")[0]).toMatchObject({ peer: id });
  });

  it("are banned after three offences and let in again when the ban is over", async () => {
    const admission = { ...DEFAULT_LIMITS.admission, ban: 1_000 };
    const a = await peers.start("a", { limits: { ...DEFAULT_LIMITS, admission } });
    const { stream, id } = await rawStream(a);
    const connection = raw[0]!.getConnections()[0]!;
    for (const _ of upTo(3)) {
      const next = await connection.newStream(protocolId("membership"));
      next.send(frame(new Uint8Array(2_000)));
      await eventually("the stream is closed", () => next.status !== "open");
    }
    await eventually("the connection is closed", () => stream.status !== "open");
    expect(a.events.some(({ event, peer }) => event === "peer-banned" && peer === id)).toBe(true);
    expect(a.transport.counters.peersBanned).toBe(1);
    const address = multiaddr(a.transport.addresses[0]!);
    let letIn = false;
    const knock = async (): Promise<void> => {
      const again = await raw[0]!.dial(address);
      await again.newStream(protocolId("membership"));
      letIn = true;
    };
    await expect(knock()).rejects.toThrow();
    let busy = false;
    await eventually("let in again", () => {
      if (!busy && !letIn) {
        busy = true;
        void knock()
          .catch(() => {})
          .finally(() => {
            busy = false;
          });
      }
      return letIn;
    });
  });

  it("are held to their rate: what is above it is dropped", async () => {
    const rates = { ...DEFAULT_LIMITS.admission.rates, partition: { perSecond: 1, burst: 10 } };
    const admission = { ...DEFAULT_LIMITS.admission, rates };
    const a = await peers.start("a");
    const b = await peers.start("b", { limits: { ...DEFAULT_LIMITS, admission } });
    introduce(a, b);
    for (const n of upTo(100)) a.transport.send(b.transport.id, { lane: "partition", n });
    const { partition } = b.transport.counters.lanes;
    await eventually("all were read", () => partition.messagesIn + partition.droppedFlood === 100);
    expect(b.received.map(({ note }) => note.n).slice(0, 10)).toEqual(upTo(10));
    expect(partition.messagesIn).toBeLessThan(20);
    await stillTalks(a, b);
  });

  it("that open a second stream of a lane are read on that one alone", async () => {
    const a = await peers.start("a");
    const { stream } = await rawStream(a);
    stream.send(frame(encodeHello(HELLO)));
    const newer = await raw[0]!.getConnections()[0]!.newStream(protocolId("membership"));
    newer.send(frame(encodeHello(HELLO)));
    newer.send(frame(new TextEncoder().encode('{"lane":"membership","n":7}')));
    await eventually("the older stream is closed", () => stream.status !== "open");
    await eventually("the newer one is read", () => a.received.some(({ note }) => note.n === 7));
  });
});
