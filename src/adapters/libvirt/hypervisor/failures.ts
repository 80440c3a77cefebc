/** What went wrong with the daemon, as the port says it. */
import type { HypervisorFailureCode, HypervisorOutcome } from "../../../hypervisor/command.ts";
import type { Instant } from "../../../lib/instant.ts";
import { CallError, type CallOptions, ConnectionError, ErrorCode, LibvirtError } from "../index.ts";
import type { Clock } from "./waiting.ts";

export const DONE: HypervisorOutcome = { ok: true };

export const failed = (code: HypervisorFailureCode, message: string): HypervisorOutcome => ({
  ok: false,
  failure: { code, message },
});

/** A refusal found before or beside the daemon, thrown to the one place that makes outcomes of errors. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: HypervisorFailureCode;

  constructor(code: HypervisorFailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What the call that begins something is made with, right before it is made: what came before may have taken long.
 *
 * @throws Refusal `failed` when `by` is over
 */
export function inTime(clock: Clock, by: Instant | undefined): Pick<CallOptions, "sendWithinMs"> {
  if (by === undefined) return {};
  const sendWithinMs = by - clock.now();
  if (sendWithinMs < 0) throw new Refusal("failed", "its time was over before it could begin");
  return { sendWithinMs };
}

export function outcomeOf(error: unknown): HypervisorOutcome {
  if (error instanceof Refusal) return failed(error.code, error.message);
  if (error instanceof LibvirtError) return failed(codeOf(error), error.message);
  if (error instanceof ConnectionError) return failed("unknown", error.message);
  if (error instanceof CallError) {
    const nothingHappened = error.outcome === "not-sent" && error.failure !== "not-connected";
    return failed(nothingHappened ? "failed" : "unknown", error.message);
  }
  return failed("unknown", error instanceof Error ? error.message : String(error));
}

function codeOf({ code }: LibvirtError): HypervisorFailureCode {
  switch (code) {
    case ErrorCode.noDomain:
      return "no-such-domain";
    case ErrorCode.operationAborted:
      return "aborted";
    case ErrorCode.xmlError:
    case ErrorCode.xmlInvalidSchema:
    case ErrorCode.invalidArgument:
    case ErrorCode.configUnsupported:
      return "invalid";
    default:
      return "failed";
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
