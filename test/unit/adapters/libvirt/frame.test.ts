import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  FrameDecoder,
  FrameLengthError,
} from "../../../../src/adapters/libvirt/frame.ts";

const word = fc.nat(0xffff_ffff);
const anyFrame: fc.Arbitrary<Frame> = fc.record({
  program: word,
  version: word,
  procedure: word,
  type: word,
  serial: word,
  status: word,
  body: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
});

/** `bytes` cut into pieces of the given sizes, over and over. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe("frames", () => {
  test("the header is seven big-endian words, the length first and counting itself", () => {
    const frame = {
      program: 0x20008086,
      version: 1,
      procedure: 23,
      type: 0,
      serial: 9,
      status: 0,
      body: Buffer.from("abcd"),
    };
    expect(encodeFrame(frame).toString("hex")).toBe(
      "00000020" + "20008086" + "00000001" + "00000017" + "00000000" + "00000009" + "00000000" + "61626364",
    );
  });

  test("however the stream is cut, the same frames come out", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 5 }), sizes, (frames, cuts) => {
        const decoder = new FrameDecoder();
        const out: Frame[] = [];
        for (const piece of pieces(Buffer.concat(frames.map(encodeFrame)), cuts))
          out.push(...decoder.push(piece));
        expect(out.map((frame) => encodeFrame(frame).toString("hex"))).toEqual(
          frames.map((frame) => encodeFrame(frame).toString("hex")),
        );
        expect(decoder.partialBytes).toBe(0);
      }),
    );
  });

  test("a length that no frame can have is refused, after the good frames before it were given out", () => {
    const absurd = fc.oneof(fc.nat(27), fc.integer({ min: FRAME_MAX_BYTES + 1, max: 0xffff_ffff }));
    fc.assert(
      fc.property(anyFrame, absurd, (frame, length) => {
        const bad = Buffer.alloc(4);
        bad.writeUInt32BE(length);
        const decoder = new FrameDecoder();
        const out = decoder.push(Buffer.concat([encodeFrame(frame), bad, Buffer.alloc(64)]));
        expect(out.next().value).toEqual(frame);
        expect(() => out.next()).toThrow(FrameLengthError);
      }),
    );
  });

  test("the longest length that libvirt allows is waited for", () => {
    const header = Buffer.alloc(28);
    header.writeUInt32BE(FRAME_MAX_BYTES);
    const decoder = new FrameDecoder();
    expect([...decoder.push(header)]).toEqual([]);
    expect(decoder.partialBytes).toBe(28);
  });

  test("a promise of 32 MiB takes no memory until the bytes come", () => {
    const header = Buffer.alloc(28);
    header.writeUInt32BE(FRAME_MAX_BYTES);
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 100 }, () => new FrameDecoder());
    for (const decoder of decoders) expect([...decoder.push(header)]).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(FRAME_MAX_BYTES);
    expect(decoders).toHaveLength(100);
  });

  test("a body that fits no frame is refused", () => {
    const body = Buffer.alloc(FRAME_MAX_BYTES - 27);
    expect(() =>
      encodeFrame({ program: 1, version: 1, procedure: 1, type: 0, serial: 1, status: 0, body }),
    ).toThrow(FrameLengthError);
  });
});
