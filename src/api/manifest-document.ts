/** A manifest as a file would have it: what apply takes, without what is the default. */
import { writeDuration, writeSize } from "../lib/quantity.ts";
import { DEFAULT_POLICY } from "../model/virtual-machine.ts";
import type { VeManifest, VmTemplate } from "../vet/lifecycle/manifest.ts";
import { API_VERSION } from "./routes.ts";

interface Tree {
  readonly [key: string]: unknown;
}

export function documentOf(manifest: VeManifest): Tree {
  const { name, labels, desired, priority, vms, placement, balancing, migration, drain } = manifest;
  const { bandwidthMibPerSecond, timeoutMs } = migration;
  const standard = DEFAULT_POLICY;
  return {
    apiVersion: API_VERSION,
    kind: "VirtualEnvironment",
    metadata: kept({ name, labels: unlessEmpty(labels) }),
    spec: kept({
      desired: unless("running", desired),
      priority: unless(standard.priority, priority),
      vms: vms.map(templateDocument),
      placement: unlessEmpty(
        kept({ require: unlessEmpty(placement.require), rules: unlessEmpty(placement.rules) }),
      ),
      balancing: unlessEmpty(kept({ mode: unless(standard.balancing, balancing.mode) })),
      migration: unlessEmpty(
        kept({
          bandwidthMibPerSecond: unless(standard.migration.bandwidthMibPerSecond, bandwidthMibPerSecond),
          timeout: unless(writeDuration(standard.migration.timeoutMs), writeDuration(timeoutMs)),
        }),
      ),
      drain: unlessEmpty(kept({ action: unless(standard.drain, drain.action) })),
    }),
  };
}

function templateDocument({ name, count, cpus, memory, boot, disks, nics, domainXml }: VmTemplate): Tree {
  return kept({
    name,
    count: unless(1, count),
    cpus: unless(1, cpus),
    memory: writeSize(memory),
    boot: boot === null ? undefined : kept({ ...boot }),
    disks: unlessEmpty(
      disks.map(({ path, format, readOnly }) => kept({ path, format, readOnly: unless(false, readOnly) })),
    ),
    nics: unlessEmpty(nics.map((nic) => kept({ ...nic }))),
    domain: domainXml === null ? undefined : { xml: domainXml },
  });
}

function unless<T>(standard: T, value: T): T | undefined {
  return value === standard ? undefined : value;
}

function unlessEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

/** Without what is undefined or null. */
function kept(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).filter(([, value]) => value !== undefined && value !== null),
  );
}
