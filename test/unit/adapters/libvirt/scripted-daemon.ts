/**
 * A daemon in this process that does what a test tells it: it greets as libvirtd does, hands every other call to the
 * test's script, and can send any bytes at all.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Codec } from "../../../../src/adapters/libvirt/codec.ts";
import { ErrorCode, errorBody } from "../../../../src/adapters/libvirt/errors.ts";
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameStatus,
  FrameType,
  KEEPALIVE_PROGRAM,
  KeepaliveProcedure,
  keepaliveFrame,
  REMOTE_PROGRAM,
} from "../../../../src/adapters/libvirt/frame.ts";
import { procedures } from "../../../../src/adapters/libvirt/procedures.ts";
import { XdrWriter } from "../../../../src/adapters/libvirt/xdr.ts";

export const encoded = <In>(codec: Codec<In, unknown>, value: In): Buffer => {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.bytes();
};

/** One client's connection, as the daemon has it. */
export class Peer {
  readonly socket: Socket;
  /** The calls that came after the greeting, in order. */
  readonly calls: Frame[] = [];
  keepalives: "answered" | "ignored" = "answered";
  pings = 0;
  pongs = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(frame: Frame): void {
    this.socket.write(encodeFrame(frame));
  }

  reply(call: Frame, body: Buffer, changes: Partial<Frame> = {}): void {
    this.send({ ...call, type: FrameType.reply, body, ...changes });
  }

  error(call: Frame, code: number, message: string): void {
    const rest = { domain: 10, level: 2, int1: -1, int2: -1 };
    this.reply(call, encoded(errorBody, { code, message, ...rest }), { status: FrameStatus.error });
  }

  message(procedure: number, body: Buffer): void {
    const { message: type } = FrameType;
    this.send({ program: REMOTE_PROGRAM, version: 1, procedure, type, serial: 0, status: 0, body });
  }

  ping(): void {
    this.send(keepaliveFrame(KeepaliveProcedure.ping));
  }
}

export type Script = (call: Frame, peer: Peer) => void;

export interface Greeting {
  readonly authTypes: readonly number[];
  /** 1: it pings and wants pings; 0: it knows no keepalive. */
  readonly keepalive: number;
  readonly eventCallbacks: number;
  /** It accepts and never says a word. */
  readonly mute: boolean;
  /** What it says to ConnectOpen; null: welcome. */
  readonly refusal: string | null;
}

const GREETING: Greeting = { authTypes: [0], keepalive: 1, eventCallbacks: 1, mute: false, refusal: null };

export class ScriptedDaemon {
  readonly peers: Peer[] = [];
  readonly #server: Server;
  readonly #directory: string;
  script: Script;
  greeting: Greeting;

  private constructor(server: Server, directory: string, script: Script, greeting: Greeting) {
    this.#server = server;
    this.#directory = directory;
    this.script = script;
    this.greeting = greeting;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async listen(script: Script, greeting: Partial<Greeting> = {}): Promise<ScriptedDaemon> {
    const directory = await mkdtemp(join(tmpdir(), "scripted-"));
    const daemon = new ScriptedDaemon(createServer(), directory, script, { ...GREETING, ...greeting });
    await daemon.resume();
    return daemon;
  }

  get socketPath(): string {
    return join(this.#directory, "sock");
  }

  /** The client that connected last. */
  get peer(): Peer {
    return this.peers.at(-1)!;
  }

  /** Listens (again). */
  resume(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socketPath, resolve));
  }

  /** Stops listening and drops every client. */
  pause(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async dispose(): Promise<void> {
    await this.pause();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #accept(socket: Socket): void {
    const peer = new Peer(socket);
    const decoder = new FrameDecoder();
    this.peers.push(peer);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      if (this.greeting.mute) return;
      for (const frame of decoder.push(chunk)) this.#frame(frame, peer);
    });
  }

  #frame(frame: Frame, peer: Peer): void {
    if (frame.program === KEEPALIVE_PROGRAM) this.#keepalive(frame, peer);
    else if (!this.#greet(frame, peer)) {
      peer.calls.push(frame);
      this.script(frame, peer);
    }
  }

  #keepalive(frame: Frame, peer: Peer): void {
    if (frame.procedure === KeepaliveProcedure.pong) peer.pongs += 1;
    else {
      peer.pings += 1;
      if (peer.keepalives === "answered") peer.send(keepaliveFrame(KeepaliveProcedure.pong));
    }
  }

  #greet(frame: Frame, peer: Peer): boolean {
    const { AuthList, ConnectOpen, ConnectSupportsFeature } = procedures;
    const { authTypes, keepalive, eventCallbacks, refusal } = this.greeting;
    if (frame.procedure === AuthList.number) {
      peer.reply(frame, encoded(AuthList.ret, { types: authTypes }));
    } else if (frame.procedure === ConnectSupportsFeature.number) {
      const supported = frame.body.readInt32BE(0) === 10 ? keepalive : eventCallbacks;
      peer.reply(frame, encoded(ConnectSupportsFeature.ret, { supported }));
    } else if (frame.procedure === ConnectOpen.number && refusal !== null) {
      peer.error(frame, ErrorCode.noConnect, refusal);
    } else if (frame.procedure === ConnectOpen.number) {
      peer.reply(frame, Buffer.alloc(0));
    } else {
      return false;
    }
    return true;
  }
}
