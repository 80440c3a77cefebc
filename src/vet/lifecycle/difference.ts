/** What applying a manifest to a VE would change, change by change, each with its effect. */
import { byText } from "../../lib/order.ts";
import { namesOf } from "./expand.ts";
import type { VeManifest, VmTemplate } from "./manifest.ts";

/**
 * `live`: nothing stops. `start`, `stop`: a VM comes or goes. `restart`: running VMs are stopped and started.
 * `recreate`: as restart, from another domain document.
 */
export type Effect = "live" | "start" | "stop" | "restart" | "recreate";

export interface Change {
  /** What: `vms.web.memory`, `placement.rules`, `desired`, … */
  readonly path: string;
  /** As text; null: not there. */
  readonly from: string | null;
  readonly to: string | null;
  readonly effect: Effect;
}

/** Everything about a VM that only takes hold when its domain is made. */
const RESTART_FIELDS = ["cpus", "memory", "boot", "disks", "nics"] as const;

const SHOWN = 200;

export function difference(before: VeManifest | null, after: VeManifest): Change[] {
  if (before === null) return created(after);
  const live = (path: string, a: unknown, b: unknown): Change[] => changed(path, a, b, "live");
  return [
    ...changed("desired", before.desired, after.desired, after.desired === "running" ? "start" : "stop"),
    ...live("labels", before.labels, after.labels),
    ...live("priority", before.priority, after.priority),
    ...live("placement.require", before.placement.require, after.placement.require),
    ...live("placement.rules", before.placement.rules, after.placement.rules),
    ...live("balancing", before.balancing, after.balancing),
    ...live("migration", before.migration, after.migration),
    ...live("drain", before.drain, after.drain),
    ...templates(before, after),
  ];
}

export function needsRestart(changes: readonly Change[]): boolean {
  return changes.some(({ effect }) => effect === "restart" || effect === "recreate");
}

/** Names of VMs whose domain has to be made anew. */
export function restarted(before: VeManifest, after: VeManifest): Set<string> {
  const old = new Map(before.vms.map((template) => [template.name, template]));
  const names = after.vms.flatMap((template) => {
    const previous = old.get(template.name);
    return previous !== undefined && fieldsOf(previous, template).length > 0 ? namesOf(template) : [];
  });
  return new Set(names);
}

function created(manifest: VeManifest): Change[] {
  const vms = manifest.vms.flatMap(namesOf);
  return [
    { path: "ve", from: null, to: manifest.name, effect: "live" },
    ...vms.map((name): Change => {
      const effect = manifest.desired === "running" ? "start" : "live";
      return { path: `vms.${name}`, from: null, to: name, effect };
    }),
  ];
}

function templates(before: VeManifest, after: VeManifest): Change[] {
  const old = new Map(before.vms.map((template) => [template.name, template]));
  const left = new Set(old.keys());
  const changes = after.vms.flatMap((template) => {
    const previous = old.get(template.name);
    left.delete(template.name);
    return previous === undefined
      ? added(template)
      : [...counted(previous, template), ...fieldsOf(previous, template)];
  });
  const removed = [...left]
    .sort(byText)
    .map((name): Change => ({ path: `vms.${name}`, from: name, to: null, effect: "stop" }));
  return [...changes, ...removed];
}

function added(template: VmTemplate): Change[] {
  return [{ path: `vms.${template.name}`, from: null, to: String(template.count), effect: "start" }];
}

/** Between one VM (`web`) and several (`web-0`, …) the names change, so the one is replaced. */
function counted(before: VmTemplate, after: VmTemplate): Change[] {
  const renamed = (before.count === 1) !== (after.count === 1);
  const effect = renamed ? "restart" : after.count > before.count ? "start" : "stop";
  return changed(`vms.${after.name}.count`, before.count, after.count, effect);
}

function fieldsOf(before: VmTemplate, after: VmTemplate): Change[] {
  return [
    ...RESTART_FIELDS.flatMap((field) =>
      changed(`vms.${after.name}.${field}`, before[field], after[field], "restart"),
    ),
    ...changed(`vms.${after.name}.domain`, before.domainXml, after.domainXml, "recreate"),
  ];
}

function changed(path: string, before: unknown, after: unknown, effect: Effect): Change[] {
  const [from, to] = [canonical(before), canonical(after)];
  return from === to ? [] : [{ path, from: clip(from), to: clip(to), effect }];
}

/** Domain documents are long; a change is for people. */
function clip(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/** JSON with the keys of objects in order: the order in which a manifest was typed is no difference. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => byText(a, b));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(",")}}`;
}
