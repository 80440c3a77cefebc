/**
 * Checks plain data against a schema and says everything that is wrong with it at once, each problem with its
 * place and, for a key nobody knows, the nearest one that is.
 */
import { z } from "zod";
import { nearest } from "../lib/nearest.ts";
import { inReadingOrder, type Place, type Problem } from "./problem.ts";
import type { Path } from "./yaml-source.ts";

export interface Places {
  place(path: Path): Place | null;
  keyPlace(path: Path, key: string): Place | null;
}

/** Fields of the design that come later, by pattern (`spec.vms.*.health`), with what to do meanwhile. */
export type NotYet = { readonly [pattern: string]: string };

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  places: Places,
  notYet: NotYet = {},
): Checked<z.output<S>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, value, places, notYet));
  return { ok: false, problems: inReadingOrder(problems) };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  value: unknown,
  places: Places,
  notYet: NotYet,
): Problem[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(path, key, schema, places, notYet));
  }
  const message = valueAt(value, path) === undefined ? `${write(path)} is missing` : sentence(issue, path);
  const later = message.includes(" is not available yet") ? { notYet: true } : {};
  return [{ where: places.place(path), path: write(path), message, ...later }];
}

function unknownKey(path: Path, key: string, schema: z.ZodType, places: Places, notYet: NotYet): Problem {
  const full = write([...path, key]);
  const where = places.keyPlace(path, key);
  const later = Object.entries(notYet).find(([pattern]) => matches(pattern, [...path, key]));
  if (later !== undefined) {
    return { where, path: full, message: `${full} is not available yet`, hint: later[1], notYet: true };
  }
  const known = keysAt(schema, path);
  const near = nearest(key, known);
  const hint = near === null ? `known here: ${known.join(", ")}` : `did you mean "${near}"?`;
  return { where, path: full, message: `${full} is not known`, hint };
}

function sentence(issue: z.core.$ZodIssue, path: Path): string {
  const name = write(path) || "the document";
  switch (issue.code) {
    case "invalid_value":
      return ownMessage(issue)
        ? `${name}: ${issue.message}`
        : `${name} must be ${issue.values.map(String).join(" or ")}`;
    case "invalid_type":
      return ownMessage(issue) ? `${name}: ${issue.message}` : `${name} must be ${kind(issue.expected)}`;
    case "too_small":
      return `${name} must ${size(issue.origin, "at least")} ${issue.minimum}`;
    case "too_big":
      return `${name} must ${size(issue.origin, "at most")} ${issue.maximum}`;
    default:
      return `${name}: ${issue.message}`;
  }
}

/** Whether the schema's author wrote the sentence. */
function ownMessage({ message }: z.core.$ZodIssue): boolean {
  return !message.startsWith("Invalid ");
}

function size(origin: string, bound: string): string {
  if (origin === "string") return `have ${bound} this many characters:`;
  return origin === "array" ? `have ${bound} this many entries:` : `be ${bound}`;
}

const KINDS: { readonly [kind: string]: string } = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function kind(expected: string): string {
  return KINDS[expected] ?? expected;
}

export function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (at === null || typeof at !== "object") return undefined;
    at = (at as { readonly [key: string]: unknown })[String(step)];
  }
  return at;
}

/** `spec.vms[0].memory` */
export function write(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

function matches(pattern: string, path: Path): boolean {
  const steps = pattern.split(".");
  return steps.length === path.length && steps.every((step, i) => step === "*" || step === String(path[i]));
}

/** The keys that the map at a path may have. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let at: z.ZodType | undefined = unwrap(schema);
  for (const step of path) {
    if (at instanceof z.ZodObject) at = unwrap(at.shape[String(step)] as z.ZodType);
    else if (at instanceof z.ZodArray) at = unwrap(at.element as z.ZodType);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** Takes defaults, options and refinements off a schema. */
export function unwrap(schema: z.ZodType): z.ZodType {
  let at = schema;
  while (
    at instanceof z.ZodDefault ||
    at instanceof z.ZodPrefault ||
    at instanceof z.ZodOptional ||
    at instanceof z.ZodNullable
  ) {
    at = at.unwrap() as z.ZodType;
  }
  if (at instanceof z.ZodPipe && at.in instanceof z.ZodObject) return at.in;
  return at;
}
