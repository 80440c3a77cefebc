import type { Resources } from "../../model/resources.ts";
import type { Stamp, VmId, VmPolicy, VmSpec } from "../../model/virtual-machine.ts";
import type { PlacementRuleSpec, VeManifest, VmTemplate } from "./manifest.ts";
import type { VeRecord, VmRecord } from "./record.ts";

/**
 * What a VM is expected to want of the CPU until it has been measured, in thousandths of its virtual CPUs. All
 * of them would leave hosts empty (guests rarely use their whole allotment), none would pile arrivals up on one
 * host; a wrong guess is an overload, which moves VMs within seconds. Memory is never guessed.
 */
const ARRIVAL_CPU_PERMILLE = 250;

/** A manifest's VMs by name, each with its template, in the manifest's order. */
export function vmsOf(manifest: VeManifest): Map<string, VmTemplate> {
  return new Map(manifest.vms.flatMap((template) => namesOf(template).map((name) => [name, template])));
}

/** `web` once is web; more often it is web-0, web-1, … */
export function namesOf({ name, count }: VmTemplate): string[] {
  return count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}-${i}`);
}

/** The VMs a rule speaks of, by name, each once. */
export function vmsOfRule(rule: PlacementRuleSpec, manifest: VeManifest): string[] {
  const names = rule.vms.flatMap((word) => {
    const template = manifest.vms.find(({ name }) => name === word);
    return template === undefined ? [word] : namesOf(template);
  });
  return [...new Set(names)];
}

export function expectedDemand({ cpus, memory }: VmTemplate): Resources {
  return { cpu: Math.max(1, Math.floor((cpus * 1000 * ARRIVAL_CPU_PERMILLE) / 1000)), memory };
}

export function specOf(vm: VmRecord, template: VmTemplate): VmSpec {
  const { cpus, memory, boot, disks, nics, domainXml } = template;
  return {
    id: vm.id,
    name: vm.domain,
    cpus,
    memory,
    disks,
    nics: nics.map(({ network, mac }) => ({ network, ...given("mac", mac) })),
    ...given(
      "boot",
      boot && { kernel: boot.kernel, ...given("initrd", boot.initrd), ...given("cmdline", boot.cmdline) },
    ),
    ...given("domainXml", domainXml),
  };
}

export function stampOf(record: VeRecord, vm: VmRecord): Stamp {
  const { name: ve, generation, adopted } = record;
  return { ve, vm: vm.name, handler: vm.handler, generation, adopted, policy: policyOf(record, vm) };
}

function policyOf(record: VeRecord, vm: VmRecord): VmPolicy {
  const { placement, balancing, drain, migration, priority } = record.manifest;
  return {
    apart: companions(record, vm, "apart"),
    together: companions(record, vm, "together"),
    require: placement.require,
    balancing: balancing.mode,
    drain: drain.action,
    migration,
    priority,
  };
}

function companions(record: VeRecord, vm: VmRecord, kind: PlacementRuleSpec["kind"]): VmId[] {
  const { manifest } = record;
  const names = new Set(
    manifest.placement.rules
      .filter((rule) => rule.kind === kind)
      .map((rule) => vmsOfRule(rule, manifest))
      .filter((vms) => vms.includes(vm.name))
      .flat(),
  );
  return record.vms.filter(({ name }) => name !== vm.name && names.has(name)).map(({ id }) => id);
}

/** `{ [key]: value }`, or nothing where there is no value (`exactOptionalPropertyTypes`). */
function given<K extends string, V>(key: K, value: V | null): { readonly [k in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { readonly [k in K]: V });
}
