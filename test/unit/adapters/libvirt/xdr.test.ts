import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { XdrError, XdrReader, XdrWriter } from "../../../../src/adapters/libvirt/xdr.ts";

const written = (write: (writer: XdrWriter) => void): string => {
  const writer = new XdrWriter();
  write(writer);
  return writer.bytes().toString("hex");
};
const reader = (hex: string): XdrReader => new XdrReader(Buffer.from(hex, "hex"));

describe("what is written is what RFC 4506 says", () => {
  test("integers are big-endian two's complement", () => {
    expect(written((to) => to.int(-2))).toBe("fffffffe");
    expect(written((to) => to.uint(0x20008086))).toBe("20008086");
    expect(written((to) => to.hyper(-1n))).toBe("ffffffffffffffff");
    expect(written((to) => to.uhyper(2n ** 64n - 1n))).toBe("ffffffffffffffff");
    expect(written((to) => to.uhyper(258))).toBe("0000000000000102");
    expect(written((to) => to.double(1.5))).toBe("3ff8000000000000");
    expect(written((to) => to.bool(true))).toBe("00000001");
  });

  test("strings and opaques carry their length and are padded with zeros to four bytes", () => {
    expect(written((to) => to.string("test!", 16))).toBe("00000005746573742100" + "0000");
    expect(written((to) => to.string("é", 16))).toBe("00000002c3a90000");
    expect(written((to) => to.opaque(Buffer.from([1]), 16))).toBe("0000000101000000");
    expect(written((to) => to.fixedOpaque(Buffer.from([1, 2, 3, 4]), 4))).toBe("01020304");
    expect(written((to) => to.list([7, 8], 2, (value) => to.int(value)))).toBe("000000020000000700000008");
  });

  test("the buffer grows to whatever is written", () => {
    const long = "x".repeat(100_000);
    const writer = new XdrWriter();
    writer.string(long, 100_000);
    writer.int(7);
    const back = new XdrReader(writer.bytes());
    expect(back.string(100_000)).toBe(long);
    expect(back.int()).toBe(7);
  });
});

describe("a value that does not fit its field is refused, not cut", () => {
  test.each<[string, (writer: XdrWriter) => void]>([
    ["a fraction", (to) => to.int(1.5)],
    ["a number past 32 bits", (to) => to.int(2 ** 31)],
    ["a negative unsigned", (to) => to.uint(-1)],
    ["not a number", (to) => to.uint(Number.NaN)],
    ["an inexact 64-bit number", (to) => to.uhyper(2 ** 53)],
    ["a negative unsigned 64-bit", (to) => to.uhyper(-1n)],
    ["a 65-bit integer", (to) => to.hyper(2n ** 63n)],
    ["a string with a NUL, which C would end early", (to) => to.string("a\0b", 16)],
    ["a string of too many bytes", (to) => to.string("éé", 3)],
    ["a list that is too long", (to) => to.list([1, 2, 3], 2, (value) => to.int(value))],
    ["bytes of the wrong number", (to) => to.fixedOpaque(Buffer.alloc(15), 16)],
  ])("%s", (_, write) => {
    expect(() => written(write)).toThrow(XdrError);
  });
});

describe("what is read is not trusted", () => {
  test("a length above its limit is refused before anything of that size is looked at", () => {
    expect(() => reader("7fffffff").string(4096)).toThrow("2147483647 bytes where at most 4096 may be");
    expect(() => reader("7fffffff").opaque(4096)).toThrow(XdrError);
    expect(() => reader("7fffffff").list(4096, () => 0)).toThrow(XdrError);
  });

  test("a length within its limit but past the end is refused", () => {
    expect(() => reader("00000010abcd").string(4096)).toThrow("16 bytes wanted, 2 there");
    expect(() => {
      const from = reader("0000000300000001");
      from.list(4096, () => from.int());
    }).toThrow(XdrError);
  });

  test("a boolean of 2, padding that is not zero and bytes left over are refused", () => {
    expect(() => reader("00000002").bool()).toThrow("a boolean of 2");
    expect(() => reader("0000000161626364").string(8)).toThrow("padding that is not zero");
    const from = reader("0000000100000002");
    from.int();
    expect(() => from.end()).toThrow("4 bytes left over");
  });

  test("an opaque is a copy, so that it does not keep its frame alive", () => {
    const frame = Buffer.from("0000000401020304", "hex");
    const value = new XdrReader(frame).opaque(4);
    frame.fill(0xff);
    expect([...value]).toEqual([1, 2, 3, 4]);
  });

  test("random bytes give a value or an XdrError, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const from = new XdrReader(bytes);
        try {
          from.list(8, () => [from.bool(), from.string(16), from.uhyper(), from.opaque(16)]);
          from.end();
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }),
    );
  });
});
