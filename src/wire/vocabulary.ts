/** The nouns that messages are made of. */

import type { Resources } from "../model/resources.ts";
import type { MigrationPolicy, Stamp, VmPolicy, VmSpec } from "../model/virtual-machine.ts";
import { COUNTS, HIGHEST_AMOUNT, HIGHEST_COUNTER, LENGTHS } from "./limits.ts";
import { object, optional } from "./object.ts";
import { record } from "./record.ts";
import { BOOLEAN, choice, id, integer, list, named, noted, prose, text } from "./schema.ts";

export const NODE_ID = named("node id", id(LENGTHS.nodeId));
export const VM_ID = named("VM id", id(LENGTHS.vmId));
export const VE_NAME = named("VE name", id(LENGTHS.label));
/** Of a host or a domain, as its operators have it. */
export const NAME = named("name", text(LENGTHS.name));
export const TEXT = named("text", text(LENGTHS.text));
export const PROSE = named("words", prose(LENGTHS.prose));
export const PATH = named("path", text(LENGTHS.path));
/** Grows by one; receivers may have to count on from it. */
export const COUNTER = named("counter", integer(0, HIGHEST_COUNTER));
export const AMOUNT = named("amount", integer(0, HIGHEST_AMOUNT));
export const MILLIS = named("milliseconds", integer(0, HIGHEST_AMOUNT));
export const LABELS = named("labels", record(TEXT, COUNTS.labels, LENGTHS.text));

export const RESOURCES = object<Resources>("Resources", {
  cpu: noted(AMOUNT, "milli-CPU"),
  memory: noted(AMOUNT, "MiB"),
});

export const MIGRATION_POLICY = object<MigrationPolicy>("MigrationPolicy", {
  bandwidthMibPerSecond: noted(AMOUNT, "0: as fast as the host's configuration allows"),
  timeoutMs: MILLIS,
});

export const VM_POLICY = object<VmPolicy>("VmPolicy", {
  apart: noted(list(VM_ID, COUNTS.veVms), "never on one host with these"),
  together: noted(list(VM_ID, COUNTS.veVms), "always on one host with these"),
  require: noted(LABELS, "labels its host must have"),
  balancing: choice("auto", "recommend", "off"),
  drain: choice("live", "stay"),
  migration: MIGRATION_POLICY,
  priority: COUNTER,
});

export const STAMP = object<Stamp>("Stamp", {
  ve: VE_NAME,
  vm: NAME,
  handler: noted(id(LENGTHS.handler), "`<node>-<k>-<n>`"),
  generation: COUNTER,
  adopted: BOOLEAN,
  policy: VM_POLICY,
});

export const DISK = object<VmSpec["disks"][number]>("Disk", {
  path: PATH,
  format: choice("raw", "qcow2"),
  readOnly: BOOLEAN,
});

export const VM_SPEC = object<VmSpec>("VmSpec", {
  id: VM_ID,
  name: NAME,
  cpus: AMOUNT,
  memory: noted(AMOUNT, "MiB"),
  boot: optional(
    object<NonNullable<VmSpec["boot"]>>("Boot", {
      kernel: PATH,
      initrd: optional(PATH),
      cmdline: optional(PATH),
    }),
  ),
  disks: list(DISK, COUNTS.disks),
  nics: list(object<VmSpec["nics"][number]>("Nic", { network: PATH, mac: optional(TEXT) }), COUNTS.nics),
  domainXml: optional(named("domain document", text(LENGTHS.domainXml))),
});
