/** What /proc says: the bed's witness that does not ask libvirt. */
import { readdirSync, readFileSync } from "node:fs";

/** A QEMU process that carries a guest. */
export interface QemuProcess {
  /** As the machine (not the host's own namespace) numbers it. */
  readonly pid: number;
  readonly name: string;
  readonly uuid: string;
  /** It was started to receive a guest (migration or restore), and may still be waiting for it. */
  readonly incoming: boolean;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Pids of the children of `pid`, empty when it is gone. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** Short command name of `pid`, empty when it is gone. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Whether `pid` exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  return /^State:\t[^ZX]/m.test(read(`/proc/${pid}/status`));
}

/** CPU time that `pid` and its threads have used, in milliseconds. Source: proc(5), fields utime and stime. */
export function cpuMilliseconds(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

/** The guest that `pid` carries, or undefined when it is not a QEMU process with a name and a uuid (a probe has none). */
export function qemuProcess(pid: number): QemuProcess | undefined {
  if (!commandOf(pid).startsWith("qemu-system")) return undefined;
  const args = read(`/proc/${pid}/cmdline`).split("\0");
  const after = (flag: string) => args[args.indexOf(flag) + 1] ?? "";
  const name = /^guest=([^,]+)/.exec(after("-name"))?.[1];
  if (name === undefined || !args.includes("-uuid") || !isAlive(pid)) return undefined;
  return { pid, name, uuid: after("-uuid"), incoming: args.includes("-incoming") };
}

/** Pids in a cgroup directory and everything below it; empty when it is gone. */
export function pidsBelow(cgroup: string): number[] {
  const own = read(`${cgroup}/cgroup.procs`).split("\n").filter(Boolean).map(Number);
  return own.concat(...groupsIn(cgroup).map((group) => pidsBelow(`${cgroup}/${group}`)));
}

function groupsIn(cgroup: string): string[] {
  try {
    return readdirSync(cgroup, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
