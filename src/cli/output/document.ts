/**
 * What programs read: one form for every answer, the API's own (`api/envelope.ts`), and one for every error.
 */
import { errorBody, type Meta } from "../../api/envelope.ts";
import { API_VERSION } from "../../api/routes.ts";
import type { Failure } from "../../lib/error.ts";
import type { OutputFormat } from "./format.ts";

export interface Answer {
  readonly kind: string;
  readonly value: unknown;
  /** How fresh it is; null: no agent was asked, or none has answered. */
  readonly meta: Meta | null;
}

export function isDocument(format: OutputFormat): format is "json" | "yaml" {
  return format === "json" || format === "yaml";
}

export async function sayDocument(format: "json" | "yaml", answer: Answer): Promise<string> {
  const { kind, value, meta } = answer;
  const whole = {
    apiVersion: API_VERSION,
    kind,
    ...(Array.isArray(value) ? { items: value } : { item: value }),
    meta,
  };
  if (format === "json") return `${JSON.stringify(whole, null, 2)}\n`;
  const { stringify } = await import("yaml");
  return stringify(whole);
}

/** One line of JSON (that is YAML, too), so that it can be told from the other messages. */
export function sayError(failure: Failure): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind: "Error", ...errorBody(failure) });
}
