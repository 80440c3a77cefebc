import { describe, expect, test } from "vitest";
import { Random } from "../../../src/lib/random.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { older } from "../../../src/lrt/scheduling/event.ts";
import { EventQueue } from "../../../src/lrt/scheduling/event-queue.ts";

const queue = () => new EventQueue(DEFAULT_LRT_CONFIG, new Random("queue"));
const noPlan = (reason: string, final = false) => ({ kind: "no-plan", reason, final }) as const;

describe("a host's events", () => {
  test("are handled oldest first, whatever came last", () => {
    const it = queue();
    it.raise("h1", 1, { kind: "drain" }, 5_000);
    const old = it.raise("h1", 1, { kind: "underload", wanted: 1 }, 6_000, 1_000);
    expect(it.next(6_000)?.id).toBe(old?.id);
  });

  test("back off, longer each time, up to the most, and are said again only for another reason", () => {
    const it = queue();
    const event = it.raise("h1", 1, { kind: "drain" }, 0);
    const id = event?.id ?? "";
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      const { retryInMs, news } = it.failed(id, noPlan("no room"), 0);
      waits.push(retryInMs ?? 0);
      expect(news).toBe(i === 0);
    }
    expect(waits[0]).toBeLessThanOrEqual(1_500);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(150_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(450_000);
    expect(it.next(100)).toBeUndefined();
    expect(it.failed(id, noPlan("another"), 0).news).toBe(true);
  });

  test("wake their host for what comes due, not for what is due already", () => {
    const it = queue();
    it.raise("h1", 1, { kind: "drain" }, 0);
    expect(it.wakeAt(0)).toBeNull();
    const id = it.raise("h1", 1, { kind: "underload", wanted: 1 }, 0)?.id ?? "";
    it.handedOver(id, 0, 30_000);
    expect([it.wakeAt(0), it.wakeAt(29_999), it.wakeAt(30_000)]).toEqual([30_000, 30_000, null]);
  });

  test("that nobody can solve are parked until something changes", () => {
    const it = queue();
    const id = it.raise("h1", 1, { kind: "drain" }, 0)?.id ?? "";
    expect(it.failed(id, noPlan("larger than any host", true), 0).retryInMs).toBeNull();
    expect(it.next(10_000_000)).toBeUndefined();
    it.unpark(10_000_000);
    expect(it.next(10_010_000)?.id).toBe(id);
  });

  test("that were handed over are their owner's again when nobody tells how they ended", () => {
    const it = queue();
    const id = it.raise("h1", 1, { kind: "drain" }, 0)?.id ?? "";
    it.handedOver(id, 0, 30_000);
    it.reclaim(29_999);
    expect(it.next(29_999)).toBeUndefined();
    it.reclaim(30_000);
    expect(it.next(30_000)?.id).toBe(id);
  });

  test("are refused when far too many wait", () => {
    const it = queue();
    for (let i = 0; i < 256; i++) expect(it.raise("h1", 1, { kind: "drain" }, i)).not.toBeNull();
    expect(it.raise("h1", 1, { kind: "drain" }, 999)).toBeNull();
  });
});

test("the older event goes first, and ties go by id, the same way seen from both sides", () => {
  const a = { ageMs: 10_000, id: "a" };
  const b = { ageMs: 5_000, id: "b" };
  expect([older(a, b), older(b, a)]).toEqual([true, false]);
  const close = { ageMs: 9_500, id: "b" };
  expect([older(a, close), older(close, a)]).toEqual([true, false]);
});
