/** A guest's life as it told it itself: one tick per second of its own time, on whichever host it was. */
import { readFileSync } from "node:fs";
import type { BedHost } from "../../bed/host.ts";

/** Every tick that the guest said, in the order of counting. */
export function ticksOf(hosts: readonly BedHost[], guest: string): readonly number[] {
  const ticks = hosts.flatMap((host) => ticksIn(consoleOf(host, guest)));
  return ticks.sort((a, b) => a - b);
}

export function lastTick(hosts: readonly BedHost[], guest: string): number {
  return ticksOf(hosts, guest).at(-1) ?? 0;
}

/** What speaks against one unbroken life: a second start, a tick twice (a second copy), a gap (lost state). */
export function breaksIn(hosts: readonly BedHost[], guest: string): string[] {
  const starts = hosts.reduce((sum, host) => sum + count(consoleOf(host, guest), /^READY /gm), 0);
  const ticks = ticksOf(hosts, guest);
  const wrong = ticks.findIndex((tick, i) => tick !== i + 1);
  return [
    ...(starts === 1 ? [] : [`${guest} was started ${starts} times`]),
    ...(wrong === -1 ? [] : [`${guest}: tick ${ticks[wrong]} where ${wrong + 1} was due`]),
  ];
}

function ticksIn(text: string): number[] {
  return [...text.matchAll(/^tick (\d+)\r?\n/gm)].map(([, count]) => Number(count));
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

function consoleOf(host: BedHost, guest: string): string {
  try {
    return readFileSync(`${host.dir}/log/console/${guest}.log`, "utf8");
  } catch {
    return "";
  }
}
