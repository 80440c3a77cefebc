/**
 * The transport: messages between agents over libp2p. One stream per peer, lane and direction, opened by the
 * sender when it has something to say; at most once, in order within a lane. It is not reliable and need not be:
 * a message that cannot be delivered within seconds is dropped and counted.
 */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { CODE_P2P } from "@multiformats/multiaddr";
import { present } from "../../lib/assert.ts";
import { DiscoveryError, fail, ok, type Result } from "../../lib/error.ts";
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import { LANES, type MessageCodec } from "../../ports/codec.ts";
import type { Lane } from "../../ports/effects.ts";
import type { TransportPort, TransportSink } from "../../ports/ports.ts";
import { Admission } from "./admission.ts";
import { readClusterKey } from "./cluster-key.ts";
import { dialUnknown, parseAddress } from "./dialling.ts";
import type { Hello } from "./hello.ts";
import { type Identity, loadIdentity } from "./identity.ts";
import { Inlet, type InletHost } from "./inlet.ts";
import { Link, type LinkHost } from "./link.ts";
import { createNetwork, streamLimits } from "./network.ts";
import { emptyCounters, type Report, type TransportCounters } from "./observations.ts";
import { protocolId, type TransportConfig } from "./settings.ts";

/** Deadlines and retries have this grain. */
const TICK = 1_000;
/** Ticks between acknowledgements: well within `ackTimeout`, and half the cost of one a second. */
const ACKNOWLEDGE_EVERY = 2;
/** A tick that comes this late shows that this process was held up: no peer is blamed for that. */
const LATE = 1_000;
const PRUNE_EVERY = 60;
const STRANGER_REPORT_INTERVAL = 10_000;
/** How long `close` waits for what is still queued, then for the connections. */
const FLUSH_TIMEOUT = 500;
const STOP_TIMEOUT = 2_000;

export interface TransportDependencies<Message> {
  readonly codec: MessageCodec<Message>;
  readonly sink: TransportSink<Message>;
  /** Told what is worth a log line. */
  readonly report: Report;
}

export class Libp2pTransport<Message> implements TransportPort<Message> {
  /** Counts since the start. */
  readonly counters: TransportCounters = emptyCounters();
  readonly #config: TransportConfig;
  readonly #codec: MessageCodec<Message>;
  readonly #report: Report;
  readonly #sink: TransportSink<Message>;
  readonly #identity: Identity;
  readonly #admission: Admission;
  readonly #links = new Map<NodeId, Link>();
  readonly #inlets = new Map<NodeId, Map<Lane, Inlet<Message>>>();
  #network: Libp2p | null = null;
  #ticker: NodeJS.Timeout | undefined;
  #ticks = 0;
  #tickedAt = 0;
  #dials = 0;
  #strangerReportedAt = Number.NEGATIVE_INFINITY;

  private constructor(config: TransportConfig, dependencies: TransportDependencies<Message>, id: Identity) {
    this.#config = config;
    this.#codec = dependencies.codec;
    this.#report = dependencies.report;
    this.#sink = dependencies.sink;
    this.#identity = id;
    this.#admission = new Admission(config.limits.admission);
  }

  /**
   * Reads the keys and listens.
   * @throws DiscoveryError when a key is missing, unsafe or damaged, or an address cannot be listened on.
   */
  static async start<Message>(
    config: TransportConfig,
    dependencies: TransportDependencies<Message>,
  ): Promise<Libp2pTransport<Message>> {
    const clusterKey = readClusterKey(config.clusterKeyFile);
    const identity = await loadIdentity(config.identityFile);
    const transport = new Libp2pTransport(config, dependencies, identity);
    await transport.#listen(clusterKey);
    return transport;
  }

  get id(): NodeId {
    return this.#identity.id;
  }

  /** Where this host really listens, with the port that was given to it. */
  get addresses(): readonly string[] {
    return this.#node.getMultiaddrs().map(String);
  }

  /** The peers with an open connection, and how many connections. */
  get connected(): { readonly peers: number; readonly connections: number } {
    return { peers: this.#node.getPeers().length, connections: this.#node.getConnections().length };
  }

  send(to: NodeId, message: Message): void {
    const lane = this.#codec.lane(message);
    const counters = this.counters.lanes[lane];
    const bytes = this.#encode(to, lane, message);
    if (bytes === null) return;
    const link = this.#link(to);
    if (bytes.length === 0 || bytes.length > this.#codec.maxBytes(lane)) {
      counters.droppedOversize += 1;
      this.#report({ event: "message-oversize", peer: to, lane, reason: `it has ${bytes.length} bytes` });
    } else if (link === null) counters.droppedUnreachable += 1;
    else link.send(lane, bytes);
  }

  /** A message outside the format's bounds is a defect of this agent: it is reported and dropped, and nothing breaks. */
  #encode(to: NodeId, lane: Lane, message: Message): Uint8Array | null {
    try {
      return this.#codec.encode(message);
    } catch (error) {
      this.counters.lanes[lane].droppedOversize += 1;
      this.#report({ event: "message-oversize", peer: to, lane, reason: String(error) });
      return null;
    }
  }

  dial(address: string): void {
    void this.#dial(address).then((answer) => this.#sink.addressAnswered(address, answer));
  }

  setAddresses(peer: NodeId, addresses: readonly string[]): void {
    if (addresses.length > 0) {
      this.#link(peer)?.setAddresses(addresses);
    } else {
      this.closePeer(peer, "the peer is forgotten");
      this.#links.delete(peer);
    }
  }

  /** Closes every connection with a peer and drops what waits for it; a later `send` starts anew. */
  closePeer(peer: NodeId, reason: string): void {
    this.#links.get(peer)?.reset(reason);
    for (const connection of this.#connections(peer)) connection.abort(new Error(reason));
  }

  /** Hands over what is still queued, says goodbye, and stops; takes a few seconds at most. */
  async close(): Promise<void> {
    const flushed = Promise.all([...this.#links.values()].map((link) => link.flushed()));
    await within(FLUSH_TIMEOUT, flushed);
    clearInterval(this.#ticker);
    await within(STOP_TIMEOUT, Promise.resolve(this.#node.stop()));
  }

  get #node(): Libp2p {
    return present(this.#network, "a started transport");
  }

  #linkHost(): LinkHost {
    return {
      node: this.#node,
      limits: this.#config.limits,
      counters: this.counters,
      report: this.#report,
      hello: this.#hello,
      maxBytes: (lane) => this.#codec.maxBytes(lane),
      now,
    };
  }

  #inletHost(): InletHost<Message> {
    return {
      codec: this.#codec,
      admission: this.#admission,
      counters: this.counters,
      hello: this.#hello,
      handshakeTimeout: this.#config.limits.handshakeTimeout,
      now,
      deliver: (from, message) => this.#deliver(from, message),
      refused: (peer, lane, reason) => {
        this.counters.streamsRefused += 1;
        this.#report({ event: "stream-refused", peer, lane, reason });
      },
      undecodable: (peer, lane, reason) => this.#report({ event: "message-undecodable", peer, lane, reason }),
      banned: (peer, reason) => this.#ban(peer, reason),
    };
  }

  readonly #hello = (lane: Lane): Hello => {
    const { protocol, version } = this.#config;
    return { protocolMin: protocol.min, protocolMax: protocol.max, version, lane };
  };

  /** A defect in what handles a message must stop the agent, not look like a fault of the peer. */
  #deliver(from: NodeId, message: Message): void {
    queueMicrotask(() => this.#sink.message(from, message));
  }

  #ban(peer: NodeId, reason: string): void {
    this.counters.peersBanned += 1;
    this.#report({ event: "peer-banned", peer, reason });
    this.closePeer(peer, reason);
  }

  async #listen(clusterKey: Uint8Array): Promise<void> {
    const denied = (peer: { toString(): string }) => this.#admission.banned(peer.toString(), now());
    this.#network = await createNetwork({
      privateKey: this.#identity.privateKey,
      clusterKey,
      listen: this.#config.listen,
      limits: this.#config.limits,
      gater: {
        denyDialPeer: denied,
        denyInboundEncryptedConnection: denied,
        denyOutboundEncryptedConnection: denied,
      },
      handshakeFailed: (reason) => this.#handshakeFailed(reason),
    }).catch((cause) => {
      throw cannotListen(this.#config.listen, cause);
    });
    await this.#serve(this.#node);
  }

  async #serve(node: Libp2p): Promise<void> {
    for (const lane of LANES)
      await node.handle(protocolId(lane), (stream, by) => this.#accept(stream, by, lane), streamLimits);
    node.addEventListener("peer:connect", ({ detail }) => this.#met(detail.toString()));
    node.addEventListener("peer:disconnect", ({ detail }) => this.#parted(detail.toString()));
    try {
      await node.start();
    } catch (cause) {
      await node.stop();
      throw cannotListen(this.#config.listen, cause);
    }
    this.#tickedAt = now();
    this.#ticker = setInterval(() => this.#tick(), TICK);
  }

  /** Every one is counted; strangers do not get to fill the log. */
  #handshakeFailed(reason: string): void {
    this.counters.handshakesFailed += 1;
    if (now() - this.#strangerReportedAt < STRANGER_REPORT_INTERVAL) return;
    this.#strangerReportedAt = now();
    this.#report({ event: "handshake-failed", reason });
  }

  #met(peer: NodeId): void {
    this.#report({ event: "peer-connected", peer });
    this.#links.get(peer)?.encourage();
  }

  #parted(peer: NodeId): void {
    this.#report({ event: "peer-disconnected", peer });
    this.#inlets.delete(peer);
  }

  #accept(stream: Stream, connection: Connection, lane: Lane): void {
    const peer = connection.remotePeer.toString();
    const lanes = this.#inlets.get(peer) ?? new Map<Lane, Inlet<Message>>();
    this.#inlets.set(peer, lanes);
    // The newest stream alone is read: what is left on an older one would come out of order.
    const older = lanes.get(lane);
    if (older?.open) {
      this.#report({ event: "stream-replaced", peer, lane });
      older.close("a newer stream of the same lane");
    }
    lanes.set(lane, new Inlet(this.#inletHost(), stream, peer, lane));
  }

  #tick(): void {
    const at = now();
    const trusted = at - this.#tickedAt < TICK + LATE;
    this.#tickedAt = at;
    this.#ticks += 1;
    if (this.#ticks % ACKNOWLEDGE_EVERY === 0)
      for (const lanes of this.#inlets.values()) for (const inlet of lanes.values()) inlet.tick();
    for (const link of this.#links.values()) link.tick(trusted);
    if (this.#ticks % PRUNE_EVERY === 0) this.#prune(at);
  }

  #prune(at: Instant): void {
    this.#admission.prune((peer) => this.#connections(peer).length > 0, at);
    for (const [peer, link] of this.#links) if (link.expendable) this.#links.delete(peer);
  }

  #link(peer: NodeId): Link | null {
    const known = this.#links.get(peer);
    if (known !== undefined) return known;
    if (this.#links.size >= this.#config.limits.peers) return null;
    const parsed = parsePeer(peer);
    if (parsed === null || peer === this.id) return null;
    const link = new Link(this.#linkHost(), peer, parsed);
    this.#links.set(peer, link);
    return link;
  }

  #connections(peer: NodeId): Connection[] {
    const parsed = parsePeer(peer);
    return parsed === null ? [] : this.#node.getConnections(parsed);
  }

  async #dial(text: string): Promise<Result<NodeId>> {
    const address = parseAddress(text);
    if (!address.ok) return address;
    if (this.#dials >= this.#config.limits.dials)
      return fail({ code: "busy", message: `Too many addresses are being dialled to try ${text}.` });
    this.#dials += 1;
    this.counters.dials += 1;
    const answer = await dialUnknown(this.#node, address.value, this.#config.limits.handshakeTimeout);
    this.#dials -= 1;
    if (!answer.ok) {
      this.counters.dialsFailed += 1;
      return answer;
    }
    const peer = answer.value.remotePeer.toString();
    const named = address.value.getComponents().some(({ code }) => code === CODE_P2P);
    this.#link(peer)?.learn(named ? address.value : address.value.encapsulate(`/p2p/${peer}`));
    return ok(peer);
  }
}

/** Monotonic milliseconds: good enough for deadlines of seconds. */
function now(): Instant {
  return Math.floor(performance.now());
}

function parsePeer(peer: NodeId) {
  try {
    return peerIdFromString(peer);
  } catch {
    return null;
  }
}

function cannotListen(listen: readonly string[], cause: unknown): DiscoveryError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const taken = text.includes("EADDRINUSE");
  return new DiscoveryError(
    {
      code: taken ? "conflict" : "failed",
      message: `Cannot listen on ${listen.join(", ")}.`,
      reason: taken ? "The port is in use." : (/E[A-Z]{4,}[^\n]*/.exec(text)?.[0] ?? text.slice(0, 200)),
    },
    { cause },
  );
}

async function within(milliseconds: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([done, timeout]);
  clearTimeout(timer);
}
