import { describe, expect, it } from "vitest";
import { FrameReader, frame } from "../../../../src/adapters/libp2p/frames.ts";
import { encodeHello, type Hello, readHello } from "../../../../src/adapters/libp2p/hello.ts";
import { OutboundQueue } from "../../../../src/adapters/libp2p/outbound-queue.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Feeds the pieces and returns the frames and what was wrong. */
function read(pieces: readonly Uint8Array[], limit = 100): { frames: string[]; wrong: string | null } {
  const reader = new FrameReader();
  const frames: string[] = [];
  let wrong: string | null = null;
  for (const piece of pieces)
    wrong ??= reader.push(
      piece,
      () => limit,
      (payload) => frames.push(new TextDecoder().decode(payload)) > 0,
    );
  return { frames, wrong };
}

describe("a stream of frames", () => {
  const whole = Buffer.concat([frame(bytes("one")), frame(bytes("two and a half")), frame(bytes("3"))]);

  it("is cut the same however the bytes arrive", () => {
    for (let size = 1; size <= whole.length; size++) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
      expect(read(pieces)).toEqual({ frames: ["one", "two and a half", "3"], wrong: null });
    }
  });

  it("ends at a frame of no bytes or of too many, and before its bytes are there", () => {
    expect(read([frame(bytes("")), frame(bytes("later"))]).wrong).toBe("a frame of no bytes");
    expect(read([frame(bytes("0123456789"))], 10).wrong).toBeNull();
    expect(read([frame(bytes("0123456789x")).subarray(0, 4)], 10).wrong).toContain("11 bytes");
    expect(read([Uint8Array.of(255, 255, 255, 255)]).wrong).toContain("4294967295 bytes");
  });

  it("stops when its taker has had enough", () => {
    const taken: number[] = [];
    new FrameReader().push(
      whole,
      () => 100,
      (payload) => taken.push(payload.length) < 2,
    );
    expect(taken).toEqual([3, 14]);
  });
});

describe("a hello", () => {
  const ours: Hello = { protocolMin: 2, protocolMax: 4, version: "1.2.3", lane: "partition" };
  const answer = (text: string) => readHello(bytes(text), ours);

  it("is understood when a version is common", () => {
    for (const [protocolMin, protocolMax] of [
      [1, 2],
      [3, 3],
      [4, 9],
    ] as const)
      expect(readHello(encodeHello({ ...ours, protocolMin, protocolMax }), ours).ok).toBe(true);
    for (const [protocolMin, protocolMax] of [
      [1, 1],
      [5, 9],
    ] as const)
      expect(readHello(encodeHello({ ...ours, protocolMin, protocolMax }), ours)).toMatchObject({
        ok: false,
        failure: { code: "conflict" },
      });
  });

  it("may say more than this version understands", () => {
    expect(answer('{"protocolMin":1,"protocolMax":9,"version":"2","lane":"partition","more":1}').ok).toBe(
      true,
    );
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"protocolMin":1}',
    '{"protocolMin":5,"protocolMax":1,"version":"2","lane":"partition"}',
    '{"protocolMin":0,"protocolMax":9,"version":"2","lane":"partition"}',
    '{"protocolMin":1.5,"protocolMax":9,"version":"2","lane":"partition"}',
    '{"protocolMin":1,"protocolMax":9,"version":"a\\u001b[31m","lane":"partition"}',
    '{"protocolMin":1,"protocolMax":9,"version":7,"lane":"partition"}',
    '{"protocolMin":1,"protocolMax":9,"version":"2","lane":"nonsense"}',
    '{"protocolMin":1,"protocolMax":9,"version":"2","lane":"membership"}',
  ])("is refused when it is %j", (text) => {
    expect(answer(text)).toMatchObject({ ok: false, failure: { code: "invalid" } });
  });
});

describe("what waits for a peer", () => {
  const limits = { messages: 3, bytes: 10, lifetime: 100 };
  const rest = (queue: OutboundQueue) => {
    const left: string[] = [];
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      left.push(new TextDecoder().decode(next));
    return left;
  };

  it("makes room for news of the membership", () => {
    const queue = new OutboundQueue("membership", limits);
    expect(["a", "b", "c", "d"].map((text) => queue.push(bytes(text), 0))).toEqual([0, 0, 0, 1]);
    expect(queue.push(bytes("123456789"), 0)).toBe(2);
    expect(rest(queue)).toEqual(["d", "123456789"]);
  });

  it("refuses the newest on the other lanes, by number and by bytes", () => {
    const queue = new OutboundQueue("control", limits);
    expect(["a", "b", "c", "d"].map((text) => queue.push(bytes(text), 0))).toEqual([0, 0, 0, 1]);
    expect(rest(queue)).toEqual(["a", "b", "c"]);
    expect([
      queue.push(bytes("123456"), 0),
      queue.push(bytes("12345"), 0),
      queue.push(bytes("1234"), 0),
    ]).toEqual([0, 1, 0]);
  });

  it("refuses what could never fit", () => {
    const queue = new OutboundQueue("membership", limits);
    expect(queue.push(bytes("12345678901"), 0)).toBe(1);
    expect(queue.length).toBe(0);
  });

  it("forgets what has grown old", () => {
    const queue = new OutboundQueue("partition", limits);
    queue.push(bytes("a"), 0);
    queue.push(bytes("b"), 50);
    expect([queue.expire(99), queue.expire(100), queue.expire(149)]).toEqual([0, 1, 0]);
    expect(rest(queue)).toEqual(["b"]);
    queue.push(bytes("1234567890"), 200);
    expect(queue.expire(300)).toBe(1);
    expect(queue.push(bytes("1234567890"), 300)).toBe(0);
  });
});
