import { describe, expect, test } from "vitest";
import type { Domain } from "../../../src/hypervisor/domain.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { Inventory } from "../../../src/lrt/monitoring/inventory.ts";
import { Monitor } from "../../../src/lrt/monitoring/monitor.ts";

const domain = (vm: string, memory = 512): Domain => ({
  vm,
  name: vm,
  state: "running",
  pauseReason: null,
  cpus: 2,
  memory,
  persistent: false,
  stamp: null,
  job: "none",
});

const CONFIG = { ...DEFAULT_LRT_CONFIG, windowMs: 2_000, holdMs: 5_000 };

function host(config = CONFIG, memory = 4096) {
  const inventory = new Inventory();
  inventory.list([domain("a"), domain("b")]);
  const monitor = new Monitor(config, inventory, { cpu: 2000, memory });
  const see = (at: number, a: number, b = 0): ReturnType<Monitor["assess"]> => {
    const usage = (vm: string, wanted: number) => ({ vm, used: wanted, wanted, memory: 512 });
    monitor.observe({ sampledAt: at, domains: [usage("a", a), usage("b", b)] }, at);
    return monitor.assess(at);
  };
  return { inventory, monitor, see };
}

/** Samples once a second from `from` to `to`. */
function during(see: ReturnType<typeof host>["see"], from: number, to: number, a: number, b = 0) {
  let last = see(from, a, b);
  for (let at = from + 1000; at <= to; at += 1000) last = see(at, a, b);
  return last;
}

describe("a host's condition", () => {
  test("is overloaded only after the limit has been passed for the hold", () => {
    const { see } = host();
    during(see, 0, 5_000, 500);
    expect(during(see, 6_000, 11_000, 1500, 1000).kind).toBe("normal");
    expect(during(see, 12_000, 14_000, 1500, 1000)).toMatchObject({
      kind: "overloaded",
      resource: "cpu",
      wanted: 2500,
      limit: 2000,
    });
  });

  test("is not overloaded by a peak shorter than the hold", () => {
    const { see } = host();
    during(see, 0, 5_000, 500);
    during(see, 6_000, 8_000, 2000, 2000);
    expect(during(see, 9_000, 30_000, 500).kind).toBe("normal");
  });

  test("is left only below the margin", () => {
    const { see } = host();
    expect(during(see, 0, 10_000, 1500, 1000).kind).toBe("overloaded");
    expect(during(see, 11_000, 20_000, 1000, 950).kind).toBe("overloaded");
    expect(during(see, 21_000, 30_000, 1000, 850).kind).toBe("normal");
  });

  test("is left at once when its memory is within the limit: that does not waver", () => {
    const { see, inventory } = host(CONFIG, 1000);
    expect(during(see, 0, 10_000, 10).kind).toBe("overloaded");
    inventory.list([domain("a", 500), domain("b", 500)]);
    expect(see(11_000, 10).kind).toBe("normal");
  });

  test("tells when the limit was first passed, before the hold", () => {
    const { see } = host();
    during(see, 0, 5_000, 500);
    const condition = during(see, 6_000, 14_000, 2000, 2000);
    expect(condition.kind === "overloaded" && condition.since).toBeLessThanOrEqual(7_000);
  });

  test("is overloaded by memory, too, which is never overcommitted", () => {
    const { see } = host(CONFIG, 1000);
    expect(during(see, 0, 10_000, 10)).toMatchObject({
      kind: "overloaded",
      resource: "memory",
      wanted: 1024,
      limit: 1000,
    });
  });

  test.each([[Number.NaN], [-1], [Number.POSITIVE_INFINITY], [9_999_999]])(
    "ignores the absurd reading %s",
    (wanted) => {
      const { monitor, see } = host();
      during(see, 0, 5_000, 500);
      expect(during(see, 6_000, 20_000, wanted).kind).toBe("normal");
      expect(monitor.rejected).toBeGreaterThan(0);
    },
  );

  test("is blind while usage cannot be read, and nothing is judged then", () => {
    const { monitor, see } = host();
    during(see, 0, 10_000, 1500, 1000);
    monitor.unavailable("libvirtd hangs");
    expect(monitor.assess(11_000)).toEqual({ kind: "blind", reason: "libvirtd hangs" });
    expect(see(12_000, 1500, 1000).kind).toBe("normal");
  });

  test("can be judged without a new sample: no news is no change", () => {
    const { monitor, see } = host();
    see(0, 1500, 1000);
    const due = monitor.nextCheck(0);
    expect(due).not.toBeNull();
    expect(monitor.assess(5_000).kind).toBe("overloaded");
  });

  test("knows nothing of who came and went between two samples", () => {
    const { inventory, monitor, see } = host();
    see(0, 500);
    monitor.expect("c", 900, 500);
    inventory.list([domain("a"), domain("b"), domain("c")]);
    monitor.forgetGone();
    expect(monitor.size).toBe(3);
    inventory.list([domain("a"), domain("b")]);
    monitor.forgetGone();
    expect(monitor.size).toBe(2);
  });

  test("is underloaded when little is wanted for the hold and something could be moved away", () => {
    const { inventory, see } = host();
    during(see, 0, 20_000, 10);
    expect(see(21_000, 10).kind).toBe("normal");
    const stamp = { ve: "v", vm: "a", handler: "h", generation: 1, adopted: false, policy: {} as never };
    inventory.list([{ ...domain("a"), stamp }, domain("b")]);
    expect(during(see, 22_000, 40_000, 10)).toMatchObject({ kind: "underloaded", wanted: 10 });
  });
});
