import { describe, expect, test } from "vitest";
import { nearest } from "../../../src/lib/nearest.ts";
import {
  readDuration,
  readSize,
  sayCores,
  sayDuration,
  saySize,
  writeDuration,
  writeSize,
} from "../../../src/lib/quantity.ts";

const reason = (result: ReturnType<typeof readSize>) => (result.ok ? result.value : result.failure.message);

describe("durations", () => {
  test.each([
    ["0", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["1m30s", 90_000],
    ["1h", 3_600_000],
    ["2d", 172_800_000],
  ])("%s is read", (text, ms) => {
    expect(readDuration(text)).toEqual({ ok: true, value: ms });
  });

  test.each([
    ["30", "30 has no unit: write 30s, 30m or 30h"],
    ["30 s", '"30 s" is no duration: write 30s, 5m or 1h30m'],
    ["-5s", '"-5s" is no duration: write 30s, 5m or 1h30m'],
    ["", '"" is no duration: write 30s, 5m or 1h30m'],
    ["0.5ms", '"0.5ms" is no whole number of milliseconds'],
    ["99999999999d", '"99999999999d" is too long'],
  ])("%s is refused with what to write", (text, message) => {
    expect(reason(readDuration(text))).toBe(message);
  });

  test("what is written is read back exactly", () => {
    for (const ms of [0, 1, 999, 1000, 1500, 61_000, 3_600_000, 86_400_000, 90_061_001]) {
      expect(readDuration(writeDuration(ms))).toEqual({ ok: true, value: ms });
    }
  });

  test("people see the two widest units", () => {
    expect([3, 400, 43_000, 130_000, 7_261_000, 273_600_000].map(sayDuration)).toEqual([
      "3ms",
      "0.4s",
      "43s",
      "2m10s",
      "2h1m",
      "3d4h",
    ]);
  });
});

describe("sizes", () => {
  test.each([
    ["512MiB", 512],
    ["4GiB", 4096],
    ["1.5GiB", 1536],
    ["1TiB", 1_048_576],
  ])("%s is read", (text, mib) => {
    expect(readSize(text)).toEqual({ ok: true, value: mib });
  });

  test.each([
    ["4096", "4096 has no unit: write 4096MiB or 4096GiB"],
    ["4GB", '"4GB" is no size: write 4GiB'],
    ["4g", '"4g" is no size: write 4GiB'],
    ["1.3MiB", '"1.3MiB" is no whole number of MiB'],
    ["lots", '"lots" is no size: write 512MiB or 4GiB'],
  ])("%s is refused with what to write", (text, message) => {
    expect(reason(readSize(text))).toBe(message);
  });

  test("what is written is read back exactly", () => {
    for (const mib of [1, 512, 1024, 1536, 1_048_576, 1_048_577]) {
      expect(readSize(writeSize(mib))).toEqual({ ok: true, value: mib });
    }
  });

  test("people see one decimal at most", () => {
    expect([0, 512, 12_800, 65_536, 1_258_291].map(saySize)).toEqual([
      "0MiB",
      "512MiB",
      "12.5GiB",
      "64GiB",
      "1.2TiB",
    ]);
    expect([1000, 1500, 250].map(sayCores)).toEqual(["1", "1.5", "0.3"]);
  });
});

describe("the nearest word", () => {
  test.each([
    ["lst", "list"],
    ["lease", "lease"],
    ["memmory", "memory"],
    ["LIST", "list"],
    ["lsit", "list"],
  ])("%s means %s", (word, meant) => {
    expect(nearest(word, ["show", "memory", "list", "lease"])).toBe(meant);
  });

  test("nothing is near to something else altogether", () => {
    expect(nearest("wombat", ["show", "memory", "list"])).toBeNull();
    expect(nearest("x", [])).toBeNull();
  });
});
