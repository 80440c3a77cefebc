/** The schema read as a table of settings: for the reference page, the example, environment names and `--set`. */
import { z } from "zod";
import { configSchema } from "./schema.ts";
import { unwrap } from "./validate.ts";

/** How text from an environment variable or a flag becomes a value. */
export type LeafKind = "text" | "number" | "boolean" | "list" | "map" | "structure";

export interface Setting {
  /** Keys from the top. */
  readonly path: readonly string[];
  readonly description: string;
  readonly kind: LeafKind;
  /** As it is written in a file. */
  readonly standard: unknown;
  /** e.g. `duration, 1s to 1h`. */
  readonly type: string;
  readonly example: unknown;
}

interface Section {
  readonly path: readonly string[];
  readonly description: string;
}

export interface Shape {
  readonly settings: readonly Setting[];
  readonly sections: readonly Section[];
}

/** The part of a JSON Schema that is read here. */
interface Described {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: { readonly [key: string]: Described };
  readonly "x-kind"?: string;
  readonly "x-range"?: string;
  readonly "x-example"?: unknown;
}

export function jsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input" });
}

export function readShape(): Shape {
  const settings: Setting[] = [];
  const sections: Section[] = [];
  const walk = (at: Described, path: readonly string[]): void => {
    if (at.properties === undefined || at.type !== "object") {
      settings.push(setting(at, path));
      return;
    }
    if (path.length > 0) sections.push({ path, description: at.description ?? "" });
    for (const [key, inner] of Object.entries(at.properties)) walk(inner, [...path, key]);
  };
  walk(jsonSchema() as Described, []);
  return { settings, sections };
}

function setting(at: Described, path: readonly string[]): Setting {
  return {
    path,
    description: at.description ?? "",
    kind: leafKind(schemaAt(path)),
    standard: at.default,
    type: describeType(at),
    example: at["x-example"],
  };
}

function describeType(at: Described): string {
  if (at.enum !== undefined) return at.enum.join(" | ");
  const kind = at["x-kind"] ?? TYPES[at.type ?? ""] ?? "text";
  const bounds = at.minimum === undefined ? at["x-range"] : `${at.minimum} to ${at.maximum}`;
  return bounds === undefined ? kind : `${kind}, ${bounds}`;
}

const TYPES: { readonly [type: string]: string } = {
  integer: "number",
  number: "number",
  boolean: "true | false",
  array: "list",
  object: "map",
};

function schemaAt(path: readonly string[]): z.ZodType {
  let at: z.ZodType = configSchema;
  for (const key of path) {
    const outer = unwrap(at);
    if (!(outer instanceof z.ZodObject)) break;
    at = outer.shape[key] as z.ZodType;
  }
  return unwrap(at);
}

function leafKind(schema: z.ZodType): LeafKind {
  if (schema instanceof z.ZodPipe && schema.in instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodRecord) return "map";
  if (schema instanceof z.ZodArray)
    return unwrap(schema.element as z.ZodType) instanceof z.ZodString ? "list" : "structure";
  return "text";
}
