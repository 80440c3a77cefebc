/** What a schema cannot say of a manifest: refusals, and what is accepted but worth a warning. */
import { type Failure, fail } from "../../lib/error.ts";
import type { Member } from "../../model/member.ts";
import { fits } from "../../model/resources.ts";
import { expectedDemand, namesOf, vmsOf, vmsOfRule } from "./expand.ts";
import type { VeManifest, VmTemplate } from "./manifest.ts";

/** More VMs than this in one VE would make its arrival one plan that no partition solves interactively. */
export const MAX_VMS = 256;
/** JSON characters: a manifest travels in one message, and its record with 256 VMs in another. */
export const MAX_MANIFEST = 65_536;
export const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

type Check = (manifest: VeManifest) => string | null;

/** Why this manifest can never be carried out, or null. */
export function validateManifest(manifest: VeManifest): Failure | null {
  for (const check of CHECKS) {
    const reason = check(manifest);
    if (reason !== null) return invalid(manifest.name, reason);
  }
  return null;
}

/** What is accepted, but may not be what was meant as the network is now. One sentence each. */
export function warningsOf(manifest: VeManifest, members: readonly Member[]): string[] {
  const hosts = members.filter(({ state, draining }) => state !== "left" && !draining);
  return [
    ...manifest.placement.rules.flatMap((rule) => {
      const vms = vmsOfRule(rule, manifest);
      if (vms.length < 2) return [`the rule ${rule.kind} names one VM only and has no effect`];
      if (rule.kind !== "apart" || vms.length <= hosts.length) return [];
      return [`${vms.length} VMs are to be apart and ${hosts.length} hosts are known: some will wait`];
    }),
    ...unmatched(manifest, hosts),
    ...manifest.vms.flatMap((template) => tooLarge(template, hosts)),
  ];
}

function invalid(name: string, reason: string): Failure {
  return fail({ code: "invalid", message: `the manifest of ${name} is not valid`, reason }).failure;
}

function unmatched({ placement }: VeManifest, hosts: readonly Member[]): string[] {
  const wanted = Object.entries(placement.require);
  const matching = hosts.filter(({ labels }) => wanted.every(([label, value]) => labels[label] === value));
  if (wanted.length === 0 || matching.length > 0) return [];
  return [
    `no known host has ${wanted.map(([label, value]) => `${label}=${value}`).join(", ")}: VMs will wait`,
  ];
}

function tooLarge(template: VmTemplate, hosts: readonly Member[]): string[] {
  const demand = expectedDemand(template);
  if (hosts.length === 0 || hosts.some(({ capacity }) => fits(demand, capacity))) return [];
  const largest = Math.max(...hosts.map(({ capacity }) => capacity.memory));
  return [`${template.name} wants ${template.memory} MiB, the largest known host has ${largest} MiB`];
}

const nameCheck: Check = ({ name }) =>
  LABEL.test(name) ? null : "its name is not an RFC 1123 label of at most 63 characters";

const sizeCheck: Check = (manifest) => {
  const size = JSON.stringify(manifest).length;
  return size <= MAX_MANIFEST ? null : `it is ${size} characters long, ${MAX_MANIFEST} are allowed`;
};

const countCheck: Check = ({ vms }) => {
  const strange = vms.find(({ count }) => !Number.isInteger(count) || count < 1);
  if (strange !== undefined) return `${strange.name}: count ${strange.count} is not a whole number from 1`;
  const total = vms.reduce((sum, { count }) => sum + count, 0);
  return total <= MAX_VMS ? null : `it has ${total} VMs, ${MAX_VMS} are allowed`;
};

const amountCheck: Check = ({ vms, priority, migration }) => {
  if (!whole(priority, 0, 100)) return `priority ${priority} is not a whole number from 0 to 100`;
  if (!whole(migration.bandwidthMibPerSecond, 0))
    return "the migration bandwidth is not a whole number of MiB/s";
  if (!whole(migration.timeoutMs, 1)) return "the migration timeout is not a positive number of milliseconds";
  const strange = vms.find(({ cpus, memory }) => !whole(cpus, 1) || !whole(memory, 1));
  return strange === undefined ? null : `${strange.name}: cpus and memory are whole numbers from 1`;
};

const vmNameCheck: Check = ({ vms }) => {
  const seen = new Set<string>();
  for (const name of vms.flatMap(namesOf)) {
    if (!LABEL.test(name)) return `the VM name ${name} is not an RFC 1123 label`;
    if (seen.has(name)) return `two VMs are called ${name}`;
    seen.add(name);
  }
  return null;
};

const ruleNameCheck: Check = (manifest) => {
  const known = vmsOf(manifest);
  for (const rule of manifest.placement.rules) {
    const strange = vmsOfRule(rule, manifest).find((name) => !known.has(name));
    if (strange !== undefined) return `the rule ${rule.kind} names ${strange}, which is no VM of it`;
  }
  return null;
};

/** VMs that must be together, directly or through others, must not have to be apart. */
const contradictionCheck: Check = (manifest) => {
  const group = new Map<string, string>();
  const find = (vm: string): string => {
    const parent = group.get(vm) ?? vm;
    return parent === vm ? vm : find(parent);
  };
  const rules = manifest.placement.rules.map((rule) => ({ ...rule, names: vmsOfRule(rule, manifest) }));
  for (const { kind, names } of rules) {
    const [first, ...others] = names;
    if (kind === "together" && first !== undefined)
      for (const other of others) group.set(find(other), find(first));
  }
  for (const { kind, names } of rules) {
    const taken = new Map<string, string>();
    for (const name of kind === "apart" ? names : []) {
      const other = taken.get(find(name));
      if (other !== undefined) return `${other} and ${name} are to be apart and together`;
      taken.set(find(name), name);
    }
  }
  return null;
};

const documentCheck: Check = ({ vms }) => {
  const strange = vms.find(
    ({ domainXml, count, boot, disks, nics }) =>
      domainXml !== null && (count !== 1 || boot !== null || disks.length > 0 || nics.length > 0),
  );
  return strange === undefined
    ? null
    : `${strange.name} has a whole domain document: only its name, cpus and memory go with it`;
};

const diskCheck: Check = (manifest) => {
  const relative = manifest.vms.flatMap(({ disks }) => disks).find(({ path }) => !path.startsWith("/"));
  if (relative !== undefined) return `the disk path ${relative.path} is not absolute`;
  const writers = new Map<string, string>();
  for (const [vm, { disks }] of vmsOf(manifest)) {
    for (const { path, readOnly } of disks) {
      const other = writers.get(path);
      if (!readOnly && other !== undefined) return `${other} and ${vm} would both write to ${path}`;
      if (!readOnly) writers.set(path, vm);
    }
  }
  return null;
};

const macCheck: Check = (manifest) => {
  const owners = new Map<string, string>();
  for (const [vm, { nics }] of vmsOf(manifest)) {
    for (const { mac } of nics) {
      const other = mac === null ? undefined : owners.get(mac.toLowerCase());
      if (other !== undefined) return `${other} and ${vm} have the same MAC address ${mac}`;
      if (mac !== null) owners.set(mac.toLowerCase(), vm);
    }
  }
  return null;
};

const CHECKS: readonly Check[] = [
  nameCheck,
  countCheck,
  vmNameCheck,
  amountCheck,
  sizeCheck,
  documentCheck,
  diskCheck,
  macCheck,
  ruleNameCheck,
  contradictionCheck,
];

/** Paths a manifest's VMs write to. */
export function writablePaths(manifest: VeManifest): string[] {
  return manifest.vms.flatMap(({ disks }) =>
    disks.filter(({ readOnly }) => !readOnly).map(({ path }) => path),
  );
}

function whole(value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
