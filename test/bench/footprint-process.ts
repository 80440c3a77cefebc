/** What the kernel says a process uses. */
import { readFileSync } from "node:fs";

/** Clock ticks per second, as /proc counts them: 100 on every Linux that Node runs on. */
const TICKS = 100;

export interface Memory {
  /** Bytes. Resident counts the pages of Node's own file as well, which all agents of a machine share. */
  readonly rss: number;
  readonly anonymous: number;
  /** Proportional: shared pages are divided among those that share them. */
  readonly pss: number;
}

/** User and system time of all threads since the start, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command, in parentheses, may contain anything; state is the third field, user time the fourteenth.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export function memory(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(text)?.[1]) * 1024;
  return { rss: field("Rss"), anonymous: field("Anonymous"), pss: field("Pss") };
}
