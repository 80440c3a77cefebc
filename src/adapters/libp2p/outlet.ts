/**
 * The sending half of one lane to one peer: a queue and, when there is something to send, a stream.
 *
 *   idle ──push──▶ opening ──stream──▶ greeting ──the peer's hello──▶ open
 *     ▲               │                   │                            │
 *     └───────────────┴── failed, closed, refused, unacknowledged ─────┘
 *
 * The peer answers on the same stream: its hello, then how many messages it has read so far (four bytes,
 * big-endian, every two seconds while there is something new). A stream whose count does not move is how a dead
 * connection shows: TCP itself notices only after a quarter of an hour. Nothing is sent twice; what was on a
 * stream that died is lost, and the protocols above are made for that.
 */
import type { Connection, Stream } from "@libp2p/interface";
import { assert } from "../../lib/assert.ts";
import type { Instant } from "../../lib/instant.ts";
import type { Lane } from "../../ports/effects.ts";
import { FrameReader, frame } from "./frames.ts";
import { encodeHello, type Hello, MAX_HELLO_BYTES, readHello } from "./hello.ts";
import type { LaneCounters } from "./observations.ts";
import { OutboundQueue } from "./outbound-queue.ts";
import { protocolId, type TransportLimits } from "./settings.ts";

/** At most this much is handed to a stream at once, so that a long message does not hold up the other lanes. */
const PIECE_BYTES = 64 * 1024;

/** What an outlet needs of the peer it belongs to. */
export interface OutletLink {
  readonly hello: (lane: Lane) => Hello;
  readonly limits: TransportLimits;
  now(): Instant;
  /** False while the peer is being left alone. */
  ready(): boolean;
  connect(): Promise<Connection>;
  /** The peer has greeted us. */
  reached(): void;
  failed(lane: Lane, error: unknown): void;
  refused(lane: Lane, reason: string): void;
  stalled(connection: Connection): void;
}

interface Open {
  readonly stream: Stream;
  readonly connection: Connection;
  readonly reader: FrameReader;
  greeted: boolean;
  sent: number;
  acknowledged: number;
  /** Since when there has been no progress, while some is due. */
  waitingSince: Instant | null;
}

export class Outlet {
  readonly lane: Lane;
  readonly #link: OutletLink;
  readonly #counters: LaneCounters;
  readonly #queue: OutboundQueue;
  #opening = false;
  #open: Open | null = null;
  /** What remains of the frames being written. */
  #rest: Uint8Array = new Uint8Array(0);
  #scheduled = false;
  #pausedUntil = 0;
  #onFlushed: (() => void)[] = [];

  constructor(lane: Lane, link: OutletLink, maxBytes: number, counters: LaneCounters) {
    this.lane = lane;
    this.#link = link;
    this.#counters = counters;
    const { queue } = link.limits;
    this.#queue = new OutboundQueue(lane, { ...queue, bytes: Math.max(queue.bytes, maxBytes) });
  }

  get idle(): boolean {
    return this.#queue.length === 0 && !this.#opening && this.#open === null;
  }

  push(message: Uint8Array): void {
    this.#counters.droppedFull += this.#queue.push(message, this.#link.now());
    this.wake();
  }

  /** Goes on if there is something to send and a way to send it. Writes are gathered until the caller is done. */
  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#open !== null) this.#write(this.#open);
      else void this.#start();
    });
  }

  /** There is news of the peer: a refusal of its former self no longer counts. */
  encourage(): void {
    this.#pausedUntil = 0;
    this.wake();
  }

  /** Called about once a second; `trusted` is false when this process itself has just been held up. */
  tick(trusted: boolean): void {
    const now = this.#link.now();
    this.#counters.droppedExpired += this.#queue.expire(now);
    if (this.#queue.length === 0 && this.#rest.length === 0) this.#flushed();
    const open = this.#open;
    if (open === null) {
      if (this.#queue.length > 0) this.wake();
      return;
    }
    const { handshakeTimeout, ackTimeout } = this.#link.limits;
    const patience = open.greeted ? ackTimeout : handshakeTimeout;
    if (trusted && open.waitingSince !== null && now - open.waitingSince > patience)
      this.#link.stalled(open.connection);
  }

  /** Drops all that waits and lets go of the stream. */
  reset(reason: string): void {
    this.#counters.droppedUnreachable += this.#queue.clear();
    const open = this.#open;
    this.#forget();
    open?.stream.abort(new Error(reason));
  }

  /** Drops all that waits: there is no way to this peer. */
  giveUp(): void {
    this.#counters.droppedUnreachable += this.#queue.clear();
    this.#flushed();
  }

  /** Resolves when everything queued has been handed to the connection, or dropped. */
  flushed(): Promise<void> {
    if (this.#queue.length === 0 && this.#rest.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onFlushed.push(resolve));
  }

  async #start(): Promise<void> {
    if (this.#opening || this.#open !== null || this.#queue.length === 0) return;
    if (this.#link.now() < this.#pausedUntil || !this.#link.ready()) return;
    this.#opening = true;
    let connection: Connection | undefined;
    try {
      connection = await this.#link.connect();
      const signal = AbortSignal.timeout(this.#link.limits.handshakeTimeout);
      this.#adopt(await connection.newStream(protocolId(this.lane), { signal }), connection);
    } catch (error) {
      connection?.abort(new Error(`no ${this.lane} stream: ${(error as Error).message}`));
      this.#link.failed(this.lane, error);
    } finally {
      this.#opening = false;
    }
  }

  #adopt(stream: Stream, connection: Connection): void {
    const open: Open = {
      stream,
      connection,
      reader: new FrameReader(),
      greeted: false,
      sent: 0,
      acknowledged: 0,
      waitingSince: this.#link.now(),
    };
    this.#open = open;
    stream.addEventListener("message", ({ data }) => this.#received(open, data.subarray()));
    stream.addEventListener("drain", () => this.#drained(open));
    stream.addEventListener("remoteCloseWrite", () => this.#ended(open));
    stream.addEventListener("close", () => this.#ended(open));
    stream.send(frame(encodeHello(this.#link.hello(this.lane))));
  }

  #received(open: Open, bytes: Uint8Array): void {
    if (this.#open !== open) return;
    const wrong = open.reader.push(
      bytes,
      () => MAX_HELLO_BYTES,
      (payload) => {
        if (open.greeted) this.#counted(open, payload);
        else this.#greeted(open, payload);
        return this.#open === open;
      },
    );
    if (wrong !== null) this.#refuse(open, `it answered with ${wrong}`);
  }

  #greeted(open: Open, payload: Uint8Array): void {
    const hello = readHello(payload, this.#link.hello(this.lane));
    if (!hello.ok) {
      this.#refuse(open, hello.failure.message);
      return;
    }
    open.greeted = true;
    open.waitingSince = null;
    this.#link.reached();
    this.#write(open);
  }

  #counted(open: Open, payload: Uint8Array): void {
    const count = payload.length === 4 ? Buffer.from(payload).readUInt32BE(0) : -1;
    // Counts wrap around at 2^32; what matters is how far they trail behind what was sent.
    const behind = (open.sent - count) >>> 0;
    if (count === -1 || behind > (open.sent - open.acknowledged) >>> 0) {
      this.#refuse(open, "it acknowledged what was never sent");
      return;
    }
    open.acknowledged = count;
    open.waitingSince = behind === 0 ? null : this.#link.now();
  }

  #drained(open: Open): void {
    if (this.#open !== open) return;
    if (open.waitingSince !== null) open.waitingSince = this.#link.now();
    // The stream first puts out what it has buffered itself, in a microtask queued before this one.
    queueMicrotask(() => this.#write(open));
  }

  #write(open: Open): void {
    if (this.#open !== open || !open.greeted) return;
    try {
      while (!open.stream.writableNeedsDrain) {
        const piece = this.#nextPiece(open);
        if (piece === null) {
          this.#flushed();
          return;
        }
        open.waitingSince ??= this.#link.now();
        open.stream.send(piece);
      }
    } catch (error) {
      open.stream.abort(error as Error);
      this.#ended(open);
    }
  }

  #nextPiece(open: Open): Uint8Array | null {
    if (this.#rest.length === 0) this.#rest = this.#gather(open);
    if (this.#rest.length === 0) return null;
    const piece = this.#rest.subarray(0, PIECE_BYTES);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** As many whole frames as fit a piece, at least one. */
  #gather(open: Open): Uint8Array {
    const frames: Uint8Array[] = [];
    let size = 0;
    while (size < PIECE_BYTES) {
      const message = this.#queue.shift();
      if (message === undefined) break;
      frames.push(frame(message));
      size += message.length;
      open.sent = (open.sent + 1) >>> 0;
      this.#counters.messagesOut += 1;
      this.#counters.bytesOut += message.length;
    }
    return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames);
  }

  #refuse(open: Open, reason: string): void {
    this.#pausedUntil = this.#link.now() + this.#link.limits.refusedPause;
    this.#forget();
    this.giveUp();
    open.stream.abort(new Error(reason));
    this.#link.refused(this.lane, reason);
  }

  #ended(open: Open): void {
    if (this.#open !== open) return;
    const { greeted } = open;
    this.#forget();
    open.stream.abort(new Error("the peer closed the stream"));
    if (!greeted) this.#link.failed(this.lane, new Error("it closed the stream without a greeting"));
    else if (this.#queue.length > 0) this.wake();
  }

  #forget(): void {
    this.#open = null;
    this.#rest = new Uint8Array(0);
    if (this.#queue.length === 0) this.#flushed();
  }

  #flushed(): void {
    assert(this.#queue.length === 0, "a flushed outlet has nothing queued");
    for (const done of this.#onFlushed.splice(0)) done();
  }
}
