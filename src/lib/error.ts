/**
 * The one catalogue of expected errors. A code is stable for ever: the CLI's exit code and the API's HTTP
 * status come from this table, and every error says whether anything was changed before it arose.
 */
export const ERROR_CODES = {
  failed: { exit: 1, http: 500 },
  invalid: { exit: 2, http: 400 },
  "not-yet": { exit: 2, http: 400 },
  "not-found": { exit: 3, http: 404 },
  conflict: { exit: 4, http: 409 },
  unsafe: { exit: 5, http: 409 },
  unplaceable: { exit: 6, http: 409 },
  partial: { exit: 7, http: 207 },
  unreachable: { exit: 8, http: 503 },
  "permission-denied": { exit: 8, http: 403 },
  "timed-out": { exit: 124, http: 504 },
  cancelled: { exit: 130, http: 409 },
  busy: { exit: 4, http: 429 },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An expected failure as data, as it travels in replies: what, why, what next. */
export interface Failure {
  readonly code: ErrorCode;
  /** What failed, one sentence. */
  readonly message: string;
  /** Why, one sentence. */
  readonly reason?: string;
  /** What the reader can do next. */
  readonly hint?: string;
  /** Whether anything had been changed when it arose; absent: nothing. */
  readonly changed?: boolean;
}

export class DiscoveryError extends Error {
  override readonly name = "DiscoveryError";
  readonly failure: Failure;

  constructor(failure: Failure, options?: { readonly cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** Either a value or an expected failure. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (failure: Failure): { readonly ok: false; readonly failure: Failure } => ({
  ok: false,
  failure,
});
