import { describe, expect, it } from "vitest";
import {
  type CpuReading,
  readingOf,
  usageBetween,
} from "../../../../src/adapters/libvirt/hypervisor/usage.ts";
import { type TypedParam, TypedParams } from "../../../../src/adapters/libvirt/index.ts";

const MS = 1_000_000n;
/** One processor: milliseconds used and waited. */
const one = (used: number, waited = 0, memory = 64): CpuReading => many([[used, waited]], used, memory);
function many(processors: readonly (readonly [number, number])[], total: number, memory = 64): CpuReading {
  return {
    used: BigInt(total) * MS,
    processors: processors.map(([used, waited]) => ({
      used: BigInt(used) * MS,
      waited: BigInt(waited) * MS,
    })),
    memory,
  };
}
const usage = (before: CpuReading, after: CpuReading, ms = 1000) => usageBetween("vm", before, after, ms);

describe("usage between two readings", () => {
  it("of a guest that never waits is what it used", () => {
    expect(usage(one(100), one(400))).toEqual({ vm: "vm", used: 300, wanted: 300, memory: 64 });
  });

  it("is per second of time that passed", () => {
    expect(usage(one(100), one(400), 2000)).toMatchObject({ used: 150, wanted: 150 });
  });

  it("of a guest that waits adds the middle between its share and all of the wait", () => {
    // used 300 ms of the 600 ms in which it was free: at least 200 ms of the 400 ms of waiting, at most all
    expect(usage(one(0), one(300, 400))).toMatchObject({ used: 300, wanted: 600 });
  });

  it("of a guest that runs whenever it may is all there is", () => {
    expect(usage(one(0), one(300, 700))).toMatchObject({ used: 300, wanted: 1000 });
  });

  it("of a guest that only waits is half of it at least", () => {
    expect(usage(one(0), one(0, 500))).toMatchObject({ used: 0, wanted: 250 });
    expect(usage(one(0), one(0, 1000))).toMatchObject({ used: 0, wanted: 1000 });
  });

  it("is never more than the domain's processors, whatever was counted late", () => {
    expect(usage(one(0), one(900, 5000))).toMatchObject({ used: 900, wanted: 1000 });
    expect(
      usage(
        many(
          [
            [0, 0],
            [0, 0],
          ],
          0,
        ),
        many(
          [
            [1000, 9000],
            [1000, 0],
          ],
          2500,
        ),
      ),
    ).toMatchObject({
      used: 2000,
      wanted: 2000,
    });
  });

  it("counts the waits of each processor by its own use", () => {
    const before = many(
      [
        [0, 0],
        [0, 0],
      ],
      0,
    );
    // the first is free all the time; the second used 250 of 500 ms: between 250 and 500 ms of its wait
    expect(
      usage(
        before,
        many(
          [
            [500, 0],
            [250, 500],
          ],
          750,
        ),
      ),
    ).toMatchObject({ used: 750, wanted: 1125 });
  });

  it("counts what the emulator uses beside the processors", () => {
    expect(
      usage(
        many(
          [
            [0, 0],
            [0, 0],
          ],
          0,
        ),
        many(
          [
            [100, 0],
            [0, 0],
          ],
          150,
        ),
      ),
    ).toMatchObject({ used: 150, wanted: 150 });
  });

  it.each([
    ["the domain's time went back", one(400), one(100), 1000],
    [
      "a processor's time went back",
      many(
        [
          [400, 0],
          [0, 0],
        ],
        0,
      ),
      many(
        [
          [100, 0],
          [0, 0],
        ],
        10,
      ),
      1000,
    ],
    ["a wait went back", one(0, 50), one(10, 0), 1000],
    ["no time has passed", one(0), one(10), 0],
    ["time went back", one(0), one(10), -5],
    ["time is no number", one(0), one(10), Number.NaN],
    [
      "a processor was plugged in",
      one(0),
      many(
        [
          [0, 0],
          [0, 0],
        ],
        10,
      ),
      1000,
    ],
  ])("is left out when %s", (_, before, after, ms) => {
    expect(usage(before, after, ms)).toBe(null);
  });
});

describe("a reading", () => {
  const params = (changes: Record<string, TypedParam | null> = {}): TypedParams => {
    const all: Record<string, TypedParam | null> = {
      "cpu.time": { field: "cpu.time", type: "ullong", value: 5n },
      "balloon.current": { field: "balloon.current", type: "ullong", value: 65_537n },
      "vcpu.maximum": { field: "vcpu.maximum", type: "uint", value: 2 },
      "vcpu.0.time": { field: "vcpu.0.time", type: "ullong", value: 3n },
      "vcpu.0.delay": { field: "vcpu.0.delay", type: "ullong", value: 2n },
      ...changes,
    };
    return new TypedParams(Object.values(all).filter((param) => param !== null));
  };

  it("is taken from libvirt's fields; memory is rounded up, unplugged processors are not there", () => {
    expect(readingOf(params())).toEqual({ used: 5n, processors: [{ used: 3n, waited: 2n }], memory: 65 });
  });

  it("does without the wait, which kernels can be built without", () => {
    expect(readingOf(params({ "vcpu.0.delay": null }))?.processors).toEqual([{ used: 3n, waited: 0n }]);
  });

  it.each<[string, Record<string, TypedParam | null>]>([
    ["the time is missing", { "cpu.time": null }],
    ["the memory is missing", { "balloon.current": null }],
    ["the processors are missing", { "vcpu.0.time": null }],
    ["their number is missing", { "vcpu.maximum": null }],
    [
      "their number is absurd",
      { "vcpu.maximum": { field: "vcpu.maximum", type: "uint", value: 4_000_000_000 } },
    ],
    ["the time is not a number", { "cpu.time": { field: "cpu.time", type: "double", value: Number.NaN } }],
  ])("is none when %s", (_, changes) => {
    expect(readingOf(params(changes))).toBe(null);
  });
});
