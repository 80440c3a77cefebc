import { expect, test } from "vitest";
import { minutes } from "../../../src/lib/instant.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { Departures } from "../../../src/lrt/execution/departures.ts";
import type { LrtTurn } from "../../../src/lrt/notifications.ts";
import { DEPARTURES_REMEMBERED } from "../../../src/model/bounds.ts";
import type { Write } from "../../../src/ports/effects.ts";

const turn = (now: number, written: Write[] = []): LrtTurn => {
  const persist = (writes: readonly Write[]): number => written.push(...writes);
  return { now, persist } as unknown as LrtTurn;
};
const hosts = (of: Departures, now: number) => of.of("a", now).map(({ host }) => host);

test("a VM remembers each host that it left within its cool-down once, the latest last", () => {
  const departures = new Departures(DEFAULT_LRT_CONFIG, new Map());
  const earlier = [
    { host: "h1", agoMs: minutes(10) },
    { host: "h2", agoMs: minutes(9) },
    { host: "h3", agoMs: minutes(8) },
    { host: "h2", agoMs: 0 },
  ];
  departures.record("a", "h4", earlier, turn(minutes(60)));
  expect(hosts(departures, minutes(60))).toEqual(["h3", "h2", "h4"]);
  expect(hosts(departures, minutes(62))).toEqual(["h2", "h4"]);
  expect(hosts(departures, minutes(70))).toEqual([]);
});

test("a VM that has left more hosts than it remembers keeps the latest, and is full until one of them is over", () => {
  const departures = new Departures(DEFAULT_LRT_CONFIG, new Map());
  const more = DEPARTURES_REMEMBERED + 2;
  for (let n = 1; n <= more; n++)
    departures.record("a", `h${n}`, departures.of("a", n * 1000), turn(n * 1000));
  const now = more * 1000;
  expect(hosts(departures, now)).toHaveLength(DEPARTURES_REMEMBERED);
  expect(hosts(departures, now)).not.toContain("h2");
  expect(hosts(departures, now).at(-1)).toBe(`h${more}`);
});

test("what is left of an earlier boot of the host, whose clock went further, binds nobody", () => {
  const stored = (at: number) => [{ host: "h1", at }];
  const disk = new Map<string, unknown>([
    ["lrt/left/a", [...stored(minutes(1)), { host: "h2", at: minutes(144_000) }]],
    ["lrt/left/b", stored(minutes(144_000))],
    ["lrt/left/c", stored(minutes(1))],
  ]);
  const departures = new Departures(DEFAULT_LRT_CONFIG, disk);
  const writes: Write[] = [];
  departures.start(turn(minutes(5), writes));
  expect(hosts(departures, minutes(5))).toEqual(["h1"]);
  expect(writes).toEqual([
    { key: "lrt/left/a", value: stored(minutes(1)) },
    { key: "lrt/left/b", value: null },
  ]);
  expect(hosts(departures, minutes(144_001))).toEqual([]);
});
