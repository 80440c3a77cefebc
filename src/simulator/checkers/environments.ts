import type { AgentEffect } from "../../agent/turn.ts";
import { ranksAbove } from "../../dnt/registry/rendezvous.ts";
import { vmsOf } from "../../vet/lifecycle/expand.ts";
import type { VeRecord, VmRecord } from "../../vet/lifecycle/record.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

interface Held {
  readonly by: string;
  readonly record: VeRecord;
  readonly moving: boolean;
}

const PREFIX = "registry/record/";
const CEDED = "registry/ceded/";
const KNOWS = "registry/knows-me/";

/**
 * Virtual environments: a VM is started only where its VE's record, on some disk, has it assigned to (or has it stopped
 * meanwhile: the order was on its way), and stopped only when the record says so; no two members act on one record, and none
 * relies on the silence of another that holds what it does not know of. In the end what records say is so: who runs, runs there
 * and nowhere else, as the manifest has it now; who has stopped runs nowhere, and nothing of a VE that was deleted is left.
 */
export class EnvironmentChecker implements Checker {
  readonly name = "environments";

  effect(host: SimulatedHost, effect: AgentEffect, world: CheckedWorld): readonly string[] {
    if (effect.kind === "persist") return [...twice(host, effect, world), ...untold(host, effect, world)];
    if (effect.kind !== "hypervisor") return NOTHING_WRONG;
    const { command } = effect;
    if (command.kind === "start") {
      const { spec, stamp } = command;
      const told = known(world, stamp.ve, spec.id).some(
        ({ state, host: at }) => (state === "assigned" || state === "stopping") && at === host.id,
      );
      return told ? NOTHING_WRONG : [`${host.id} starts ${spec.name}, which no record has assigned to it`];
    }
    if (command.kind !== "stop") return NOTHING_WRONG;
    const ve = host.domains().find(({ vm }) => vm === command.vm)?.stamp?.ve;
    const told = ve === undefined || known(world, ve, command.vm).some(({ state }) => state === "stopping");
    return told ? NOTHING_WRONG : [`${host.id} stops ${command.vm}, which no record says is to stop`];
  }

  unsettled(world: CheckedWorld): readonly string[] {
    const held = world.hosts.flatMap(recordsOf);
    const names = new Set(held.map(({ record }) => record.name));
    const executing = new Map(world.hosts.map((host) => [host.id, new Set(host.executing())]));
    return [
      ...held.flatMap((one) => [
        ...moving(one),
        ...one.record.vms.flatMap((vm) => mistaken(one, vm, executing)),
        ...world.hosts.flatMap((host) => outdated(one, host)),
      ]),
      ...world.hosts.flatMap((host) => leftOver(host, names)),
    ];
  }
}

function recordsOf(host: SimulatedHost): readonly Held[] {
  return host.disk.keys(PREFIX).map((key) => {
    const stored = JSON.parse(host.disk.read(key) ?? "null") as { record: VeRecord; moving: object | null };
    return { by: host.id, record: stored.record, moving: stored.moving !== null };
  });
}

function known({ hosts }: CheckedWorld, ve: string, vm: string): readonly VmRecord[] {
  const records = hosts.flatMap(recordsOf).filter(({ record }) => record.name === ve);
  return records.flatMap(({ record }) => record.vms.filter(({ id }) => id === vm));
}

/** A record is acted on by whoever has it and does not give it away. */
function twice(
  host: SimulatedHost,
  { writes }: Extract<AgentEffect, { kind: "persist" }>,
  { hosts }: CheckedWorld,
): readonly string[] {
  return writes.flatMap(({ key, value }) => {
    const stored = value as { moving: object | null } | null;
    if (!key.startsWith(PREFIX) || stored === null || stored.moving !== null) return [];
    const name = key.slice(PREFIX.length);
    const others = hosts.filter((other) => other !== host && recordsOf(other).some(holds(name)));
    return others.map((other) => `${host.id} and ${other.id} both hold the record of ${name}`);
  });
}

/** Whoever counts another as acquainted has been told of every record there of which it would rather be the home. */
function untold(
  host: SimulatedHost,
  { writes }: Extract<AgentEffect, { kind: "persist" }>,
  { hosts }: CheckedWorld,
): readonly string[] {
  return writes.flatMap(({ key, value }) => {
    if (value === null) return [];
    if (key.startsWith(PREFIX)) {
      const name = key.slice(PREFIX.length);
      const relying = hosts.filter(({ disk }) => disk.read(KNOWS + host.id) !== undefined);
      return relying.flatMap((home) => unawareOf(name, home, host));
    }
    const peer = key.startsWith(KNOWS) ? hosts.find(({ id }) => id === key.slice(KNOWS.length)) : undefined;
    if (peer === undefined) return [];
    return recordsOf(peer).flatMap(({ record }) => unawareOf(record.name, host, peer));
  });
}

function unawareOf(name: string, home: SimulatedHost, holder: SimulatedHost): readonly string[] {
  const aware = [CEDED, PREFIX].some((prefix) => home.disk.read(prefix + name) !== undefined);
  if (aware || !ranksAbove(name, home.id, holder.id)) return [];
  return [`${home.id} counts ${holder.id} as acquainted, and has not heard that it holds ${name}`];
}

const holds =
  (name: string) =>
  ({ record, moving: goes }: Held): boolean =>
    record.name === name && !goes;

function moving({ by, record, moving: goes }: Held): readonly string[] {
  if (goes) return [`${by} still gives the record of ${record.name} away`];
  return record.deleting ? [`${record.name} is still being deleted`] : [];
}

function mistaken(
  { record }: Held,
  { name, id, state, host }: VmRecord,
  executing: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const where = [...executing].filter(([, vms]) => vms.has(id)).map(([at]) => at);
  if (state === "assigned" || state === "stopping") return [`${record.name}.${name} is still ${state}`];
  const right = state === "running" ? where.length === 1 && where[0] === host : where.length === 0;
  return right
    ? []
    : [`${record.name}.${name} is ${state} by its record, and runs on ${where.join() || "no host"}`];
}

/** What runs is what the manifest says, whatever it said before. */
function outdated({ record }: Held, host: SimulatedHost): readonly string[] {
  const templates = vmsOf(record.manifest);
  const executing = new Set(host.executing());
  return host.domains().flatMap(({ vm, stamp, memory }) => {
    if (stamp?.ve !== record.name || !executing.has(vm)) return [];
    const wanted = templates.get(stamp.vm)?.memory ?? memory;
    return memory === wanted ? [] : [`${vm} runs with ${memory} MiB, and its manifest says ${wanted}`];
  });
}

/** Guests of the VEs that the script makes have names of their own. */
function leftOver(host: SimulatedHost, names: ReadonlySet<string>): readonly string[] {
  return host
    .domains()
    .filter(({ stamp }) => stamp?.ve.startsWith(SCRIPTED) === true && !names.has(stamp.ve))
    .map(({ name, state }) => `${name} is ${state} on ${host.id}, and its VE has no record`);
}

/** How the names of VEs begin that a script makes. */
export const SCRIPTED = "ve-";
