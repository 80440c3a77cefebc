/**
 * How embedded hypervisors of one machine talk to each other: TCP on the loopback, one connection a
 * direction, bounded frames. Messages may be lost (a slow or dead peer); a broken connection is told as
 * `closed`, like libvirtd's. There is no authentication: whoever may use the machine's loopback may speak, so
 * this is for demos and tests.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { EmbeddedChannelMessage } from "../../hypervisor/embedded/channel.ts";
import { present } from "../../lib/assert.ts";
import { encodeFrame, FrameReader } from "./frame.ts";

export interface SideChannelSink {
  message(from: string, message: EmbeddedChannelMessage): void;
  /** A connection to or from that peer broke or did not come about. */
  closed(peer: string): void;
}

const LOOPBACK = "127.0.0.1";
const ADDRESS = /^embedded:\/\/127\.0\.0\.1:(\d{1,5})$/;
/** More hosts than a machine runs; connections beyond it end the oldest. */
const MAX_PEERS = 256;
/** What a peer that does not read may hold of ours. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

export class SideChannel {
  readonly #sink: SideChannelSink;
  readonly #server: Server;
  readonly #outbound = new Map<string, Socket>();
  readonly #inbound = new Set<Socket>();
  #address: string | null = null;
  #closing = false;

  constructor(sink: SideChannelSink) {
    this.#sink = sink;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_PEERS;
  }

  /** Listens (port 0: any free one) and returns the address where peers find it. */
  async start(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, LOOPBACK, resolve);
    });
    const bound = this.#server.address();
    const chosen = typeof bound === "object" ? bound?.port : undefined;
    this.#address = `embedded://${LOOPBACK}:${present(chosen, "the port it listens on")}`;
    return this.#address;
  }

  send(to: string, message: EmbeddedChannelMessage): void {
    const socket = this.#outbound.get(to) ?? this.#dial(to);
    if (socket === null || socket.writableLength > MAX_BUFFERED_BYTES) return;
    socket.write(encodeFrame({ from: present(this.#address, "an address"), message }));
  }

  /** Ends all connections at once, as a host does that loses power. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const socket of [...this.#outbound.values(), ...this.#inbound]) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #dial(to: string): Socket | null {
    const port = Number(ADDRESS.exec(to)?.[1] ?? 0);
    if (this.#closing) return null;
    if (port < 1 || port > 65_535) {
      setImmediate(() => this.#broke(to));
      return null;
    }
    this.#makeRoom();
    const socket = connect({ port, host: LOOPBACK, noDelay: true });
    this.#outbound.set(to, socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", () => socket.destroy());
    socket.once("close", () => {
      if (this.#outbound.get(to) === socket) this.#outbound.delete(to);
      this.#broke(to);
    });
    return socket;
  }

  #makeRoom(): void {
    if (this.#outbound.size < MAX_PEERS) return;
    for (const oldest of this.#outbound.values()) {
      oldest.destroy();
      return;
    }
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader();
    let peer: string | null = null;
    this.#inbound.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      const frames = reader.read(chunk);
      if (frames === null) socket.destroy();
      for (const { from, message } of frames ?? []) {
        peer ??= from;
        if (from === peer && ADDRESS.test(from)) this.#sink.message(from, message);
        else socket.destroy();
      }
    });
    socket.once("close", () => {
      this.#inbound.delete(socket);
      if (peer !== null) this.#broke(peer);
    });
  }

  #broke(peer: string): void {
    if (!this.#closing) this.#sink.closed(peer);
  }
}
