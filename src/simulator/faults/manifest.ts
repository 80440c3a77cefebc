import type { Labels } from "../../model/node.ts";
import { DEFAULT_MIGRATION, DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import type { VeManifest } from "../../vet/lifecycle/manifest.ts";

/** A VE of some like VMs, as a script or a seed asks for it. */
export function manifestOf(
  name: string,
  count: number,
  memory: number,
  apart: boolean,
  require: Labels = {},
): VeManifest {
  const vms = { name: "web", count, cpus: 1, memory, boot: null, disks: [], nics: [], domainXml: null };
  return {
    name,
    labels: {},
    desired: "running",
    priority: DEFAULT_POLICY.priority,
    vms: [vms],
    placement: { require, rules: apart ? [{ kind: "apart", vms: ["web"] }] : [] },
    balancing: { mode: "auto" },
    migration: DEFAULT_MIGRATION,
    drain: { action: "live" },
  };
}
