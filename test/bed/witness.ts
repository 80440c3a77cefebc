/** Who runs what, by two witnesses that know nothing of DISCOVERY: virsh and /proc. */
import type { BedHost } from "./host.ts";

export interface GuestWitness {
  readonly name: string;
  readonly uuid: string;
  /** Hosts whose libvirt says "running". */
  readonly running: readonly string[];
  /** Hosts with a QEMU process of that uuid: two while the guest migrates. */
  readonly processes: readonly string[];
}

export interface Witnessed {
  /** By name. */
  readonly guests: readonly GuestWitness[];
  /** Hosts that are on, but whose libvirt did not answer within 5 s. */
  readonly silent: readonly string[];
}

interface Sighting {
  readonly host: string;
  readonly name: string;
  readonly uuid: string;
  readonly by: "virsh" | "proc";
}

/** Guests without a process or a running domain are not listed. */
export async function takeWitness(hosts: readonly BedHost[]): Promise<Witnessed> {
  const on = hosts.filter((host) => host.isOn);
  const answers = await Promise.all(on.map(runningOn));
  const heard = answers.flatMap((answer) => answer ?? []);
  const seen = on.flatMap((host) =>
    host.qemuProcesses().map(({ name, uuid }): Sighting => ({ host: host.name, name, uuid, by: "proc" })),
  );
  const silent = on.filter((_, i) => answers[i] === undefined).map((host) => host.name);
  return { guests: byGuest([...heard, ...seen]), silent };
}

/** "No guest twice, none lost": what contradicts it, one sentence each. Ask when no migration is under way. */
export function contradictions(witnessed: Witnessed, expected: readonly string[]): string[] {
  const { guests, silent } = witnessed;
  const twice = guests
    .filter(({ running, processes }) => running.length > 1 || processes.length > 1)
    .map(({ name, running, processes }) => `${name} twice: running on ${running}, processes on ${processes}`);
  const lost = expected
    .filter((name) => !guests.some((guest) => guest.name === name && guest.processes.length > 0))
    .map((name) => `${name} lost`);
  return [...twice, ...lost, ...silent.map((host) => `${host} silent`)];
}

async function runningOn(host: BedHost): Promise<Sighting[] | undefined> {
  try {
    const lines = await host.virsh(["list", "--state-running", "--name", "--uuid"], { deadlineMs: 5_000 });
    return lines
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([uuid]) => uuid !== undefined && uuid !== "")
      .map(([uuid = "", name = ""]): Sighting => ({ host: host.name, name, uuid, by: "virsh" }));
  } catch {
    return undefined;
  }
}

function byGuest(sightings: readonly Sighting[]): GuestWitness[] {
  const uuids = [...new Set(sightings.map(({ uuid }) => uuid))];
  const hostsOf = (uuid: string, by: Sighting["by"]) =>
    sightings.filter((one) => one.uuid === uuid && one.by === by).map(({ host }) => host);
  return uuids
    .map((uuid) => ({
      name: sightings.find((one) => one.uuid === uuid)?.name ?? "",
      uuid,
      running: hostsOf(uuid, "virsh"),
      processes: hostsOf(uuid, "proc"),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
