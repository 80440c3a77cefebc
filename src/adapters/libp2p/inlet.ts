/**
 * The receiving half of one stream: the peer's hello, ours in answer, then messages; now and then how many have
 * been read so far.
 *
 *   greeting ──hello understood──▶ open ──▶ closed
 *       └── refused, or nothing said in time ──▶ closed
 */
import type { Stream } from "@libp2p/interface";
import { fail, type Result } from "../../lib/error.ts";
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { MessageCodec } from "../../ports/codec.ts";
import type { Lane } from "../../ports/effects.ts";
import type { Admission } from "./admission.ts";
import { FrameReader, frame } from "./frames.ts";
import { encodeHello, type Hello, MAX_HELLO_BYTES, readHello } from "./hello.ts";
import type { LaneCounters, TransportCounters } from "./observations.ts";

/** More undecodable messages than this on one stream, and it is closed. */
const MAX_UNDECODABLE = 8;

/** What an inlet needs of the transport. */
export interface InletHost<Message> {
  readonly codec: MessageCodec<Message>;
  readonly admission: Admission;
  readonly counters: TransportCounters;
  readonly hello: (lane: Lane) => Hello;
  readonly handshakeTimeout: number;
  now(): Instant;
  deliver(from: NodeId, message: Message): void;
  refused(peer: NodeId, lane: Lane, reason: string): void;
  undecodable(peer: NodeId, lane: Lane, reason: string): void;
  /** The peer has offended too often. */
  banned(peer: NodeId, reason: string): void;
}

export class Inlet<Message> {
  readonly #host: InletHost<Message>;
  readonly #stream: Stream;
  readonly #peer: NodeId;
  readonly #lane: Lane;
  readonly #reader = new FrameReader();
  readonly #openedAt: Instant;
  readonly #counters: LaneCounters;
  #greeted = false;
  #read = 0;
  #acknowledged = 0;
  #undecodable = 0;

  constructor(host: InletHost<Message>, stream: Stream, peer: NodeId, lane: Lane) {
    this.#host = host;
    this.#stream = stream;
    this.#peer = peer;
    this.#lane = lane;
    this.#openedAt = host.now();
    this.#counters = host.counters.lanes[lane];
    stream.addEventListener("message", ({ data }) => this.#received(data.subarray()));
    stream.addEventListener("remoteCloseWrite", () => this.close("the peer is done"));
  }

  get open(): boolean {
    return this.#stream.status === "open";
  }

  /** Called every few seconds. */
  tick(): void {
    if (!this.open) return;
    if (this.#greeted) this.#acknowledge();
    else if (this.#host.now() - this.#openedAt > this.#host.handshakeTimeout)
      this.#refuse("it opened a stream and said nothing");
  }

  close(reason: string): void {
    this.#stream.abort(new Error(reason));
  }

  #received(bytes: Uint8Array): void {
    const wrong = this.#reader.push(
      bytes,
      () => (this.#greeted ? this.#host.codec.maxBytes(this.#lane) : MAX_HELLO_BYTES),
      (payload) => {
        if (this.#greeted) this.#message(payload);
        else this.#greet(payload);
        return this.open;
      },
    );
    if (wrong === null) return;
    this.#refuse(`it sent ${wrong}`);
    this.#strike("frames out of bounds");
  }

  #greet(payload: Uint8Array): void {
    const ours = this.#host.hello(this.#lane);
    // Answered even when refused: the peer can then tell its operator the same reason.
    this.#send(encodeHello(ours));
    const hello = readHello(payload, ours);
    if (hello.ok) this.#greeted = true;
    else this.#refuse(hello.failure.message);
  }

  #message(payload: Uint8Array): void {
    this.#read = (this.#read + 1) >>> 0;
    const verdict = this.#host.admission.admit(this.#peer, this.#lane, this.#host.now());
    if (verdict !== "admitted") {
      this.#counters.droppedFlood += 1;
      if (verdict === "banned") this.#host.banned(this.#peer, `too many messages on lane ${this.#lane}`);
      return;
    }
    this.#counters.messagesIn += 1;
    this.#counters.bytesIn += payload.length;
    this.#decode(payload);
  }

  #decode(payload: Uint8Array): void {
    const result = this.#attempt(payload);
    if (result.ok) {
      this.#host.deliver(this.#peer, result.value);
      return;
    }
    this.#counters.undecodable += 1;
    this.#undecodable += 1;
    this.#host.undecodable(this.#peer, this.#lane, result.failure.message);
    if (this.#undecodable <= MAX_UNDECODABLE) return;
    this.#refuse("it keeps sending what cannot be decoded");
    this.#strike("undecodable messages");
  }

  /** A codec never throws; if it does all the same, no peer shall be able to stop this agent with it. */
  #attempt(payload: Uint8Array): Result<Message> {
    try {
      return this.#host.codec.decode(payload, this.#peer);
    } catch (error) {
      return fail({ code: "invalid", message: `the decoder failed: ${(error as Error).message}` });
    }
  }

  #acknowledge(): void {
    if (this.#read === this.#acknowledged) return;
    this.#acknowledged = this.#read;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.#read);
    this.#send(count);
  }

  /** What cannot be sent back need not be: the peer's own clock will tell it that the stream is dead. */
  #send(payload: Uint8Array): void {
    if (this.#stream.writeStatus !== "writable" || this.#stream.writableNeedsDrain) return;
    try {
      this.#stream.send(frame(payload));
    } catch (error) {
      this.close((error as Error).message);
    }
  }

  #refuse(reason: string): void {
    this.#host.refused(this.#peer, this.#lane, reason);
    this.close(reason);
  }

  #strike(offence: string): void {
    if (this.#host.admission.strike(this.#peer, this.#host.now())) this.#host.banned(this.#peer, offence);
  }
}
