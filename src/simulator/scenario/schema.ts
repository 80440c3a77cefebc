/**
 * What `scenario.yaml` may say: bounded, strict, one sentence per mistake; each key with what it means and its unit, for
 * the reference page.
 */
import { z } from "zod";
import { LRT } from "./scheduler-settings.ts";

const NAME = z.string().regex(/^[a-z][a-z0-9%#-]{0,30}$/, "must be a short name of small letters and digits");
const MILLIS = z.int().min(0).max(86_400_000);
const SHARE = z.number().min(0).max(1);
const LABELS = z.record(z.string().max(64), z.string().max(64));
const TEXTS = z.array(z.string().min(1).max(300)).max(60);

/** The same schema with what it means, and in which unit it is. */
function told<T extends z.ZodType>(schema: T, description: string, unit?: string): T {
  return schema.meta(unit === undefined ? { description } : { description, unit }) as T;
}

const POLICY = z.strictObject({
  apart: told(z.array(NAME).max(64).optional(), "VMs that are never to be on its host."),
  together: told(z.array(NAME).max(64).optional(), "VMs that are always to be on its host."),
  require: told(LABELS.optional(), "Labels that its host must have."),
  balancing: told(
    z.enum(["auto", "recommend", "off"]).optional(),
    "Whether overload and underload move it; absent: `auto`.",
  ),
  drain: told(z.enum(["live", "stay"]).optional(), "Whether it leaves a host that drains; absent: `live`."),
  migration: told(
    z
      .strictObject({
        bandwidthMibPerSecond: told(
          z.int().min(0).max(100_000),
          "At most so fast; 0: as fast as it goes.",
          "MiB/s",
        ),
        timeoutMs: told(MILLIS, "Then the migration is given up.", "ms"),
      })
      .optional(),
    "How it is migrated.",
  ),
});

const VM = z.strictObject({
  name: told(NAME, "Its name: `%` becomes its host's number, `#` its own from 1 on."),
  count: told(z.int().min(1).max(64).default(1), "So many of them, told apart by `#`."),
  load: told(z.int().min(0).max(256_000).default(500), "What it wants of the processor.", "milli-CPU"),
  memory: told(z.int().min(16).max(1_048_576).default(1024), "Its memory.", "MiB"),
  cpus: told(z.int().min(1).max(256).default(4), "Its processors."),
  dirtyRate: told(z.int().min(0).max(100_000).default(0), "How much of its memory it writes.", "MiB/s"),
  powerOffMs: told(MILLIS.default(1000), "From the power button to its end.", "ms"),
  adopted: told(z.boolean().default(false), "It was there before and keeps its persistent definition."),
  managed: told(z.boolean().default(true), "false: a domain of somebody else's, without our stamp."),
  policy: told(POLICY.optional(), "Rules."),
});

const HOST = z.strictObject({
  name: told(NAME, "Its name; `%` becomes each of `numbers`."),
  numbers: told(
    z.array(z.int().min(1).max(1000)).min(1).max(256).optional(),
    "Makes one such host for each number.",
  ),
  cpu: told(z.int().min(100).max(1_000_000).default(4000), "What its guests may use.", "milli-CPU"),
  memory: told(z.int().min(64).max(16_777_216).default(16_384), "What its guests may use.", "MiB"),
  labels: told(LABELS.default({}), "Its labels; `rack` and `site` say which links are `between`."),
  clockRate: told(
    z.number().min(0.9).max(1.1).optional(),
    "How fast its clock goes; absent: right.",
    "seconds per second",
  ),
  vms: told(z.array(VM).max(64).default([]), "What runs there at the beginning."),
});

const LINK = z.strictObject({
  latencyMs: told(z.number().min(0).max(60_000).default(0.2), "One way.", "ms"),
  jitterMs: told(z.number().min(0).max(60_000).default(0.3), "Up to so much longer.", "ms"),
  loss: told(SHARE.default(0), "Messages lost.", "share"),
  duplication: told(SHARE.default(0), "Messages that come twice.", "share"),
});

export const SCENARIO = z.strictObject({
  seed: told(z.string().min(1).max(64).default("1"), "What chance is drawn from."),
  lrt: told(LRT.default({}), "The scheduler's constants; the bounds are those of the configuration."),
  hypervisor: told(
    z
      .strictObject({
        linkMibPerSecond: told(
          z.int().min(1).max(100_000),
          "What a host's link carries each way; absent: 1000.",
          "MiB/s",
        ),
        maxDowntimeMs: told(MILLIS, "A guest that is handed over is paused no longer; absent: 300.", "ms"),
      })
      .partial()
      .default({}),
    "Every host's hypervisor.",
  ),
  msPerDecision: told(
    z.number().min(0).max(1000).optional(),
    "What a decision of the solver takes; absent: 0.005.",
    "ms",
  ),
  link: told(LINK.optional(), "Every link."),
  between: told(LINK.optional(), "Links of hosts in different racks or sites; absent: as `link`."),
  hosts: told(z.array(HOST).min(1).max(256), "The hosts."),
  shows: told(
    TEXTS.default([]),
    "Texts that the story must have, in this order, each in a line after the one before.",
  ),
  never: told(TEXTS.default([]), "Texts that the story must not have."),
});

/** As YAML has it, defaults filled in. */
export type ScenarioShape = z.infer<typeof SCENARIO>;
export type HostShape = ScenarioShape["hosts"][number];
export type VmShape = HostShape["vms"][number];
