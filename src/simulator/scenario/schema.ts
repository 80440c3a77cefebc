import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { ScenarioError } from "./script.ts";

/** Bounds: a scenario is something to read. */
const MAX_HOSTS = 100;
const MAX_VMS = 500;

const name = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,30}$/, "a short lower-case name");
const millis = z.number().min(0).max(3_600_000);
const amount = z.int().min(0).max(100_000_000);

const host = z.strictObject({
  cpu: amount.optional(),
  memory: amount.optional(),
  labels: z.record(name, z.string().max(60)).optional(),
});

const vm = z.strictObject({
  host: name,
  cpus: z.int().min(1).max(256).optional(),
  memory: amount.optional(),
  load: amount.optional(),
  dirty: amount.optional(),
  managed: z.boolean().optional(),
  adopted: z.boolean().optional(),
  apart: z.array(name).max(20).optional(),
  together: z.array(name).max(20).optional(),
  require: z.record(name, z.string().max(60)).optional(),
  balancing: z.enum(["auto", "recommend", "off"]).optional(),
  drain: z.enum(["live", "stay"]).optional(),
  migrationTimeoutMs: millis.optional(),
});

const link = z.strictObject({ latencyMs: millis.optional(), jitterMs: millis.optional() });

export const scenarioSchema = z.strictObject({
  /** Seeds every stream of chance; absent: the folder's name. */
  seed: z.string().max(60).optional(),
  /** What a host has where its own entry does not say. */
  host: host.optional(),
  hosts: z.record(name, host.nullable()),
  /** What a VM is where its own entry does not say. */
  vm: vm.partial().optional(),
  vms: z.record(name, vm).optional(),
  /** Every link; hosts in one group of `near` are nearer to each other. */
  link: link.optional(),
  near: z.array(z.array(name).max(MAX_HOSTS)).max(50).optional(),
  /** The scheduler's constants that differ from the defaults. */
  lrt: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).optional(),
  hypervisor: z.record(z.string(), z.number()).optional(),
  msPerDecision: z.number().min(0).max(1000).optional(),
  /** Absent: everything must have settled at the end. */
  settles: z.boolean().optional(),
});

export type ScenarioFile = z.infer<typeof scenarioSchema>;

/** @throws ScenarioError with the place of the first mistake. */
export function parseScenario(file: string, text: string): ScenarioFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const fail = (offset: number, what: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new ScenarioError(file, line, col, what);
  };
  const [broken] = document.errors;
  if (broken !== undefined)
    fail(broken.pos[0], (broken.message.split("\n")[0] ?? "").replace(/ at line.*/, ""));
  const parsed = scenarioSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(offsetOf(document, issue?.path ?? []), `${issue?.path.join(".")}: ${issue?.message}`);
  }
  checkNames(parsed.data, (path, what) => fail(offsetOf(document, path), what));
  return parsed.data;
}

/** Where in the text a path's value begins; of a missing one, its parent's. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = (node as { range?: readonly number[] } | null | undefined)?.range;
    if (range?.[0] !== undefined) return range[0];
  }
  return 0;
}

function checkNames(
  { hosts, vms = {}, near = [] }: ScenarioFile,
  fail: (path: string[], what: string) => void,
): void {
  const count = Object.keys(hosts).length;
  if (count === 0 || count > MAX_HOSTS) fail(["hosts"], `1 to ${MAX_HOSTS} hosts`);
  if (Object.keys(vms).length > MAX_VMS) fail(["vms"], `at most ${MAX_VMS} VMs`);
  for (const [id, { host, apart = [], together = [] }] of Object.entries(vms)) {
    if (!(host in hosts)) fail(["vms", id, "host"], `no host is called ${host}`);
    const unknown = [...apart, ...together].find((other) => !(other in vms));
    if (unknown !== undefined) fail(["vms", id], `no VM is called ${unknown}`);
  }
  const stranger = near.flat().find((id) => !(id in hosts));
  if (stranger !== undefined) fail(["near"], `no host is called ${stranger}`);
}
