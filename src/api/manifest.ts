/**
 * The manifest of a virtual environment (`apiVersion: discovery/v1, kind: VirtualEnvironment`): its schema, and the
 * way from the file to what the VET takes and back. What the design has and this version has not is refused as
 * *not available yet*: a field that is read must be honoured.
 */
import { z } from "zod";
import * as field from "../config/fields.ts";
import type { Problem } from "../config/problem.ts";
import { type Checked, check, type Places } from "../config/validate.ts";
import { readYaml } from "../config/yaml-source.ts";
import { DEFAULT_POLICY } from "../model/virtual-machine.ts";
import type { VeManifest, VmTemplate } from "../vet/lifecycle/manifest.ts";
import { MAX_VMS } from "../vet/lifecycle/validate.ts";
import { manifestRules } from "./manifest-rules.ts";
import { NOT_YET } from "./not-yet.ts";

const MIB_MAX = 64 * 1_048_576;
const MAX_TEMPLATES = 100;
const MAX_XML = 512 * 1024;
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

/** A choice of which the design has more than this version. */
function choiceOf<const V extends readonly [string, ...string[]]>(
  sentence: string,
  values: V,
  later: readonly string[],
) {
  const error = ({ input }: { readonly input?: unknown }) =>
    later.includes(String(input)) ? `${input} is not available yet; say ${values.join(" or ")}` : undefined;
  return z.enum(values, { error }).meta({ description: sentence });
}

const ALWAYS_STRICT = "a preferred rule is not available yet; rules are strict";
const HOSTS_ONLY = "any other topology is not available yet; rules are about hosts";

const boot = z
  .strictObject({
    kernel: field.path("Kernel on the host, booted directly."),
    initrd: field.path("Initial RAM disk.").optional(),
    cmdline: field.text("Kernel command line.").optional(),
  })
  .meta({ description: "Boots a kernel directly instead of from the first disk." });

const disk = z.strictObject({
  path: field.path("Where the disk is, on storage that every possible host sees."),
  format: field.choice("Its format.", ["raw", "qcow2"]).optional().meta({
    description: "Its format; absent: qcow2 when the name ends so, raw otherwise.",
  }),
  readOnly: field.flag("Whether the guest may only read it.").default(false),
});

const nic = z.strictObject({
  network: field.text("Network of the hypervisor to connect to."),
  mac: z
    .string()
    .toLowerCase()
    .regex(MAC, "must be like 52:54:00:12:34:56")
    .optional()
    .meta({ description: "Absent: made from the VM's id." }),
});

const domain = z.strictObject({
  fromFile: field.text("File with a libvirt domain document, beside the manifest.").optional(),
  xml: z.string().max(MAX_XML).optional().meta({ description: "The document itself." }),
});

const vm = z.strictObject({
  name: field.label("Its name in the VE; with count 3: web-0, web-1, web-2."),
  count: field.integer("How many of it.", { min: 1, max: MAX_VMS }).default(1),
  cpus: field.integer("Virtual processors.", { min: 1, max: 512 }).default(1),
  memory: field.size("Its memory; must be given.", { min: 1, max: MIB_MAX }),
  boot: boot.optional(),
  disks: z.array(disk).max(64).optional().meta({ description: "Its disks, the one to boot from first." }),
  nics: z.array(nic).max(32).optional().meta({ description: "Its network interfaces." }),
  domain: domain.optional().meta({ description: "A whole domain document instead of boot, disks and nics." }),
});

const rule = z.strictObject({
  kind: field.choice("apart: never on one host; together: always.", ["apart", "together"]),
  vms: z
    .array(field.label("a name"))
    .min(1)
    .max(MAX_TEMPLATES)
    .meta({ description: "VMs by name; a name with a count means all of them." }),
  strict: z.literal(true, { error: ALWAYS_STRICT }).optional(),
  topology: z.literal("host", { error: HOSTS_ONLY }).optional(),
});

const placement = z
  .strictObject({
    require: field.labels("Labels that a host must have to take any VM of this VE.").default({}),
    rules: z
      .array(rule)
      .max(MAX_TEMPLATES)
      .default([])
      .meta({ description: "Which VMs share a host, and which never do." }),
  })
  .prefault({});

const migration = z
  .strictObject({
    bandwidthMibPerSecond: field
      .integer("What a migration may use; 0: as much as the host allows.", { min: 0, max: 1_000_000 })
      .default(DEFAULT_POLICY.migration.bandwidthMibPerSecond),
    timeout: field
      .duration("A migration that takes longer is called off.", { min: 1000, max: 86_400_000 })
      .prefault("5m"),
  })
  .prefault({});

const spec = z.strictObject({
  desired: choiceOf("What the VE should be.", ["running", "stopped"], ["suspended"]).default("running"),
  priority: field
    .integer("Who goes first when room is short.", { min: 0, max: 100 })
    .default(DEFAULT_POLICY.priority),
  vms: z.array(vm).min(1).max(MAX_TEMPLATES).meta({ description: "What it is made of." }),
  placement,
  balancing: z
    .strictObject({
      mode: field
        .choice("off: only drains and operators move its VMs.", ["auto", "recommend", "off"])
        .default("auto"),
    })
    .prefault({}),
  migration,
  drain: z
    .strictObject({
      action: choiceOf(
        "What a drain does with its VMs; stay blocks the drain.",
        ["live", "stay"],
        ["auto", "cold", "stop", "suspend"],
      ).default("live"),
    })
    .prefault({}),
});

export const manifestSchema = z.strictObject({
  apiVersion: z.literal("discovery/v1"),
  kind: z.literal("VirtualEnvironment"),
  metadata: z.strictObject({
    name: field.label("The VE's name, unique in the whole network."),
    labels: field.labels("For people and filters.").default({}),
  }),
  spec,
});

type Document = z.output<typeof manifestSchema>;

/** A manifest as its file has it, checked. */
export interface ManifestFile {
  /** The plain data of the file. */
  readonly document: { readonly [key: string]: unknown };
  readonly manifest: VeManifest;
}

/** Reads the text of a file; `source` is its name, for messages. `load` reads `domain.fromFile`; absent: refused. */
export function readManifest(
  text: string,
  source: string,
  load?: (file: string) => string,
): Checked<ManifestFile> {
  const yaml = readYaml(text, source);
  if (yaml.problems.length > 0) return { ok: false, problems: yaml.problems };
  if (yaml.value === undefined || yaml.value === null) {
    return { ok: false, problems: [{ where: yaml.place([]), path: "", message: "the manifest is empty" }] };
  }
  const inlined: Problem[] = [];
  const document = load === undefined ? yaml.value : inlineDomains(yaml.value, load, yaml, inlined);
  const checked = checkManifest(document, yaml);
  if (inlined.length > 0) return { ok: false, problems: inlined };
  return checked.ok
    ? { ok: true, value: { document: document as ManifestFile["document"], manifest: checked.value } }
    : checked;
}

const NOWHERE: Places = { place: () => null, keyPlace: () => null };

/** Checks a manifest as plain data and fills its defaults in. */
export function checkManifest(document: unknown, places: Places = NOWHERE): Checked<VeManifest> {
  const checked = check(manifestSchema, document, places, NOT_YET);
  if (!checked.ok) return checked;
  const problems = manifestRules(checked.value, places);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: manifestOf(checked.value) };
}

function manifestOf({ metadata, spec: given }: Document): VeManifest {
  const { placement: where, migration: how } = given;
  return {
    name: metadata.name,
    labels: metadata.labels,
    desired: given.desired,
    priority: given.priority,
    vms: given.vms.map(templateOf),
    placement: { require: where.require, rules: where.rules.map(({ kind, vms }) => ({ kind, vms })) },
    balancing: given.balancing,
    migration: { bandwidthMibPerSecond: how.bandwidthMibPerSecond, timeoutMs: how.timeout },
    drain: given.drain,
  };
}

function templateOf(given: Document["spec"]["vms"][number]): VmTemplate {
  const { name, count, cpus, memory, boot: kernel, disks = [], nics = [], domain: document } = given;
  return {
    name,
    count,
    cpus,
    memory,
    boot:
      kernel === undefined
        ? null
        : { kernel: kernel.kernel, initrd: kernel.initrd ?? null, cmdline: kernel.cmdline ?? null },
    disks: disks.map(({ path, format, readOnly }) => ({ path, format: format ?? formatOf(path), readOnly })),
    nics: nics.map(({ network, mac }) => ({ network, mac: mac ?? null })),
    domainXml: document?.xml ?? null,
  };
}

function formatOf(path: string): "raw" | "qcow2" {
  return path.endsWith(".qcow2") ? "qcow2" : "raw";
}

/** Replaces every `domain.fromFile` by the file's text. */
function inlineDomains(
  document: unknown,
  load: (file: string) => string,
  places: Places,
  problems: Problem[],
): unknown {
  const copy = structuredClone(document) as {
    spec?: { vms?: { domain?: { fromFile?: unknown; xml?: unknown } }[] };
  };
  const vms = copy.spec?.vms;
  if (!Array.isArray(vms)) return copy;
  for (const [i, each] of vms.entries()) {
    const file = each?.domain?.fromFile;
    if (typeof file !== "string" || each.domain === undefined) continue;
    try {
      each.domain = { xml: load(file) };
    } catch (cause) {
      const path = ["spec", "vms", i, "domain", "fromFile"];
      const message = `${file} cannot be read: ${(cause as Error).message}`;
      problems.push({ where: places.place(path), path: path.join("."), message });
    }
  }
  return copy;
}
