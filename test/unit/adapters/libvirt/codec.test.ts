import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Codec, characters, decodeAll, uuid } from "../../../../src/adapters/libvirt/codec.ts";
import { errorBody } from "../../../../src/adapters/libvirt/errors.ts";
import { domain, procedures } from "../../../../src/adapters/libvirt/procedures.ts";
import { type TypedParam, typedParams } from "../../../../src/adapters/libvirt/typed-params.ts";
import { XdrError, XdrWriter } from "../../../../src/adapters/libvirt/xdr.ts";

function encoded<In>(codec: Codec<In, unknown>, value: In): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.bytes();
}

const text = fc.string({ maxLength: 12, unit: "grapheme" }).filter((value) => !value.includes("\0"));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const anyDomain = fc.record({ name: text, uuid: fc.uuid(), id: int32 }, { noNullPrototype: true });
const anyParam: fc.Arbitrary<TypedParam> = fc.oneof(
  fc.record({ field: text, type: fc.constant("int" as const), value: int32 }),
  fc.record({ field: text, type: fc.constant("uint" as const), value: fc.nat(2 ** 32 - 1) }),
  fc.record({
    field: text,
    type: fc.constant("llong" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({
    field: text,
    type: fc.constant("ullong" as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  fc.record({ field: text, type: fc.constant("double" as const), value: fc.double({ noNaN: true }) }),
  fc.record({ field: text, type: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ field: text, type: fc.constant("string" as const), value: text }),
);
const statistics = procedures.ConnectGetAllDomainStats.ret;
const anyStatistics = fc.array(fc.record({ dom: anyDomain, params: fc.array(anyParam, { maxLength: 4 }) }), {
  maxLength: 3,
});

describe("layouts", () => {
  test("whatever statistics are written, the same are read", () => {
    fc.assert(
      fc.property(anyStatistics, (retStats) => {
        const back = decodeAll(statistics, encoded(statistics, { retStats }));
        expect(back.retStats.map(({ dom, params }) => ({ dom, params: [...params] }))).toStrictEqual(
          retStats.map(({ dom, params }) => ({
            dom: { ...dom },
            params: params.map((param) => ({ ...param })),
          })),
        );
      }),
    );
  });

  test("at whatever byte a reply is cut, reading it is refused", () => {
    fc.assert(
      fc.property(anyStatistics, (retStats) => {
        const bytes = encoded(statistics, { retStats });
        for (let cut = 0; cut < bytes.length; cut++) {
          expect(() => decodeAll(statistics, bytes.subarray(0, cut))).toThrow(XdrError);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("random bytes read as any procedure's reply give a value or an XdrError", () => {
    const replies = Object.values(procedures).map((procedure) => procedure.ret as Codec<never, unknown>);
    fc.assert(
      fc.property(fc.constantFrom(...replies), fc.uint8Array({ maxLength: 200 }), (reply, bytes) => {
        try {
          decodeAll(reply, Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }),
    );
  });

  test("a domain is its name, sixteen bytes of UUID and its id", () => {
    const value = { name: "web", uuid: "00112233-4455-6677-8899-AABBCCDDEEFF", id: -1 };
    const bytes = encoded(domain, value);
    expect(bytes.toString("hex")).toBe("0000000377656200" + "00112233445566778899aabbccddeeff" + "ffffffff");
    expect(decodeAll(domain, bytes)).toEqual({ ...value, uuid: value.uuid.toLowerCase() });
  });

  test("a UUID that is none is refused rather than sent as something else", () => {
    expect(() => encoded(uuid, "00112233445566778899aabbccddeeff")).toThrow(XdrError);
    expect(() => encoded(uuid, "nonsense")).toThrow(XdrError);
  });

  test("an array of char takes four bytes for each, and the text ends at the first NUL", () => {
    const bytes = encoded(characters(4), "ab");
    expect(bytes.toString("hex")).toBe("00000061000000620000000000000000");
    expect(decodeAll(characters(4), bytes)).toBe("ab");
    expect(() => encoded(characters(4), "abcd")).toThrow(XdrError);
  });

  test("flags and optional strings may be left out of a call", () => {
    const { args } = procedures.ConnectOpen;
    expect(encoded(args, {}).toString("hex")).toBe("0000000000000000");
    expect(encoded(args, { name: "t", flags: 1 }).toString("hex")).toBe(
      "00000001" + "0000000174000000" + "00000001",
    );
  });

  test("replies that libvirtd 9.0.0 sent are read to their last byte", () => {
    const nodeInfo =
      `00000069000000360000003800000036${"00000000".repeat(28)}` +
      "0000000000300000000000100000057800000002000000020000000200000002";
    expect(decodeAll(procedures.NodeGetInfo.ret, Buffer.from(nodeInfo, "hex"))).toEqual({
      model: "i686",
      memory: 3_145_728n,
      cpus: 16,
      mhz: 1400,
      nodes: 2,
      sockets: 2,
      cores: 2,
      threads: 2,
    });
    const domainInfo = "00000001000000000080000000000000002000000000000218ea8fd944a33da0";
    expect(decodeAll(procedures.DomainGetInfo.ret, Buffer.from(domainInfo, "hex"))).toEqual({
      state: 1,
      maxMem: 8_388_608n,
      memory: 2_097_152n,
      nrVirtCpu: 2,
      cpuTime: 1_795_405_564_782_788_000n,
    });
  });

  test("an error as libvirtd 9.0.0 sent it is read to its last byte", () => {
    const hex =
      "0000002a" +
      "0000000c" +
      "00000001" +
      "00000010446f6d61696e206e6f7420666f756e64" +
      "00000002" +
      "00000000" +
      "00000001" +
      "00000010446f6d61696e206e6f7420666f756e64" +
      "00000000" +
      "00000000" +
      "ffffffff" +
      "ffffffff" +
      "00000000";
    expect(decodeAll(errorBody, Buffer.from(hex, "hex"))).toMatchObject({
      code: 42,
      domain: 12,
      message: "Domain not found",
      level: 2,
      int1: -1,
    });
  });
});

describe("typed parameters", () => {
  const params = typedParams(64);
  const given: TypedParam[] = [
    { field: "state.state", type: "int", value: -1 },
    { field: "rx.bytes", type: "ullong", value: 2n ** 64n - 1n },
    { field: "cpu.time", type: "ullong", value: 2n ** 53n - 1n },
    { field: "offset", type: "llong", value: -(2n ** 63n) },
    { field: "load", type: "double", value: 0.25 },
    { field: "success", type: "boolean", value: true },
    { field: "errmsg", type: "string", value: "no" },
  ];
  const back = decodeAll(params, encoded(params, given));

  test("values beyond 2^53 come back exactly", () => {
    expect(back.bigint("rx.bytes")).toBe(18_446_744_073_709_551_615n);
    expect(back.bigint("offset")).toBe(-9_223_372_036_854_775_808n);
    expect([...back]).toStrictEqual(given);
    expect(back.size).toBe(given.length);
  });

  test("a 64-bit value is given as a number only where that is exact", () => {
    expect(back.number("cpu.time")).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => back.number("rx.bytes")).toThrow(RangeError);
  });

  test("a value asked for as what it is not is a RangeError, one that is not there is undefined", () => {
    expect(back.number("load")).toBe(0.25);
    expect(back.bigint("state.state")).toBe(-1n);
    expect(back.boolean("success")).toBe(true);
    expect(back.string("errmsg")).toBe("no");
    expect(() => back.number("errmsg")).toThrow(RangeError);
    expect(() => back.number("success")).toThrow(RangeError);
    expect(() => back.bigint("load")).toThrow(RangeError);
    expect(() => back.string("load")).toThrow(RangeError);
    expect(() => back.boolean("load")).toThrow(RangeError);
    expect([back.number("x"), back.bigint("x"), back.string("x"), back.boolean("x")]).toEqual(
      Array(4).fill(undefined),
    );
  });

  test("a type that libvirt does not have is refused", () => {
    const bytes = encoded(params, [{ field: "f", type: "int", value: 1 }]);
    bytes.writeInt32BE(8, 12);
    expect(() => decodeAll(params, bytes)).toThrow("typed parameter f of unknown type 8");
  });
});
