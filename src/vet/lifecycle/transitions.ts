/**
 * How a VE's record changes: by what its owner asks, and by what its hosts say. Pure; the handler (`home/handler`)
 * makes the result durable and acts on it.
 *
 *   waiting ─a plan gives it a host─▶ assigned ─its host: here─▶ running
 *      ▲  └─stop─▶ stopped               │ gone                      │ stop, restart, removal
 *      │              ▲                  ▼                           ▼
 *      ├──── start ───┤               waiting         gone ◀──── stopping
 *      │              └── running, gone                │
 *      └──────────────── again ────────────────────────┤ stay: stopped; forget: out of the record
 *
 * *Gone* is certain knowledge (`home/inspection`): no VM leaves a state that has a host without it.
 */

import { byText } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { DesiredState } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { AdoptedDomain } from "../commands.ts";
import { restarted } from "./difference.ts";
import { vmsOf } from "./expand.ts";
import type { VeManifest } from "./manifest.ts";
import { PLACED, replaceVm, type VeRecord, type VmRecord } from "./record.ts";
import { LABEL } from "./validate.ts";

export const DEFAULT_GRACE_MS = 60_000;

/** What is certain of a VM after its hosts have been asked. */
export type Verdict =
  | { readonly kind: "here"; readonly host: NodeId; readonly life: string }
  | { readonly kind: "gone"; readonly how: string }
  /** Nothing is: it stays as it is written, and is started nowhere. */
  | { readonly kind: "unclear"; readonly why: string };

export function createRecord(manifest: VeManifest, handler: string, newId: () => VmId): VeRecord {
  const empty: VeRecord = {
    name: manifest.name,
    handler,
    made: 0,
    generation: 1,
    manifest,
    adopted: false,
    deleting: false,
    graceMs: DEFAULT_GRACE_MS,
    vms: [],
  };
  return withVms(empty, [...vmsOf(manifest).keys()], newId);
}

/** Running domains of one host become a VE as they are. */
export function adoptedRecord(
  manifest: VeManifest,
  handler: string,
  host: NodeId,
  domains: readonly AdoptedDomain[],
): VeRecord {
  const vms = adoptedNames(domains).map(
    ([name, domain], n): VmRecord => ({
      name,
      id: domain.id,
      handler: `${handler}-${n + 1}`,
      domain: domain.name,
      state: "running",
      host,
      life: null,
      next: "stay",
      note: null,
    }),
  );
  const empty = createRecord({ ...manifest, vms: [] }, handler, () => "");
  return { ...empty, manifest, adopted: true, made: vms.length, vms: sorted(vms) };
}

/** VM names for domains: their own, made RFC 1123 labels, numbered where that makes two the same. */
export function adoptedNames(domains: readonly AdoptedDomain[]): [string, AdoptedDomain][] {
  const taken = new Set<string>();
  return domains.map((domain) => {
    const plain = domain.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 56)
      .replace(/^-+|-+$/g, "");
    const base = LABEL.test(plain) ? plain : "vm";
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    return [name, domain];
  });
}

/** The manifest of an adopted VE: what is known of its domains, and nothing that would restart them. */
export function adoptedManifest(name: string, domains: readonly AdoptedDomain[]): VeManifest {
  return {
    name,
    labels: {},
    desired: "running",
    priority: 50,
    vms: adoptedNames(domains).map(([vm, { cpus, memory }]) => ({
      name: vm,
      count: 1,
      cpus,
      memory,
      boot: null,
      disks: [],
      nics: [],
      domainXml: null,
    })),
    placement: { require: {}, rules: [] },
    balancing: { mode: "auto" },
    migration: { bandwidthMibPerSecond: 0, timeoutMs: 300_000 },
    drain: { action: "live" },
  };
}

/** The record once a new manifest has been applied to it: VMs come, go and are stopped to start again. */
export function applyManifest(record: VeRecord, manifest: VeManifest, newId: () => VmId): VeRecord {
  const wanted = vmsOf(manifest);
  const anew = restarted(record.manifest, manifest);
  let next: VeRecord = { ...record, manifest, generation: record.generation + 1 };
  for (const vm of record.vms) {
    if (!wanted.has(vm.name)) next = removeVm(next, vm);
    else if (anew.has(vm.name)) next = restartVm(next, vm);
  }
  const present = new Set(next.vms.filter(({ next: after }) => after !== "forget").map(({ name }) => name));
  next = withVms(
    next,
    [...wanted.keys()].filter((name) => !present.has(name)),
    newId,
  );
  if (manifest.desired === record.manifest.desired) return next;
  return manifest.desired === "running" ? placeAll(next) : stopAll(next);
}

export function withDesired(record: VeRecord, desired: DesiredState): VeRecord {
  if (record.manifest.desired === desired) return record;
  const manifest = { ...record.manifest, desired };
  return { ...record, manifest, generation: record.generation + 1 };
}

/** Every VM that is certain not to run waits for a host; one that is being stopped does so once it has. */
export function placeAll(record: VeRecord): VeRecord {
  let next = record;
  for (const vm of record.vms) {
    if (vm.state === "stopped") next = replaceVm(next, vm.id, { state: "waiting", note: null });
    else if (vm.state === "stopping" && vm.next === "stay") next = replaceVm(next, vm.id, { next: "again" });
  }
  return next;
}

export function stopAll(record: VeRecord): VeRecord {
  let next = record;
  for (const vm of record.vms) {
    if (vm.state === "waiting") next = replaceVm(next, vm.id, { state: "stopped", note: null });
    else if (vm.state === "stopping" && vm.next === "again") next = replaceVm(next, vm.id, { next: "stay" });
    else if (vm.state === "running" || vm.state === "assigned")
      next = replaceVm(next, vm.id, { state: "stopping", next: "stay", note: null });
  }
  return next;
}

/**
 * As an operator asks for it. What was stopped before may have been started by hand since, and have this generation's
 * stamp: an order to stop names the generation that a guest's stamp is older than.
 */
export function stopAnew(record: VeRecord): VeRecord {
  const next = stopAll(withDesired(record, "stopped"));
  const stopping = ({ vms }: VeRecord): number => vms.filter(({ state }) => state === "stopping").length;
  const again = next.generation === record.generation && stopping(next) > stopping(record);
  return again ? { ...next, generation: record.generation + 1 } : next;
}

export function removeAll(record: VeRecord): VeRecord {
  let next: VeRecord = { ...record, deleting: true, generation: record.generation + 1 };
  for (const vm of record.vms) next = record.adopted ? releaseVm(next, vm) : removeVm(next, vm);
  return next;
}

/**
 * Writes down where a waiting VM goes; null: it is not to be started (any more). Not even where it is assigned
 * already: it may have started there and have been moved on since.
 */
export function assignVm(record: VeRecord, id: VmId, host: NodeId, life: string | null): VeRecord | null {
  const vm = record.vms.find((each) => each.id === id);
  return vm?.state === "waiting"
    ? replaceVm(record, id, { state: "assigned", host, life, note: null })
    : null;
}

/** What a host's word makes of a VM. The same object back: nothing new. */
export function judge(record: VeRecord, vm: VmRecord, verdict: Verdict): VeRecord {
  if (verdict.kind === "unclear") return record;
  return verdict.kind === "here" ? seen(record, vm, verdict) : gone(record, vm, verdict.how);
}

function seen(record: VeRecord, vm: VmRecord, { host, life }: Extract<Verdict, { kind: "here" }>): VeRecord {
  const state = vm.state === "stopping" ? "stopping" : "running";
  if (vm.state === state && vm.host === host && vm.life === life) return record;
  return replaceVm(record, vm.id, { state, host, life, note: null });
}

function gone(record: VeRecord, vm: VmRecord, how: string): VeRecord {
  const nowhere = { host: null, life: null };
  switch (vm.state) {
    case "waiting":
    case "stopped":
      return record;
    case "assigned":
      return replaceVm(record, vm.id, { ...nowhere, state: "waiting", note: how });
    case "running":
      if (record.deleting) return replaceVm(record, vm.id, null);
      return replaceVm(record, vm.id, { ...rest(record, vm), state: "stopped", note: how });
    case "stopping":
      if (vm.next === "forget") return replaceVm(record, vm.id, null);
      if (vm.next === "again")
        return replaceVm(record, vm.id, { ...nowhere, state: "waiting", next: "stay", note: null });
      return replaceVm(record, vm.id, { ...rest(record, vm), state: "stopped", next: "stay", note: null });
  }
}

/** Where a stopped VM is: nowhere, but an adopted one stays defined on its host. */
function rest(record: VeRecord, vm: VmRecord): Pick<VmRecord, "host" | "life"> {
  return { host: record.adopted ? vm.host : null, life: null };
}

function removeVm(record: VeRecord, vm: VmRecord): VeRecord {
  if (!PLACED.has(vm.state)) return replaceVm(record, vm.id, null);
  return replaceVm(record, vm.id, { state: "stopping", next: "forget" });
}

/** An adopted VM stays in the record until its host has unstamped it. */
function releaseVm(record: VeRecord, vm: VmRecord): VeRecord {
  return replaceVm(record, vm.id, vm.host === null ? null : { next: "forget" });
}

function restartVm(record: VeRecord, vm: VmRecord): VeRecord {
  if (!PLACED.has(vm.state)) return record;
  const next = vm.next === "forget" ? "forget" : "again";
  return replaceVm(record, vm.id, { state: "stopping", next });
}

function withVms(record: VeRecord, names: readonly string[], newId: () => VmId): VeRecord {
  const state = record.manifest.desired === "running" ? "waiting" : "stopped";
  const vms = names.map(
    (name, n): VmRecord => ({
      name,
      id: newId(),
      handler: `${record.handler}-${record.made + n + 1}`,
      domain: `${record.name}.${name}`,
      state,
      host: null,
      life: null,
      next: "stay",
      note: null,
    }),
  );
  return { ...record, made: record.made + vms.length, vms: sorted([...record.vms, ...vms]) };
}

function sorted(vms: readonly VmRecord[]): VmRecord[] {
  return [...vms].sort((a, b) => byText(a.name, b.name) || byText(a.id, b.id));
}
