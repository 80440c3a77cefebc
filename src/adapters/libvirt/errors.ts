/**
 * What can go wrong, in three kinds that a caller tells apart with `instanceof`:
 *
 * - `LibvirtError`: the daemon did the call and answered "no". Branch on `code`.
 * - `CallError`: the daemon's answer is not known. `outcome` says whether the call can have had an effect.
 * - `ConnectionError`: why a connection could not be opened, or why it ended.
 *
 * Numbers are libvirt's own (virterror.h).
 */
import { int, optional, string, struct, uuid } from "./codec.ts";

/** virErrorNumber: the codes a caller may want to branch on. */
export const ErrorCode = {
  internalError: 1,
  noSupport: 3,
  noConnect: 5,
  invalidDomain: 7,
  invalidArgument: 8,
  operationFailed: 9,
  xmlError: 27,
  operationDenied: 29,
  systemError: 38,
  rpc: 39,
  noDomain: 42,
  authFailed: 45,
  operationInvalid: 55,
  configUnsupported: 67,
  operationTimeout: 68,
  migratePersistFailed: 69,
  noDomainSnapshot: 72,
  argumentUnsupported: 74,
  operationAborted: 78,
  authCancelled: 79,
  noDomainMetadata: 80,
  migrateUnsafe: 81,
  operationUnsupported: 84,
  agentUnresponsive: 86,
  resourceBusy: 87,
  accessDenied: 88,
  cpuIncompatible: 91,
  xmlInvalidSchema: 92,
  authUnavailable: 94,
} as const;

/** virErrorDomain: who spoke. Those a reader of a log is likely to see. */
export const ErrorDomain = { xml: 5, rpc: 7, qemu: 10, test: 12, remote: 13, domain: 20, auth: 46 } as const;

/** `remote_error`; the members after `level` repeat parts of the message or are unused. */
const domainReference = struct({ name: string, uuid, id: int });
const networkReference = struct({ name: string, uuid });
export const errorBody = struct({
  code: int,
  domain: int,
  message: optional(string),
  level: int,
  dom: optional(domainReference),
  str1: optional(string),
  str2: optional(string),
  str3: optional(string),
  int1: int,
  int2: int,
  net: optional(networkReference),
});

/** The daemon's own answer to one call. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  /** libvirt's name of the procedure that failed. */
  readonly procedure: string;
  readonly code: number;
  readonly domain: number;
  /** virErrorLevel: 1 warning, 2 error. */
  readonly level: number;

  constructor(procedure: string, body: ReturnType<typeof errorBody.read>) {
    super(body.message ?? `${procedure} failed with code ${body.code}`);
    this.procedure = procedure;
    this.code = body.code;
    this.domain = body.domain;
    this.level = body.level;
  }
}

/** True for the daemon's answer with this code; not for calls whose answer is unknown. */
export const isLibvirtError = (error: unknown, code: number): error is LibvirtError =>
  error instanceof LibvirtError && error.code === code;

/**
 * - `deadline`: no answer in time; the daemon may still be at it.
 * - `cancelled`: the caller's signal.
 * - `invalid-arguments`: they do not fit the procedure's layout (`cause`).
 * - `too-many-pending`: the connection's queue is full.
 * - `connection-lost`: `cause` is the connection's end.
 * - `not-connected`: there is no connection now.
 */
export type CallFailure =
  | "deadline"
  | "cancelled"
  | "invalid-arguments"
  | "too-many-pending"
  | "connection-lost"
  | "not-connected";

/** A call whose answer is not known. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly procedure: string;
  readonly failure: CallFailure;
  /** `not-sent`: nothing has happened. `unknown`: the daemon had the call; look before doing it again. */
  readonly outcome: "not-sent" | "unknown";

  constructor(procedure: string, failure: CallFailure, outcome: "not-sent" | "unknown", cause?: unknown) {
    super(`${procedure}: ${failure}`, { cause });
    this.procedure = procedure;
    this.failure = failure;
    this.outcome = outcome;
  }
}

/**
 * Before a connection is open: `connect-failed` (`cause`), `connect-timeout`, `connect-cancelled`,
 * `authentication-required`, `unsupported-daemon`.
 * While it lives, the peer's silence and death: `keepalive-timeout`, `peer-closed`, `frame-truncated`, `socket-error`.
 * While it lives, nonsense: `frame-length`, `unknown-program`, `unknown-version`, `unexpected-frame`, `unknown-serial`,
 * `procedure-mismatch`, `malformed-body`. Ended by this side: `closed`.
 */
export type ConnectionFailure =
  | "connect-failed"
  | "connect-timeout"
  | "connect-cancelled"
  | "authentication-required"
  | "unsupported-daemon"
  | "keepalive-timeout"
  | "peer-closed"
  | "frame-truncated"
  | "socket-error"
  | "frame-length"
  | "unknown-program"
  | "unknown-version"
  | "unexpected-frame"
  | "unknown-serial"
  | "procedure-mismatch"
  | "malformed-body"
  | "closed";

/** Why a connection is not, or no longer, there. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly failure: ConnectionFailure;

  constructor(failure: ConnectionFailure, detail: string, cause?: unknown) {
    super(`${failure}: ${detail}`, { cause });
    this.failure = failure;
  }
}
