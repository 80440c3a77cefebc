import { encode as encodeCbor } from "cborg";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/agent/messages.ts";
import { DiscoveryError, ERROR_CODES, type ErrorCode } from "../../../src/lib/error.ts";
import { LANES } from "../../../src/ports/codec.ts";
import { WireCodec } from "../../../src/wire/codec.ts";
import { COUNTS, DEPTH, LANE_BYTES, LENGTHS } from "../../../src/wire/limits.ts";
import { member, nodeId, TYPICAL } from "../../support/messages.ts";

const codec = new WireCodec();
const PING = { type: "membership.ping", sequence: 1, claims: [] };

function read(bytes: Uint8Array): Message {
  const result = codec.decode(bytes, "peer");
  if (!result.ok) throw new Error(result.failure.reason);
  return result.value;
}

/** Why these bytes, or what another implementation makes of this value, are refused. */
function refusal(hostile: Uint8Array | object): string {
  const bytes = hostile instanceof Uint8Array ? hostile : encodeCbor(hostile, { float64: true });
  const result = codec.decode(bytes, "peer");
  if (result.ok) throw new Error(`it was read: ${JSON.stringify(result.value).slice(0, 200)}`);
  expect(result.failure).toMatchObject({ code: "invalid", message: "peer sent what is no message" });
  return result.failure.reason ?? "";
}

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const key = (word: string) => Buffer.from(encodeCbor(word)).toString("hex");
/** A ping whose `sequence` is given as bytes. */
const pingWith = (sequence: string) =>
  bytesOf(`a3 ${key("type")} ${key("membership.ping")} ${key("sequence")} ${sequence} ${key("claims")} 80`);
const answer = (value: unknown): Message => ({ type: "control.answer", re: 1, result: { ok: true, value } });
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

describe("typical messages", () => {
  test.each(Object.keys(TYPICAL))("%s comes back as it was", (form) => {
    const message = TYPICAL[form]!(7);
    expect(read(codec.encode(message))).toEqual(message);
  });

  test("each says its lane", () => {
    for (const make of Object.values(TYPICAL)) expect(LANES).toContain(codec.lane(make(1)));
    expect(codec.lane(TYPICAL["reserve"]!(1))).toBe("partition");
  });
});

describe("a reader", () => {
  test.each([
    ["", "it ends too early, at byte 0"],
    ["f6", "it is not a map (byte 0)"],
    ["80", "it is not a map (byte 0)"],
    ["a0", "type is missing (byte 1)"],
    ["bf ff", "it has no definite length (byte 1)"],
    ["c0 a0", "it is not a map (byte 0)"],
    ["bb 7fffffff ffffffff", "it is beyond 2^53 - 1 (byte 5)"],
    ["bb 001fffff ffffffff", "it has 9007199254740991 items, more than 62 (byte 9)"],
    ["b8 3e", "it ends too early, at byte 2"],
  ])("refuses %s: %s", (hex, why) => {
    expect(refusal(bytesOf(hex))).toBe(why);
  });

  test.each([
    ["1b 00200000 00000000", "sequence is beyond 2^53 - 1"],
    ["1b ffffffff ffffffff", "sequence is beyond 2^53 - 1"],
    ["1b 001fffff ffffffff", "sequence is 9007199254740991, not from 0 to 4503599627370496"],
    ["20", "sequence is -1, not from 0 to 4503599627370496"],
    ["3b 001fffff ffffffff", "sequence is beyond 2^53 - 1"],
    ["18 17", "sequence is not in its shortest form"],
    ["19 00ff", "sequence is not in its shortest form"],
    ["1a 0000ffff", "sequence is not in its shortest form"],
    ["1b 00000000 ffffffff", "sequence is not in its shortest form"],
    ["1f", "sequence has no definite length"],
    ["fb 3ff0000000000000", "sequence is not an integer"],
    ["fb 8000000000000000", "sequence is not an integer"],
    ["fb 7ff8000000000000", "sequence is not an integer"],
    ["f9 3c00", "sequence is not an integer"],
    ["c2 41 01", "sequence is not an integer"],
    ["61 31", "sequence is not an integer"],
    ["f5", "sequence is not an integer"],
    ["f6", "sequence is not an integer"],
    ["f7", "sequence is not an integer"],
  ])("refuses the number %s: %s", (hex, why) => {
    expect(refusal(pingWith(hex)).replace(/ \(byte \d+\)$/, "")).toBe(why);
  });

  test("takes the highest counter", () => {
    expect(read(pingWith("1b 00100000 00000000"))).toEqual({ ...PING, sequence: 2 ** 52 });
  });

  test("refuses a field that is missing, there twice or of another form", () => {
    expect(refusal({ type: "membership.ping", claims: [] })).toBe("sequence is missing (byte 30)");
    expect(refusal({ ...PING, claims: {} })).toMatch(/^claims is not a list/);
    expect(refusal({ ...PING, claims: null })).toMatch(/^claims is not a list/);
    const twice = `a3 ${key("type")} ${key("membership.ping")} ${key("sequence")} 01 ${key("sequence")} 01`;
    expect(refusal(bytesOf(twice))).toMatch(/^sequence is there twice/);
    expect(refusal(bytesOf(`a2 ${`${key("type")} ${key("membership.ping")}`.repeat(2)}`))).toMatch(
      /its tag twice/,
    );
  });

  test("refuses a type that it does not know, whatever comes with it", () => {
    expect(refusal({ ...PING, type: "membership.poke" })).toMatch(/^type is not known: "membership.poke"/);
    expect(refusal({ ...PING, type: "toString" })).toMatch(/^type is not known/);
    expect(refusal({ type: "control.ask", id: 1, command: { type: "host.explode" } })).toMatch(
      /^type is not known/,
    );
    expect(refusal({ type: 7 })).toMatch(/^type is not a text/);
    expect(
      refusal({
        type: "membership.gossip",
        claims: [{ member: { ...member(1), state: "undead" }, observers: [] }],
      }),
    ).toMatch(/^state is none of alive, suspect, dead, left/);
  });

  test("keeps fields that it does not know out of the message", () => {
    const later = { ...PING, colour: "red", a: { b: [1, { c: null }] }, sequence2: 1.5 };
    expect(read(encodeCbor(later, { float64: true }))).toEqual(PING);
    const inside = { ...member(1), mood: ["fine"] };
    const gossip = read(
      encodeCbor({ type: "membership.gossip", claims: [{ member: inside, observers: [] }] }),
    );
    expect(gossip).toEqual({ type: "membership.gossip", claims: [{ member: member(1), observers: [] }] });
  });

  test("refuses unknown fields that are too many, twice there, nested too deeply or no plain data", () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, 1]));
    expect(read(encodeCbor({ ...PING, ...many(COUNTS.strangers) }))).toEqual(PING);
    expect(refusal({ ...PING, ...many(COUNTS.strangers + 1) })).toMatch(/is one unknown field too many/);
    const ping = `${key("type")} ${key("membership.ping")} ${key("sequence")} 01 ${key("claims")} 80`;
    expect(refusal(bytesOf(`a5 ${ping} ${key("x")} 01 ${key("x")} 02`))).toMatch(/^"x" is there twice/);
    expect(read(encodeCbor({ ...PING, x: nested(DEPTH) }))).toEqual(PING);
    expect(refusal({ ...PING, x: nested(DEPTH + 1) })).toMatch(/^"x" is nested too deeply/);
    for (const other of ["f7", "c1 01", "41 00", "5f ff", "9f ff", "f9 7e00", "ff", "1c"])
      expect(refusal(bytesOf(`a4 ${ping} ${key("x")} ${other}`))).toMatch(/^"x" /);
  });

  test("believes no length that the message cannot hold", () => {
    const claims = `a3 ${key("type")} ${key("membership.ping")} ${key("sequence")} 01 ${key("claims")}`;
    expect(refusal(bytesOf(`${claims} 9a 80000000`))).toMatch(/^claims has 2147483648 items, more than 128/);
    expect(refusal(bytesOf(`${claims} 18 7f`))).toMatch(/^claims is not a list/);
    expect(refusal(bytesOf(`${claims} 98 7f`))).toMatch(/^it ends too early/);
    const target = `a2 ${key("type")} ${key("membership.probe-request")} ${key("target")}`;
    expect(refusal(bytesOf(`${target} 7a 80000000`))).toMatch(/^target has 2147483648 bytes/);
    expect(refusal(bytesOf(`${target} 78 80 61`))).toMatch(/^it ends too early/);
    const unknown = `a2 ${key("type")} ${key("membership.ping")} ${key("x")}`;
    expect(refusal(bytesOf(`${unknown} 9b 001fffff ffffffff`))).toMatch(/^it ends too early/);
    expect(refusal(bytesOf(`${unknown} bb 001fffff ffffffff`))).toMatch(/^it ends too early/);
    expect(refusal(bytesOf(`${unknown} 7b 001fffff ffffffff`))).toMatch(/^it ends too early/);
  });

  test("refuses lists and texts that are longer than their bounds", () => {
    const claim = { member: member(1), observers: [] };
    const gossip = (count: number) => ({
      type: "membership.gossip",
      claims: Array.from({ length: count }, () => claim),
    });
    expect(read(encodeCbor(gossip(COUNTS.claims)))).toEqual(gossip(COUNTS.claims));
    expect(refusal(gossip(COUNTS.claims + 1))).toMatch(/^claims has 129 items, more than 128/);
    const probe = (target: string) => ({ type: "membership.probe-request", sequence: 1, target });
    expect(read(encodeCbor(probe("x".repeat(LENGTHS.nodeId))))).toEqual(probe("x".repeat(LENGTHS.nodeId)));
    expect(refusal(probe("x".repeat(LENGTHS.nodeId + 1)))).toMatch(/^target is no id/);
    expect(refusal({ type: "membership.digest", buckets: [1, 2], claims: [] })).toMatch(
      /^buckets has 2 items, fewer than 64/,
    );
  });

  test("refuses ids that are empty or have spaces, control characters or more than ASCII", () => {
    for (const target of ["", "a b", "a\n", "\u001b[31m", "a\u007f", "é", "а"])
      expect(refusal({ type: "membership.probe-request", sequence: 1, target })).toMatch(/^target is no id/);
  });

  test("refuses texts with more characters than their bound, whatever they have in bytes", () => {
    const show = (vm: string) => ({ type: "control.ask", id: 1, life: 1, command: { type: "vm.show", vm } });
    expect(read(encodeCbor(show("€".repeat(LENGTHS.name))))).toEqual(show("€".repeat(LENGTHS.name)));
    expect(refusal(show("v".repeat(LENGTHS.name + 1)))).toMatch(/^vm has more than 256 characters/);
  });

  test("refuses bytes after the end of the message", () => {
    expect(refusal(Uint8Array.of(...codec.encode(TYPICAL["ping"]!(1)), 0xf6))).toBe(
      "it has 1 bytes too many at its end",
    );
  });

  test("does not take an id from what it read before when that is too long here", () => {
    const word = "v".repeat(64);
    read(encodeCbor({ type: "membership.probe-request", sequence: 1, target: word }));
    expect(refusal({ type: "control.ask", id: 1, command: { type: "vet.holds", name: word } })).toMatch(
      /^name is no id/,
    );
  });

  test("refuses text that is not UTF-8, and keeps a byte order mark", () => {
    const name = (hex: string) =>
      bytesOf(
        `a4 ${key("type")} ${key("control.ask")} ${key("id")} 01 ${key("life")} 01 ${key("command")}
        a2 ${key("type")} ${key("vm.show")} ${key("vm")} ${hex}`.replaceAll("\n", ""),
      );
    for (const hex of ["61 ff", "62 c080", "63 eda080", "61 c3"])
      expect(refusal(name(hex))).toMatch(/^vm is not UTF-8/);
    expect(read(name("63 efbbbf"))).toMatchObject({ command: { vm: "\ufeff" } });
  });

  test("measures a message before it reads it, by the lane of its type", () => {
    expect(refusal(new Uint8Array(LANE_BYTES.control + 1))).toMatch(
      /^it has 1048577 bytes, more than 1048576/,
    );
    const padded = encodeCbor({ ...PING, x: "x".repeat(LANE_BYTES.membership) });
    expect(refusal(padded)).toMatch(/^it has \d+ bytes, too many for the lane membership/);
    const release = { ...TYPICAL["reserve"]!(1), type: "partition.release", reason: "done" };
    const large = encodeCbor({ ...release, x: "x".repeat(LANE_BYTES.membership) });
    expect(read(large)).toMatchObject({ type: "partition.release", reason: "done" });
    expect(refusal(encodeCbor({ ...PING, type: "nothing", x: "x".repeat(70_000) }))).toMatch(
      /too many for the lane/,
    );
  });
});

describe("an answer", () => {
  test("carries any plain data", () => {
    const value = {
      a: [1, -1, 2 ** 53 - 1, 1.5, 1e300, 2 ** 53, "é", "", null, true, {}],
      ["key with spaces"]: [[]],
    };
    expect(read(codec.encode(answer(value)))).toEqual(answer(value));
  });

  test("says null where its maker said nothing, and leaves out what is undefined", () => {
    expect(read(codec.encode(answer(undefined)))).toEqual(answer(null));
    expect(read(codec.encode(answer({ a: undefined, b: -0 })))).toEqual(answer({ b: 0 }));
  });

  test.each(Object.keys(ERROR_CODES))("carries a failure with the code %s", (code) => {
    const failure = { code: code as ErrorCode, message: "it failed", hint: "try again", changed: true };
    const message: Message = { type: "control.answer", re: 1, result: { ok: false, failure } };
    expect(read(codec.encode(message))).toEqual(message);
  });

  test.each([
    ["is too large", "x".repeat(LANE_BYTES.control), "it is larger than 1048576 bytes"],
    ["is nested too deeply", nested(DEPTH + 1), "value is nested too deeply"],
    ["is not finite", [Number.NaN], "value has a number that is not finite"],
    ["is infinite", [Number.NEGATIVE_INFINITY], "value has a number that is not finite"],
    ["is a function", { f: () => 1 }, "value has a function, which is not plain data"],
    ["is a bigint", 1n, "value has a bigint, which is not plain data"],
    ["is a map", new Map(), "value has an object of a class"],
    ["has a forbidden key", JSON.parse('{"__proto__":1}'), "value has the key __proto__"],
    ["has another", { constructor: 1 }, "value has the key constructor"],
    ["has half a character", "\ud800", "value is not well-formed Unicode"],
    [
      "has too many values",
      Array.from({ length: COUNTS.dataValues }, () => 0),
      "value has more than 65536 values",
    ],
  ])("that %s is sent as a failure that says so", (_, value, reason) => {
    const failure = { code: "failed", message: "the answer cannot be sent", reason };
    expect(read(codec.encode(answer(value)))).toEqual({
      type: "control.answer",
      re: 1,
      result: { ok: false, failure },
    });
  });

  test("is refused with a forbidden key, a key twice, a float for an integer, or more nesting or values than are allowed", () => {
    const opening = `a3 ${key("type")} ${key("control.answer")} ${key("re")} 01 ${key("result")}
      a2 ${key("ok")} f5 ${key("value")}`.replaceAll("\n", "");
    const value = (hex: string) => refusal(bytesOf(`${opening} ${hex}`));
    expect(value(`a1 ${key("__proto__")} 01`)).toMatch(/^value has the key __proto__/);
    expect(value(`81 a1 ${key("constructor")} a0`)).toMatch(/^value has the key constructor/);
    expect(value(`a2 ${key("a")} 01 ${key("a")} 01`)).toMatch(/^value has a key twice/);
    expect(value("fb 3ff0000000000000")).toMatch(/^value is an integer written as a float/);
    expect(value("fb 8000000000000000")).toMatch(/^value is an integer written as a float/);
    for (const number of ["fb 7ff0000000000000", "fb fff0000000000000", "fb 7ff8000000000000"])
      expect(value(number)).toMatch(/^value is not a finite number/);
    for (const other of ["f9 3e00", "fa 3fc00000", "f7", "c1 01", "41 00", "9f ff", "a1 01 01", "e0"])
      expect(value(other)).toMatch(/^value /);
    expect(value(`${"81".repeat(DEPTH + 1)}01`)).toMatch(/^value is nested too deeply/);
    expect(value("81".repeat(500_000))).toMatch(/^value is nested too deeply/);
    expect(value(`9a 000f0000 ${"a0".repeat(0xf0000)}`)).toMatch(/^value has 983040 items, more than 65535/);
  });

  test("is refused when it has not what its ok says", () => {
    const failure = { code: "busy", message: "later" };
    for (const result of [
      { ok: true },
      { ok: false },
      { ok: false, value: 1 },
      { ok: true, failure },
      { ok: true, value: 1, failure },
    ])
      expect(refusal({ type: "control.answer", re: 1, result })).toMatch(/has not what its `ok` says/);
  });
});

describe("a writer", () => {
  const release = (reason: string): Message => ({
    type: "partition.release",
    pid: `${nodeId(1)}#1.1`,
    partitionEpoch: 1,
    id: 1,
    reason,
  });

  test("cuts words for people that are too long, and mends half characters", () => {
    const cut = read(codec.encode(release("é".repeat(LENGTHS.prose + 1))));
    expect(cut).toEqual(release(`${"é".repeat(LENGTHS.prose - 1)}…`));
    expect(read(codec.encode(release("a\ud800b")))).toEqual(release("a\ufffdb"));
  });

  test.each([
    [
      "an id is too long",
      { type: "membership.probe-request", sequence: 1, target: "x".repeat(129) },
      /^target is no id/,
    ],
    ["an id is empty", { type: "membership.probe-request", sequence: 1, target: "" }, /^target is no id/],
    ["a number is no integer", { ...PING, sequence: 1.5 }, /^sequence is 1.5, not an integer/],
    ["a number is negative", { ...PING, sequence: -1 }, /^sequence is -1, not an integer/],
    ["a number is none", { ...PING, sequence: Number.NaN }, /^sequence is NaN, not an integer/],
    ["a field is missing", { type: "membership.ping", sequence: 1 }, /^claims is missing/],
    [
      "a list is too long",
      { ...PING, claims: Array.from({ length: 129 }, () => ({})) },
      /^claims has 129 items/,
    ],
    [
      "a label has a forbidden key",
      { ...PING, claims: [{ member: { ...member(1), labels: { constructor: "x" } }, observers: [] }] },
      /^labels has the key constructor/,
    ],
    ["a type is unknown", { type: "membership.poke" }, /is of no known type: membership.poke/],
  ])("says so when %s", (_, message, reason) => {
    expect(() => codec.encode(message as unknown as Message)).toThrow(DiscoveryError);
    try {
      codec.encode(message as unknown as Message);
    } catch (error) {
      expect((error as DiscoveryError).failure).toMatchObject({
        code: "invalid",
        reason: expect.stringMatching(reason),
      });
    }
  });

  test("does not send what is larger than its lane, and works on afterwards", () => {
    const claims = Array.from({ length: COUNTS.claims }, () => ({
      member: {
        ...member(1),
        labels: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, "v".repeat(20)])),
      },
      observers: [],
    }));
    expect(() => codec.encode({ type: "membership.gossip", claims })).toThrow("cannot be sent");
    expect(read(codec.encode(PING as unknown as Message))).toEqual(PING);
  });

  test("hands out bytes that stay as they are while it writes on", () => {
    const first = codec.encode(TYPICAL["reserve"]!(1));
    const copy = first.slice();
    codec.encode(TYPICAL["joined with 10 VMs"]!(2));
    expect(first).toEqual(copy);
  });
});
