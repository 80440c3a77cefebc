/** What `scenario.yaml` may say: bounded, strict, one sentence per mistake. */
import { z } from "zod";
import { DEFAULT_LRT_CONFIG } from "../../lrt/config.ts";

const NAME = z.string().regex(/^[a-z][a-z0-9%#-]{0,30}$/, "must be a short name of small letters and digits");
const MILLIS = z.int().min(0).max(86_400_000);
const SHARE = z.number().min(0).max(1);
const LABELS = z.record(z.string().max(64), z.string().max(64));
const TEXTS = z.array(z.string().min(1).max(300)).max(60);

const POLICY = z.strictObject({
  apart: z.array(NAME).max(64).optional(),
  together: z.array(NAME).max(64).optional(),
  require: LABELS.optional(),
  balancing: z.enum(["auto", "recommend", "off"]).optional(),
  drain: z.enum(["live", "stay"]).optional(),
  migration: z
    .strictObject({ bandwidthMibPerSecond: z.int().min(0).max(100_000), timeoutMs: MILLIS })
    .optional(),
});

const VM = z.strictObject({
  /** `%` becomes its host's number, `#` its own. */
  name: NAME,
  count: z.int().min(1).max(64).default(1),
  /** milli-CPU. */
  load: z.int().min(0).max(256_000).default(500),
  /** MiB. */
  memory: z.int().min(16).max(1_048_576).default(1024),
  cpus: z.int().min(1).max(256).default(4),
  /** MiB/s. */
  dirtyRate: z.int().min(0).max(100_000).default(0),
  powerOffMs: MILLIS.default(1000),
  /** It was there before and keeps its persistent definition. */
  adopted: z.boolean().default(false),
  /** false: a domain of somebody else's, without our stamp. */
  managed: z.boolean().default(true),
  policy: POLICY.optional(),
});

const HOST = z.strictObject({
  /** With `%` for each of `numbers`. */
  name: NAME,
  numbers: z.array(z.int().min(1).max(1000)).min(1).max(256).optional(),
  cpu: z.int().min(100).max(1_000_000).default(4000),
  memory: z.int().min(64).max(16_777_216).default(16_384),
  labels: LABELS.default({}),
  /** How fast its clock goes. */
  clockRate: z.number().min(0.9).max(1.1).optional(),
  vms: z.array(VM).max(64).default([]),
});

const LINK = z.strictObject({
  latencyMs: z.number().min(0).max(60_000).default(0.2),
  jitterMs: z.number().min(0).max(60_000).default(0.3),
  loss: SHARE.default(0),
  duplication: SHARE.default(0),
});

/** Settings of the scheduler, each of the kind that its default is. */
const LRT = z
  .record(z.string(), z.union([MILLIS, z.boolean(), z.string().max(20)]))
  .superRefine((given, context) => {
    const known: { readonly [key: string]: unknown } = { ...DEFAULT_LRT_CONFIG };
    for (const [key, value] of Object.entries(given)) {
      const right = key in known && typeof value === typeof known[key];
      if (!right) context.addIssue({ code: "custom", path: [key], message: `no such setting: ${key}` });
    }
  });

export const SCENARIO = z.strictObject({
  seed: z.string().min(1).max(64).default("1"),
  lrt: LRT.default({}),
  hypervisor: z
    .strictObject({ linkMibPerSecond: z.int().min(1).max(100_000), maxDowntimeMs: MILLIS })
    .partial()
    .default({}),
  /** What a decision of the solver costs. */
  msPerDecision: z.number().min(0).max(1000).optional(),
  /** Every link's; `between` is for hosts of different racks or sites. */
  link: LINK.optional(),
  between: LINK.optional(),
  hosts: z.array(HOST).min(1).max(256),
  /** Texts that the story must have, in this order, each after the one before. */
  shows: TEXTS.default([]),
  /** Texts that it must not have. */
  never: TEXTS.default([]),
});

/** As YAML has it, defaults filled in. */
export type ScenarioShape = z.infer<typeof SCENARIO>;
export type HostShape = ScenarioShape["hosts"][number];
export type VmShape = HostShape["vms"][number];
