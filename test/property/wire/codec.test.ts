import { decode as decodeCbor, encode as encodeCbor } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/agent/messages.ts";
import { Random } from "../../../src/lib/random.ts";
import { WireCodec } from "../../../src/wire/codec.ts";
import { ANY_MESSAGE } from "../../support/arbitrary-messages.ts";

/** More of everything: WIRE_RUNS=10 is ten times as many. */
const TIMES = Number(process.env["WIRE_RUNS"] ?? 1);
const codec = new WireCodec();
const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
};

function decoded(bytes: Uint8Array): Message | string {
  const result = codec.decode(bytes, "peer");
  return result.ok ? result.value : (result.failure.reason ?? "");
}

/** A refusal names what is wrong; an exception that was not foreseen would say so instead. */
function expectMessageOrRefusal(bytes: Uint8Array): Message | null {
  const result = codec.decode(bytes, "peer");
  if (result.ok) return result.value;
  if (result.failure.reason?.startsWith("reading it failed") === true) throw new Error(result.failure.reason);
  return null;
}

/** cborg leaves out a byte order mark that a text begins with (the default of TextDecoder); we keep it. */
function hasNoMark(message: Message): boolean {
  return !JSON.stringify(message).includes('"\ufeff');
}

describe("any message", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(ANY_MESSAGE, (message) => {
        expect(decoded(codec.encode(message))).toEqual(message);
      }),
      { numRuns: 3000 * TIMES },
    );
  });

  test("is CBOR to another implementation, which reads the same", () => {
    fc.assert(
      fc.property(ANY_MESSAGE.filter(hasNoMark), (message) => {
        expect(decodeCbor(codec.encode(message), STRICT)).toEqual(message);
      }),
      { numRuns: 2000 * TIMES },
    );
  });

  test("is understood from another implementation, which orders fields differently", () => {
    fc.assert(
      fc.property(ANY_MESSAGE, (message) => {
        expect(decoded(encodeCbor(message, { float64: true }))).toEqual(message);
      }),
      { numRuns: 2000 * TIMES },
    );
  });

  test("is refused when it ends at any byte before its last", () => {
    fc.assert(
      fc.property(ANY_MESSAGE, (message) => {
        const bytes = codec.encode(message);
        const step = Math.max(1, Math.floor(bytes.length / 200));
        for (let end = 0; end < bytes.length; end += step)
          expect(expectMessageOrRefusal(bytes.subarray(0, end))).toBe(null);
      }),
      { numRuns: 200 * TIMES },
    );
  });

  test("is refused with anything after its end", () => {
    fc.assert(
      fc.property(ANY_MESSAGE, fc.uint8Array({ minLength: 1, maxLength: 9 }), (message, tail) => {
        expect(expectMessageOrRefusal(Uint8Array.of(...codec.encode(message), ...tail))).toBe(null);
      }),
      { numRuns: 500 * TIMES },
    );
  });
});

describe("hostile bytes", () => {
  test("never throw and never loop, wherever valid messages are damaged; what is still read can be sent on", () => {
    const originals = fc
      .sample(ANY_MESSAGE, { numRuns: 500, seed: 7 })
      .map((message) => codec.encode(message));
    const random = new Random("damage");
    let read = 0;
    for (let i = 0; i < 100_000 * TIMES; i++) {
      const message = expectMessageOrRefusal(damaged(originals[i % originals.length]!, random));
      if (message === null) continue;
      read++;
      if (i % 10 === 0) expect(decoded(codec.encode(message))).toEqual(message);
    }
    expect(read).toBeGreaterThan(1000);
  });

  test("never throw when they are random", () => {
    const random = new Random("noise");
    for (let i = 0; i < 50_000 * TIMES; i++) {
      const bytes = Uint8Array.from({ length: random.int(0, 64) }, () => random.int(0, 255));
      if (bytes.length > 0 && random.chance(0.5)) bytes[0] = 0xa0 | random.int(0, 31);
      expectMessageOrRefusal(bytes);
    }
  });
});

const INTERESTING = [
  0x00, 0x17, 0x18, 0x1b, 0x3b, 0x5f, 0x7b, 0x7f, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xf6, 0xf7, 0xfb, 0xff,
];

/** One to four changes: a byte replaced, a bit flipped, a stretch removed, repeated or moved. */
function damaged(original: Uint8Array, random: Random): Uint8Array {
  let bytes = Array.from(original.length > 600 ? original.subarray(0, 600) : original);
  if (original.length > 600) return Uint8Array.from(flipped(Array.from(original), random));
  for (let changes = random.int(1, 4); changes > 0 && bytes.length > 0; changes--) {
    const at = random.int(0, bytes.length - 1);
    const length = random.int(1, 8);
    const kind = random.int(0, 4);
    if (kind === 0) bytes[at] = INTERESTING[random.int(0, INTERESTING.length - 1)]!;
    else if (kind === 1) bytes = flipped(bytes, random);
    else if (kind === 2) bytes.splice(at, length);
    else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else bytes.splice(at, 0, ...bytes.splice(random.int(0, bytes.length - 1), length));
  }
  return Uint8Array.from(bytes);
}

function flipped(bytes: number[], random: Random): number[] {
  const at = random.int(0, bytes.length - 1);
  bytes[at] = bytes[at]! ^ (1 << random.int(0, 7));
  return bytes;
}
