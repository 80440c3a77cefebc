import type { Millis } from "../../lib/instant.ts";
import type { Stamp, VmId } from "../../model/virtual-machine.ts";
import type { Domain, DomainState, PauseReason } from "../domain.ts";
import type { ShellSpec } from "./channel.ts";
import type { GuestBehaviour } from "./settings.ts";

/** A domain with the guest in it. Mutable: thousands of hosts hold tens of them. */
export interface Guest {
  readonly vm: VmId;
  readonly name: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  persistent: boolean;
  stamp: Stamp | null;
  state: DomainState;
  pauseReason: PauseReason | null;
  job: Domain["job"];
  /** milli-CPU it wants. */
  load: number;
  /** MiB/s. */
  dirtyRate: number;
  powerOffMs: Millis | null;
  /** An operator paused it. */
  suspended: boolean;
  /** Paused for a reason of its own, as by an I/O error: no `resume` of ours ends it. It stays with this host. */
  stalled: boolean;
}

export function createGuest(spec: ShellSpec, behaviour: GuestBehaviour): Guest {
  const { vm, name, cpus, memory, persistent, stamp } = spec;
  const { load, dirtyRate, powerOffMs } = behaviour;
  const fresh = {
    state: "running",
    pauseReason: null,
    job: "none",
    suspended: false,
    stalled: false,
  } as const;
  return { vm, name, cpus, memory, persistent, stamp, load, dirtyRate, powerOffMs, ...fresh };
}

/** The shell of an incoming migration: memory is held, no guest runs in it yet. */
export function createShell(spec: ShellSpec): Guest {
  const shell = createGuest(spec, { load: 0, dirtyRate: 0, powerOffMs: null });
  shell.state = "paused";
  shell.pauseReason = "migrating-in";
  shell.job = "migrating-in";
  return shell;
}

export function shutOff(guest: Guest): void {
  guest.state = "shutoff";
  guest.pauseReason = null;
  guest.job = "none";
  guest.suspended = false;
  guest.stalled = false;
}

export function isShell(guest: Guest): boolean {
  return guest.pauseReason === "migrating-in";
}

/** Whether its virtual processors run. */
export function executes(guest: Guest): boolean {
  return guest.state === "running";
}

/** Whether a process (and its memory) exists for it. */
export function isActive(guest: Guest): boolean {
  return guest.state !== "shutoff";
}

export function wantedCpu(guest: Guest): number {
  return executes(guest) ? Math.min(guest.load, guest.cpus * 1000) : 0;
}

export function domainOf(guest: Guest): Domain {
  const { vm, name, state, pauseReason, cpus, memory, persistent, stamp, job } = guest;
  return { vm, name, state, pauseReason, cpus, memory, persistent, stamp, job };
}
