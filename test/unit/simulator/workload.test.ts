import { describe, expect, it } from "vitest";
import { Random } from "../../../src/lib/random.ts";
import { type EvaluationOptions, VMPLACES } from "../../../src/simulator/evaluation/options.ts";
import { percentiles, summary } from "../../../src/simulator/evaluation/statistics.ts";
import { vmplaces } from "../../../src/simulator/evaluation/vmplaces.ts";

const options: EvaluationOptions = { ...VMPLACES, hosts: 20, vms: 200, sites: 4 };
const drawn = (seed: string) => vmplaces(options, new Random(seed));

describe("the workload", () => {
  it("puts ten guests of one processor and 1 GiB on each host, all at the mean load", () => {
    const { hosts } = drawn("w");
    expect(hosts).toHaveLength(20);
    for (const { capacity, domains } of hosts) {
      expect(capacity).toEqual({ cpu: 7000, memory: 32_768 });
      expect(domains.map(({ cpus, memory, load }) => [cpus, memory, load])).toEqual(
        new Array(10).fill([1, 1024, 600]),
      );
    }
    expect(new Set(hosts.map(({ labels }) => labels["site"])).size).toBe(4);
  });

  it("changes one guest's load every 300 s on average, to tenths around the mean", () => {
    const { changes } = drawn("w");
    const seen = Array.from({ length: 20_000 }, () => changes.next());
    const last = seen.at(-1)?.at ?? 0;
    expect(last / seen.length).toBeGreaterThan(1500 * 0.97);
    expect(last / seen.length).toBeLessThan(1500 * 1.03);
    const { mean, sigma } = summary(seen.map(({ load }) => load));
    expect(Math.abs(mean - 600)).toBeLessThan(10);
    expect(Math.abs(sigma - 195)).toBeLessThan(15);
    expect(seen.every(({ load }) => load % 100 === 0 && load >= 0 && load <= 1000)).toBe(true);
  });

  it("draws the same changes from the same seed, and others from another", () => {
    const first = (seed: string) => {
      const { changes } = drawn(seed);
      return Array.from({ length: 10 }, () => changes.next());
    };
    expect(first("w")).toEqual(first("w"));
    expect(first("w")).not.toEqual(first("v"));
  });

  it("lets a guest write in proportion to its load, at most half of what the link carries", () => {
    const { dirtyRate } = drawn("w");
    const rates = Array.from({ length: 200 }, (_, vm) => dirtyRate(vm, 1000));
    expect(Math.max(...rates)).toBe(59);
    expect(Math.min(...rates)).toBe(11);
    expect(rates.every((rate, vm) => Math.abs(dirtyRate(vm, 500) - rate / 2) <= 1)).toBe(true);
  });
});

describe("a summary", () => {
  it("takes quantiles by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(summary(values)).toMatchObject({ count: 100, mean: 50.5, p50: 50, p90: 90, p99: 99, max: 100 });
    expect(percentiles(values).slice(0, 3)).toEqual([1, 1, 2]);
  });

  it("of nothing is zero", () => {
    expect(summary([])).toEqual({ count: 0, mean: 0, sigma: 0, p50: 0, p90: 0, p99: 0, max: 0 });
    expect(percentiles([])).toEqual([]);
  });
});
