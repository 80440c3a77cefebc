import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { BootClock, type TimeSources } from "../../../../src/adapters/clock/boot-clock.ts";

/** A host whose sleep is under the test's control; its uptime is rounded as the kernel's is. */
class Host implements TimeSources {
  awake = 5_000.4;
  asleep = 0;
  monotonic(): number {
    return this.awake;
  }
  uptime(): number {
    return Math.floor((this.awake + this.asleep) / 10) * 10;
  }
}

/** The real host, with sleeps of the test's making. */
class Sleeper implements TimeSources {
  slept = 0;
  monotonic(): number {
    return performance.now();
  }
  uptime(): number {
    return Math.floor((performance.now() + this.slept) / 10) * 10;
  }
}

const clocks: BootClock[] = [];
function clockOf(sources?: TimeSources): BootClock {
  const clock = new BootClock(sources);
  clocks.push(clock);
  return clock;
}
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.close();
});

describe("boot time", () => {
  it("agrees with the kernel's to 10 ms, in whole milliseconds", () => {
    const clock = clockOf();
    const before = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1_000;
    const now = clock.now();
    const after = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1_000;
    expect(Number.isInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before - 10);
    expect(now).toBeLessThanOrEqual(after + 10);
  });

  it("moves with the monotonic clock while the host is awake", () => {
    const host = new Host();
    const clock = clockOf(host);
    const start = clock.now();
    for (let i = 0; i < 10_000; i++) {
      host.awake += 7.3;
      expect(Math.abs(clock.now() - start - 7.3 * (i + 1))).toBeLessThan(11);
    }
  });

  it("never goes backward, and comes as near to the truth as its samples allow", () => {
    const host = new Host();
    const clock = clockOf(host);
    let last = clock.now();
    for (let i = 0; i < 5_000; i++) {
      host.awake += 33.7;
      const now = clock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(host.awake - last).toBeLessThan(1.5);
  });

  it("jumps forward by the time slept as soon as the host has been awake for a tenth of a second", () => {
    const host = new Host();
    const clock = clockOf(host);
    const before = clock.now();
    host.asleep += 3_600_000;
    host.awake += 100;
    const jump = clock.now() - before;
    expect(jump).toBeGreaterThanOrEqual(3_600_090);
    expect(jump).toBeLessThanOrEqual(3_600_110);
  });

  it("goes on where the system does not tell its uptime", () => {
    let time = 10.5;
    const clock = clockOf({ monotonic: () => time, uptime: () => null });
    const before = clock.now();
    time += 1_000;
    expect(clock.now() - before).toBe(1_000);
  });
});

describe("an alarm", () => {
  const rings = (clock: BootClock, after: number) =>
    new Promise<number>((resolve) => clock.at(clock.now() + after, () => resolve(clock.now())));

  it("rings at its time or later, never earlier and never from inside the call", async () => {
    const clock = clockOf();
    for (const after of [-5, 0, 1, 30]) {
      const due = clock.now() + after;
      let inside = true;
      const rang = new Promise<number>((resolve) =>
        clock.at(due, () => {
          expect(inside).toBe(false);
          resolve(clock.now());
        }),
      );
      inside = false;
      expect(await rang).toBeGreaterThanOrEqual(due);
    }
  });

  it("rings in the order of the times, then of the calls", async () => {
    const clock = clockOf();
    const now = clock.now();
    const heard: string[] = [];
    for (const [name, after] of [
      ["c", 20],
      ["a", 5],
      ["d", 20],
      ["b", 10],
    ] as const)
      clock.at(now + after, () => heard.push(name));
    await rings(clock, 30);
    expect(heard).toEqual(["a", "b", "c", "d"]);
  });

  it("does not ring when it was called off, even by one that rings at the same time", async () => {
    const clock = clockOf();
    const due = clock.now() + 10;
    const heard: string[] = [];
    clock.at(due, () => offs.forEach((off) => void off()));
    const offs = ["b", "c"].map((name) => clock.at(due, () => heard.push(name)));
    clock.at(due, () => heard.push("d"));
    await rings(clock, 30);
    offs[0]!();
    expect(heard).toEqual(["d"]);
  });

  it("can be set by one that rings", async () => {
    const clock = clockOf();
    let heard = 0;
    await new Promise<void>((resolve) => {
      const again = (): void => {
        heard += 1;
        if (heard === 5) resolve();
        else clock.at(clock.now(), again);
      };
      clock.at(clock.now(), again);
    });
    expect(heard).toBe(5);
  });

  it("is found among thousands that were called off", async () => {
    const clock = clockOf();
    const rang = rings(clock, 20);
    for (let i = 0; i < 5_000; i++)
      clock.at(clock.now() + 10 + (i % 3_000_000), () => expect.unreachable())();
    await rang;
  });

  it("rings soon after the host wakes up when its time came during the sleep", async () => {
    const host = new Sleeper();
    const clock = clockOf(host);
    const rang = rings(clock, 8 * 3_600_000);
    host.slept += 9 * 3_600_000;
    await rang;
  });
});
