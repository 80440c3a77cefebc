import type { VeManifest, VmTemplate } from "../../src/vet/lifecycle/manifest.ts";

export function template(name: string, change: Partial<VmTemplate> = {}): VmTemplate {
  return {
    name,
    count: 1,
    cpus: 1,
    memory: 512,
    boot: null,
    disks: [],
    nics: [],
    domainXml: null,
    ...change,
  };
}

export function manifest(
  name: string,
  vms: readonly VmTemplate[],
  change: Partial<VeManifest> = {},
): VeManifest {
  return {
    name,
    labels: {},
    desired: "running",
    priority: 50,
    vms,
    placement: { require: {}, rules: [] },
    balancing: { mode: "auto" },
    migration: { bandwidthMibPerSecond: 0, timeoutMs: 300_000 },
    drain: { action: "live" },
    ...change,
  };
}
