/**
 * The key that all hosts of a cluster share, in libp2p's file format for private networks. A host without it
 * cannot even begin to talk to the others.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { fail, ok, type Result } from "../lib/error.ts";

const HEADER = "/key/swarm/psk/1.0.0/\n/base16/\n";

/** The text of a fresh key file. */
export function newClusterKey(): string {
  return `${HEADER}${randomBytes(32).toString("hex")}\n`;
}

/** Creates the key file, mode 0600; never replaces one, since that would cut this host off from its cluster. */
export function createClusterKey(path: string): Result<{ readonly path: string }> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, newClusterKey());
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    chmodSync(path, 0o600);
    return ok({ path });
  } catch (cause) {
    return fail(failureOf(path, cause as NodeJS.ErrnoException));
  }
}

function failureOf(path: string, { code, message }: NodeJS.ErrnoException) {
  if (code === "EEXIST") {
    const hint = "copy that file to the hosts that are to join";
    return { code: "conflict", message: `there is a cluster key already: ${path}`, hint } as const;
  }
  if (code === "EACCES" || code === "EPERM") {
    const hint = "run it as root, or name another file with --file";
    return { code: "permission-denied", message: `cannot write ${path}`, reason: message, hint } as const;
  }
  return { code: "failed", message: `cannot write ${path}`, reason: message } as const;
}
