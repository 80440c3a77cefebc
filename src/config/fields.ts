/** The kinds of values that settings and manifests are made of, each with its bounds, its default and its sentence. */
import { z } from "zod";
import { fail, ok, type Result } from "../lib/error.ts";
import { readDuration, readSize, sayCores, writeDuration, writeSize } from "../lib/quantity.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Text with a unit that becomes an integer. */
function quantity<T extends number | null>(
  read: (text: string) => Result<T>,
  say: (n: number) => string,
  { min, max }: Bounds,
) {
  return z
    .preprocess((given) => (typeof given === "number" ? String(given) : given), z.string())
    .transform((text, context) => {
      const result = read(text);
      const message = !result.ok
        ? result.failure.message
        : result.value !== null && (result.value < min || result.value > max)
          ? `${text} is not between ${say(min)} and ${say(max)}`
          : null;
      if (result.ok && message === null) return result.value;
      context.issues.push({ code: "custom", message: message ?? "", input: text });
      return z.NEVER;
    });
}

/** `auto` becomes null: found out at start. */
function orAuto(read: (text: string) => Result<number>) {
  return (text: string): Result<number | null> => (text === "auto" ? ok(null) : read(text));
}

/** Written `30s`, read as milliseconds. */
export function duration(sentence: string, bounds: Bounds) {
  return quantity(readDuration, writeDuration, bounds).meta({
    description: sentence,
    "x-kind": "duration",
    "x-range": `${writeDuration(bounds.min)} to ${writeDuration(bounds.max)}`,
  });
}

/** Written `4GiB`, read as MiB. */
export function size(sentence: string, bounds: Bounds) {
  return quantity(readSize, writeSize, bounds).meta({
    description: sentence,
    "x-kind": "size",
    "x-range": `${writeSize(bounds.min)} to ${writeSize(bounds.max)}`,
  });
}

/** Written `4GiB` or `auto`, read as MiB or null. */
export function sizeOrAuto(sentence: string, bounds: Bounds) {
  return quantity(orAuto(readSize), writeSize, bounds).meta({
    description: sentence,
    "x-kind": "size or auto",
    "x-range": `${writeSize(bounds.min)} to ${writeSize(bounds.max)}`,
  });
}

/** Written as cores (`4`, `0.5`) or `auto`, read as milli-CPU or null. */
export function coresOrAuto(sentence: string, bounds: Bounds) {
  return quantity(orAuto(readCores), sayCores, bounds).meta({
    description: sentence,
    "x-kind": "cores or auto",
    "x-range": `${sayCores(bounds.min)} to ${sayCores(bounds.max)}`,
  });
}

function readCores(text: string): Result<number> {
  if (!/^\d+(\.\d{1,3})?$/.test(text)) {
    return fail({ code: "invalid", message: `"${text}" is no number of cores: write 4 or 0.5` });
  }
  return ok(Math.round(Number(text) * 1000));
}

/** Written as a fraction, read as thousandths. */
export function ratio(sentence: string, { min, max }: Bounds) {
  return z
    .number()
    .min(min)
    .max(max)
    .transform((fraction) => Math.round(fraction * 1000))
    .meta({ description: sentence, "x-kind": "ratio" });
}

export function integer(sentence: string, { min, max }: Bounds) {
  return z.int().min(min).max(max).meta({ description: sentence });
}

export function text(sentence: string) {
  return z.string().max(4096).meta({ description: sentence });
}

export function flag(sentence: string) {
  return z.boolean().meta({ description: sentence });
}

export function choice<const V extends readonly [string, ...string[]]>(sentence: string, values: V) {
  return z.enum(values).meta({ description: sentence });
}

/** An absolute path. */
export function path(sentence: string) {
  return z
    .string()
    .regex(/^\//, "must be an absolute path")
    .max(4096)
    .meta({ description: sentence, "x-kind": "path" });
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** RFC 1123: what hosts, VEs and VMs may be called. */
export function label(sentence: string) {
  return z
    .string()
    .regex(LABEL, "must be a label: small letters, digits and hyphens, at most 63, no hyphen at an end")
    .meta({ description: sentence });
}

const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;

export function labels(sentence: string) {
  return z
    .record(
      z.string().regex(LABEL_KEY, "must be letters, digits, dots, slashes and hyphens"),
      z.string().max(253),
    )
    .refine((given) => Object.keys(given).length <= 64, "has more than 64 labels")
    .meta({ description: sentence });
}
