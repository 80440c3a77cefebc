/** The shapes of requests and answers: requests are checked by them, and all of them describe the API to others. */
import { z } from "zod";
import { manifestSchema } from "./manifest.ts";
import type { RouteId } from "./routes.ts";

const name = (sentence: string) => z.string().min(1).max(253).meta({ description: sentence });

/** Query strings know only text. */
const milliseconds = z.preprocess(
  (given) => (typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given),
  z.int().min(0).max(3_600_000),
);
const yes = z.preprocess(
  (given) => (given === "true" ? true : given === "false" ? false : given),
  z.boolean(),
);
const generation = z.preprocess(
  (given) => (typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given),
  z.int().min(0),
);

/** Names with commas between them in a query string. */
const hosts = (sentence: string) =>
  z.preprocess(
    (given) => (typeof given === "string" ? given.split(",") : given),
    z.array(name("A host's name or node id.")).max(256).meta({ description: sentence }),
  );

const host = name("A host's name or node id.");
const vm = name("A domain's name, `<ve>.<vm>`, or a VM id.");
const ve = name("A VE's name.");
const operation = name("An operation's id.");
const reason = z.string().max(500).optional().meta({ description: "Why, for the history and the logs." });
const graceMs = milliseconds.optional().meta({ description: "How long guests may take to power off." });
const nothing = z.strictObject({});

const apply = {
  manifest: z
    .record(z.string(), z.unknown())
    .meta({ description: "The manifest as its file has it (schema VirtualEnvironment)." }),
  ifGeneration: generation.optional().meta({
    description: "Refused as a conflict unless the VE is at this generation; 0: it must not exist.",
  }),
  allowRestart: yes.optional().meta({ description: "Whether VMs may be restarted for the change." }),
};

export const requestSchemas = {
  status: nothing,
  version: nothing,
  doctor: nothing,
  capture: z.strictObject({
    drain: hosts("As if these hosts were to be emptied.").optional(),
    down: hosts("As if these hosts were gone.").optional(),
  }),
  "host.list": nothing,
  "host.show": z.strictObject({ host }),
  "host.drain": z.strictObject({ host, dryRun: yes.optional(), reason }),
  "host.restore": z.strictObject({ host, reason }),
  "host.rtt": nothing,
  "vm.list": nothing,
  "vm.show": z.strictObject({ vm }),
  "vm.migrate": z.strictObject({ vm, to: host.optional(), reason }),
  "vm.history": z.strictObject({ vm }),
  "explain.vm": z.strictObject({ vm }),
  "ve.apply": z.strictObject({ ...apply, reason }),
  "ve.plan": z.strictObject(apply),
  "ve.list": nothing,
  "ve.show": z.strictObject({ name: ve }),
  "ve.export": z.strictObject({ name: ve }),
  "ve.start": z.strictObject({ name: ve, reason }),
  "ve.stop": z.strictObject({ name: ve, graceMs, reason }),
  "ve.delete": z.strictObject({ name: ve, graceMs, reason }),
  "ve.adopt": z.strictObject({
    name: ve,
    host: host.optional(),
    domains: z.array(name("A domain's name.")).min(1).max(1000),
    reason,
  }),
  "balance.status": nothing,
  "balance.mode": z.strictObject({ mode: z.enum(["auto", "recommend", "manual"]) }),
  "embedded.load": z.strictObject({ guest: vm, milliCpu: z.coerce.number().int().min(0).max(1_000_000) }),
  "op.list": nothing,
  "op.show": z.strictObject({ name: operation }),
  "op.cancel": z.strictObject({ name: operation }),
} satisfies { readonly [id in RouteId]: z.ZodType };

const age = z.int().meta({ description: "Milliseconds before `asOf`." });
const when = z.iso.datetime().meta({ description: "RFC 3339, by the answering host's clock." });
const memberState = z.enum(["alive", "suspect", "dead", "left"]);
const drainState = z.enum(["no", "draining", "drained"]);
const resources = z.looseObject({
  cpu: z.int().meta({ description: "milli-CPU." }),
  memory: z.int().meta({ description: "MiB." }),
});
const operationName = z
  .string()
  .nullable()
  .meta({ description: "The operation begun; null: nothing to do." });

const hostReport = z.looseObject({
  capacity: resources,
  wanted: resources,
  condition: z.looseObject({ kind: z.enum(["normal", "overloaded", "underloaded", "blind"]) }),
  vms: z.int(),
  managedVms: z.int(),
  hypervisor: z.string().nullable(),
  sampleAgoMs: age.nullable(),
  sampleAt: when.nullable().optional(),
  drain: drainState,
  partition: z.string().nullable(),
  events: z.array(z.looseObject({ kind: z.string(), ageMs: age, state: z.string() })),
});

const failure = z.looseObject({
  code: z.string(),
  message: z.string(),
  reason: z.string().optional(),
  hint: z.string().optional(),
});

const started = z.looseObject({ operation: operationName });

/** By the `kind` of the routes. */
export const answerSchemas = {
  Status: z.looseObject({
    id: z.string(),
    name: z.string(),
    version: z.string(),
    members: z.record(memberState, z.int()),
    isolated: z.boolean(),
    mode: z.enum(["auto", "recommend", "manual"]),
    report: hostReport,
    operationsRunning: z.int(),
  }),
  Version: z.looseObject({ version: z.string(), host: z.string(), node: z.string() }),
  Doctor: z.looseObject({
    host: z.string(),
    checks: z.array(
      z.looseObject({
        name: z.string(),
        state: z.enum(["ok", "warning", "failed"]),
        message: z.string(),
        hint: z.string().optional(),
      }),
    ),
  }),
  Capture: z.looseObject({
    instance: z
      .looseObject({
        format: z.literal("vmr-instance/2"),
        hosts: z.array(z.looseObject({ id: z.string(), capacity: resources, online: z.boolean() })),
        vms: z.array(
          z.looseObject({
            id: z.string(),
            host: z.string().nullable(),
            demand: resources,
            state: z.string(),
          }),
        ),
        rules: z.array(z.looseObject({ kind: z.string() })),
        objective: z.string(),
      })
      .meta({ description: "As `discoveryctl solve` reads it; ids are names." }),
    warnings: z.array(z.string()).meta({ description: "What is not as it may seem." }),
  }),
  Host: z.looseObject({
    id: z.string(),
    name: z.string(),
    state: memberState,
    labels: z.record(z.string(), z.string()),
    version: z.string(),
    rttMs: z.number().nullable(),
    drain: drainState,
    report: hostReport.nullable().meta({ description: "null: the host did not answer." }),
  }),
  Drain: z.union([
    started,
    z.looseObject({
      host: z.string(),
      vms: z.array(
        z.looseObject({ name: z.string(), target: z.string().nullable(), blocker: z.string().nullable() }),
      ),
      stay: z.array(z.string()).meta({ description: "Not managed: the drain does not wait for them." }),
      records: z.int(),
    }),
  ]),
  Restore: z.looseObject({ state: drainState }),
  Rtt: z.looseObject({ from: z.string(), to: z.string(), rttMs: z.number().nullable() }),
  Vm: z.looseObject({
    id: z.string(),
    name: z.string(),
    ve: z.string().nullable(),
    host: z.string(),
    state: z.string(),
    cpus: z.int(),
    demand: resources,
    pinned: z.string().nullable(),
    migration: z.looseObject({ from: z.string(), to: z.string(), reason: z.string() }).nullable(),
  }),
  Started: started,
  HistoryEntry: z.looseObject({
    action: z.string(),
    vm: z.string(),
    name: z.string(),
    what: z.enum(["migrate", "run"]),
    from: z.string().nullable(),
    to: z.string(),
    reason: z.string(),
    outcome: z.string(),
    agoMs: age,
    at: when.optional(),
    durationMs: z.int().nullable(),
  }),
  Explanation: z.looseObject({
    vm: z.string(),
    summary: z.string(),
    decisions: z.array(
      z.looseObject({ what: z.string(), reason: z.string(), agoMs: age, at: when.optional() }),
    ),
    hosts: z.array(z.looseObject({ host: z.string(), possible: z.boolean(), why: z.string() })),
  }),
  VeAnswer: z.looseObject({
    name: z.string(),
    generation: z.int(),
    changed: z.boolean(),
    changes: z.array(
      z.looseObject({
        path: z.string().meta({ description: "What changes, e.g. vms.web.memory." }),
        from: z.string().nullable(),
        to: z.string().nullable(),
        effect: z.enum(["live", "start", "stop", "restart", "recreate"]),
      }),
    ),
    warnings: z.array(z.string()).meta({ description: "Accepted, but perhaps not what was meant." }),
    operation: operationName,
  }),
  Ve: z.looseObject({
    name: z.string(),
    handler: z.string(),
    home: z.string(),
    generation: z.int(),
    desired: z.enum(["running", "stopped", "deleted"]),
    observed: z.enum(["waiting", "running", "terminated"]),
    degraded: z.string().nullable().meta({ description: "Why it is not quite as it should be." }),
    adopted: z.boolean(),
    priority: z.int(),
    labels: z.record(z.string(), z.string()),
    vms: z.array(
      z.looseObject({
        name: z.string(),
        id: z.string(),
        handler: z.string(),
        domain: z.string(),
        state: z.enum(["waiting", "assigned", "running", "stopping", "stopped", "unknown"]),
        host: z.string().nullable(),
        note: z.string().nullable(),
        heardAgoMs: age.nullable(),
        heardAt: when.nullable().optional(),
      }),
    ),
    waitingFor: z.string().nullable().meta({ description: "Why its waiting VMs have no host yet." }),
    operation: z.string().nullable(),
    movingTo: z.string().nullable(),
  }),
  VirtualEnvironment: manifestSchema,
  Balance: z.looseObject({
    mode: z.enum(["auto", "recommend", "manual"]),
    hosts: z.array(
      z.looseObject({
        host: z.string(),
        condition: z.string(),
        cpu: z.looseObject({ wanted: z.int(), capacity: z.int() }),
        memory: z.looseObject({ wanted: z.int(), capacity: z.int() }),
        partition: z.string().nullable(),
      }),
    ),
    reasons: z.array(
      z.looseObject({
        event: z.string(),
        about: z.string(),
        reason: z.string(),
        agoMs: age,
        at: when.optional(),
      }),
    ),
  }),
  EmbeddedLoad: z.looseObject({ guest: z.string(), milliCpu: z.int() }),
  BalanceMode: z.looseObject({ mode: z.enum(["auto", "recommend", "manual"]) }),
  Operation: z.looseObject({
    name: z.string(),
    kind: z.string(),
    subject: z.string(),
    state: z.enum(["running", "succeeded", "failed", "cancelled"]),
    message: z.string(),
    progress: z.looseObject({ done: z.int(), total: z.int() }).nullable(),
    failure: failure.nullable(),
    reason: z.string(),
    host: z.string(),
    startedAgoMs: age,
    startedAt: when.optional(),
    endedAgoMs: age.nullable(),
    endedAt: when.nullable().optional(),
  }),
} as const satisfies { readonly [kind: string]: z.ZodType };

export const metaSchema = z.looseObject({
  asOf: when,
  answeredBy: z.string().meta({ description: "The answering host's name." }),
  hostsKnown: z.int(),
  hostsAnswered: z.int(),
  unreachable: z.array(
    z.looseObject({
      host: z.string(),
      state: memberState,
      lastHeardMs: age.nullable(),
      lastHeardAt: when.nullable().optional(),
    }),
  ),
  partial: z.boolean().meta({ description: "Whether somebody who should have answered has not." }),
});

export const errorSchema = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    message: z.string().meta({ description: "What failed." }),
    reason: z.string().nullable().meta({ description: "Why." }),
    hint: z.string().nullable().meta({ description: "What next." }),
    changed: z.boolean().meta({ description: "Whether anything had been changed." }),
  }),
});
