/**
 * Frames: u32 length (itself included), then six u32 (program, version, procedure, type, serial, status), then
 * the body. Source: libvirt's virnetprotocol.x. Frames with file descriptors are never asked for and not understood.
 *
 * `FrameDecoder` turns a stream of chunks, cut anywhere, into frames. Its memory is bounded: it refuses an absurd
 * length on reading it, and allocates as bytes arrive, not as a length promises.
 */
import { Buffer } from "node:buffer";

/** The length word and the header: the shortest frame. */
export const FRAME_MIN_BYTES = 28;
/** libvirt's VIR_NET_MESSAGE_MAX (32 MiB) and the length word, which it does not count. */
export const FRAME_MAX_BYTES = 33_554_432 + 4;

export const REMOTE_PROGRAM = 0x2000_8086;
export const KEEPALIVE_PROGRAM = 0x6b65_6570;
/** Both programs have had one version only. */
export const PROGRAM_VERSION = 1;

export const FrameType = { call: 0, reply: 1, message: 2 } as const;
export const FrameStatus = { ok: 0, error: 1 } as const;
export const KeepaliveProcedure = { ping: 1, pong: 2 } as const;

export interface Frame {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
  readonly body: Buffer;
}

/** A length word that no frame can have: the peer speaks something else. */
export class FrameLengthError extends Error {
  override readonly name = "FrameLengthError";
}

/** @throws FrameLengthError when the body is too long for one frame. */
export function encodeFrame(frame: Frame): Buffer {
  const length = FRAME_MIN_BYTES + frame.body.length;
  if (length > FRAME_MAX_BYTES) throw new FrameLengthError(`a frame of ${length} bytes`);
  const bytes = Buffer.allocUnsafe(length);
  const { program, version, procedure, type, serial, status } = frame;
  [length, program, version, procedure, type, serial, status].forEach((word, i) => {
    bytes.writeUInt32BE(word, 4 * i);
  });
  frame.body.copy(bytes, FRAME_MIN_BYTES);
  return bytes;
}

const EMPTY = Buffer.alloc(0);

export function keepaliveFrame(procedure: number): Frame {
  const { message: type } = FrameType;
  return {
    program: KEEPALIVE_PROGRAM,
    version: PROGRAM_VERSION,
    procedure,
    type,
    serial: 0,
    status: 0,
    body: EMPTY,
  };
}

export class FrameDecoder {
  #buffer = EMPTY;
  #used = 0;

  /** Bytes of a frame that has not come to its end. */
  get partialBytes(): number {
    return this.#used;
  }

  /** The frames that `chunk` completes. @throws FrameLengthError, after which the decoder is of no more use. */
  *push(chunk: Buffer): Generator<Frame> {
    let rest = chunk;
    while (rest.length > 0) {
      const missing = this.#missingBytes();
      const taken = rest.subarray(0, missing);
      this.#append(taken);
      rest = rest.subarray(taken.length);
      if (this.#missingBytes() === 0) yield this.#complete();
    }
  }

  /** How many bytes are wanted next: the rest of the length word, or the rest of the frame. */
  #missingBytes(): number {
    if (this.#used < 4) return 4 - this.#used;
    const length = this.#buffer.readUInt32BE(0);
    if (length < FRAME_MIN_BYTES || length > FRAME_MAX_BYTES) {
      throw new FrameLengthError(`a frame of ${length} bytes`);
    }
    return length - this.#used;
  }

  #append(bytes: Buffer): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length, FRAME_MIN_BYTES));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.#used);
    this.#used = needed;
  }

  #complete(): Frame {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#buffer = EMPTY;
    this.#used = 0;
    const word = (i: number): number => bytes.readUInt32BE(4 * i);
    return {
      program: word(1),
      version: word(2),
      procedure: word(3),
      type: word(4),
      serial: word(5),
      status: word(6),
      body: bytes.subarray(FRAME_MIN_BYTES),
    };
  }
}
