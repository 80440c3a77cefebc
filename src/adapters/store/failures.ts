/** What SQLite's result codes (https://sqlite.org/rescode.html) mean to an agent. */
import { DiscoveryError, type Failure } from "../../lib/error.ts";

const BUSY = 5;
const FULL = 13;
const DAMAGED = [11, 26];

/** The primary result code of an error of node:sqlite; 0 of anything else. */
function resultCode(error: unknown): number {
  const { errcode } = (error ?? {}) as { readonly errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : 0;
}

/** There was no room: nothing has changed, and the same write can succeed later. */
export function isDiskFull(error: unknown): boolean {
  return resultCode(error) === FULL;
}

export function openFailure(directory: string, error: unknown): DiscoveryError {
  if (error instanceof DiscoveryError) return error;
  const code = resultCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (code === BUSY) return new DiscoveryError(inUse(directory), { cause: error });
  if (DAMAGED.includes(code)) return new DiscoveryError(damaged(directory, reason), { cause: error });
  const message = `Cannot open the store in ${directory}.`;
  return new DiscoveryError({ code: "failed", message, reason }, { cause: error });
}

/** After an I/O error nobody knows what is on the disk: only a restart, which reads it again, does. */
export function writeFailure(error: unknown): Failure {
  return {
    code: "failed",
    message: "The store cannot be written.",
    reason: error instanceof Error ? error.message : String(error),
    hint: "The agent stops and reads the disk again when it is started; look at the kernel's log.",
  };
}

export function damaged(directory: string, reason: string): Failure {
  return {
    code: "unsafe",
    message: `The store in ${directory} is damaged.`,
    reason,
    hint: "Do not repair it: move it away, and the host joins with a new one. What others hold of it is safe.",
  };
}

function inUse(directory: string): Failure {
  return {
    code: "conflict",
    message: `Another agent uses ${directory}.`,
    reason: "Its store is locked.",
    hint: "Stop the other agent, or give each its own state directory.",
  };
}
