/** Virtual environments: their manifests and records, as agents hand them over. */
import type { PlacementRuleSpec, VeManifest, VmTemplate } from "../vet/lifecycle/manifest.ts";
import type { VeRecord, VmRecord } from "../vet/lifecycle/record.ts";
import { COUNTS, LENGTHS } from "./limits.ts";
import { object } from "./object.ts";
import { BOOLEAN, choice, id, list, named, noted, nullable, text } from "./schema.ts";
import {
  AMOUNT,
  COUNTER,
  DISK,
  LABELS,
  MIGRATION_POLICY,
  MILLIS,
  NAME,
  NODE_ID,
  PATH,
  PROSE,
  TEXT,
  VE_NAME,
  VM_ID,
} from "./vocabulary.ts";

const HANDLER = named("handler", id(LENGTHS.handler));
const DESIRED = choice("running", "stopped");

const TEMPLATE = object<VmTemplate>("VmTemplate", {
  name: NAME,
  count: AMOUNT,
  cpus: AMOUNT,
  memory: noted(AMOUNT, "MiB"),
  boot: nullable(
    object<NonNullable<VmTemplate["boot"]>>("TemplateBoot", {
      kernel: PATH,
      initrd: nullable(PATH),
      cmdline: nullable(PATH),
    }),
  ),
  disks: list(DISK, COUNTS.disks),
  nics: list(
    object<VmTemplate["nics"][number]>("TemplateNic", { network: PATH, mac: nullable(TEXT) }),
    COUNTS.nics,
  ),
  domainXml: nullable(named("domain document", text(LENGTHS.domainXml))),
});

const RULE = object<PlacementRuleSpec>("PlacementRule", {
  kind: choice("apart", "together"),
  vms: noted(list(NAME, COUNTS.templates), "templates or single VMs"),
});

export const MANIFEST = object<VeManifest>("VeManifest", {
  name: VE_NAME,
  labels: LABELS,
  desired: DESIRED,
  priority: COUNTER,
  vms: list(TEMPLATE, COUNTS.templates),
  placement: object<VeManifest["placement"]>("Placement", {
    require: LABELS,
    rules: list(RULE, COUNTS.templates),
  }),
  balancing: object<VeManifest["balancing"]>("Balancing", { mode: choice("auto", "recommend", "off") }),
  migration: MIGRATION_POLICY,
  drain: object<VeManifest["drain"]>("Drain", { action: choice("live", "stay") }),
});

const VM_RECORD = object<VmRecord>("VmRecord", {
  name: NAME,
  id: VM_ID,
  handler: HANDLER,
  domain: NAME,
  state: choice("waiting", "assigned", "running", "stopping", "stopped"),
  host: nullable(NODE_ID),
  life: nullable(TEXT),
  next: choice("stay", "again", "forget"),
  note: nullable(PROSE),
});

export const VE_RECORD = object<VeRecord>("VeRecord", {
  name: VE_NAME,
  handler: HANDLER,
  made: COUNTER,
  generation: COUNTER,
  manifest: MANIFEST,
  adopted: BOOLEAN,
  deleting: BOOLEAN,
  graceMs: MILLIS,
  vms: list(VM_RECORD, COUNTS.veVms),
});
