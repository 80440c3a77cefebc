/** The form of every answer: what it is about, how fresh it is and who did not answer. */
import { ERROR_CODES, type ErrorCode, type Failure } from "../lib/error.ts";
import { API_VERSION, type Route } from "./routes.ts";
import { withTimes } from "./times.ts";
import type { Coverage } from "./views.ts";

export interface Meta extends Coverage {
  /** RFC 3339, by the answering host's clock. */
  readonly asOf: string;
  /** The answering host's name. */
  readonly answeredBy: string;
  /** Whether somebody who should have answered has not. */
  readonly partial: boolean;
}

export interface Envelope<T> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: string;
  readonly item?: T;
  readonly items?: T;
  readonly meta: Meta;
}

/** What an agent answers when it asked others: the value and who took part in it. A bare value concerns it alone. */
type Surveyed = { readonly coverage: Coverage } & (
  | { readonly item: unknown }
  | { readonly items: readonly unknown[] }
);

const ALONE: Coverage = { hostsKnown: 1, hostsAnswered: 1, unreachable: [] };

export function envelope(route: Route, answer: unknown, host: string, nowMs: number): Envelope<unknown> {
  const surveyed = isSurveyed(answer);
  const coverage = surveyed ? answer.coverage : ALONE;
  const value = surveyed ? ("items" in answer ? answer.items : answer.item) : answer;
  const timed = withTimes(value, nowMs);
  return {
    apiVersion: API_VERSION,
    kind: route.answer === "list" ? `${route.kind}List` : route.kind,
    ...(route.answer === "list" ? { items: timed } : { item: timed }),
    meta: {
      asOf: new Date(nowMs).toISOString(),
      answeredBy: host,
      ...(withTimes(coverage, nowMs) as Coverage),
      partial: coverage.hostsAnswered < coverage.hostsKnown,
    },
  };
}

function isSurveyed(answer: unknown): answer is Surveyed {
  return typeof answer === "object" && answer !== null && "coverage" in answer;
}

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly reason: string | null;
    readonly hint: string | null;
    readonly changed: boolean;
  };
}

export function errorBody(failure: Failure): ErrorBody {
  const { code, message, reason, hint, changed } = failure;
  return { error: { code, message, reason: reason ?? null, hint: hint ?? null, changed: changed ?? false } };
}

/** @returns null when the body is none of ours. */
export function failureOf(body: unknown): Failure | null {
  const error = (body as { readonly error?: Partial<ErrorBody["error"]> } | null)?.error;
  if (error === undefined || error === null || typeof error.message !== "string") return null;
  if (typeof error.code !== "string" || !Object.hasOwn(ERROR_CODES, error.code)) return null;
  return {
    code: error.code,
    message: error.message,
    ...(typeof error.reason === "string" ? { reason: error.reason } : {}),
    ...(typeof error.hint === "string" ? { hint: error.hint } : {}),
    ...(error.changed === true ? { changed: true } : {}),
  };
}

/** An answer, for the pages that describe them. */
export const EXAMPLE: readonly string[] = [
  "```json",
  '{ "apiVersion": "discovery/v1", "kind": "HostList", "items": [],',
  '  "meta": { "asOf": "2027-01-01T00:00:00.000Z", "answeredBy": "h1", "hostsKnown": 16, "hostsAnswered": 14,',
  '            "unreachable": [{ "host": "h7", "state": "suspect", "lastHeardMs": 43000 }], "partial": true } }',
  "```",
];
