/** The scheduler's constants as `scenario.yaml` takes them, each within the bounds that the configuration has. */
import { z } from "zod";
import { lrt } from "../../config/sections/lrt.ts";
import { assert } from "../../lib/assert.ts";
import { readDuration } from "../../lib/quantity.ts";
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../lrt/config.ts";

/** The part of the section's JSON Schema that is read here. */
interface Described {
  readonly description: string;
  readonly type?: string;
  readonly enum?: readonly [string, ...string[]];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly "x-kind"?: string;
  readonly "x-range"?: string;
}

/** There amounts carry their unit, here they are whole numbers whose name says it. */
function settingOf(key: string, described: Described): readonly [name: string, schema: z.ZodType] {
  const { description, type, enum: choices, minimum = 0, maximum = 0 } = described;
  const kind = described["x-kind"] ?? type;
  if (choices !== undefined) return [key, z.enum(choices).meta({ description })];
  if (kind === "boolean") return [key, z.boolean().meta({ description })];
  if (kind === "duration") {
    const [least = 0, most = 0] = (described["x-range"] ?? "").split(" to ").map(millis);
    return [`${key}Ms`, z.int().min(least).max(most).meta({ description, unit: "ms" })];
  }
  const permille = kind === "ratio" ? 1000 : 1;
  const schema = z
    .int()
    .min(permille * minimum)
    .max(permille * maximum);
  if (kind === "ratio")
    return [key.replace(/Ratio$/, "Permille"), schema.meta({ description, unit: "thousandths" })];
  return [key, schema.meta({ description })];
}

function millis(text: string): number {
  const read = readDuration(text);
  assert(read.ok, "the configuration's bounds are durations");
  return read.value;
}

function settings(): { readonly [name: string]: z.ZodType } {
  const { properties } = z.toJSONSchema(lrt, { io: "input" }) as unknown as {
    readonly properties: { readonly [key: string]: Described };
  };
  const entries = Object.entries(properties).map(([key, described]) => settingOf(key, described));
  for (const [name] of entries) assert(name in DEFAULT_LRT_CONFIG, `${name} is one of the scheduler's`);
  return Object.fromEntries(entries);
}

export const LRT = z.strictObject(settings()).partial() as unknown as z.ZodType<Partial<LrtConfig>>;
