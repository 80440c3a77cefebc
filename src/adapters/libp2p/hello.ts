/**
 * The first frame in each direction of each stream: which versions its sender speaks. Nothing else is handled
 * before. Unknown fields are ignored, so that later versions can say more.
 */
import { fail, ok, type Result } from "../../lib/error.ts";
import { LANES } from "../../ports/codec.ts";
import type { Lane } from "../../ports/effects.ts";

export interface Hello {
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly version: string;
  readonly lane: Lane;
}

/** Far more than a hello needs, far less than what hurts. */
export const MAX_HELLO_BYTES = 1024;
const MAX_VERSION_LENGTH = 64;

export function encodeHello(hello: Hello): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(hello));
}

/** Reads a peer's hello on a stream of `lane` and checks that it can be understood. */
export function readHello(bytes: Uint8Array, ours: Hello): Result<Hello> {
  const theirs = parse(bytes);
  if (theirs === null) return fail({ code: "invalid", message: "its first frame is not a hello" });
  if (theirs.lane !== ours.lane)
    return fail({ code: "invalid", message: `its hello is for lane ${theirs.lane}, not ${ours.lane}` });
  if (theirs.protocolMax < ours.protocolMin || theirs.protocolMin > ours.protocolMax)
    return fail({ code: "conflict", message: incompatible(ours, theirs) });
  return ok(theirs);
}

function incompatible(ours: Hello, theirs: Hello): string {
  return (
    `no common protocol version: it speaks ${theirs.protocolMin} to ${theirs.protocolMax} ` +
    `(version ${theirs.version}), we speak ${ours.protocolMin} to ${ours.protocolMax} (version ${ours.version})`
  );
}

function parse(bytes: Uint8Array): Hello | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isHello(value) ? value : null;
  } catch {
    return null;
  }
}

function isHello(value: unknown): value is Hello {
  if (typeof value !== "object" || value === null) return false;
  const { protocolMin, protocolMax, version, lane } = value as { [key: string]: unknown };
  return (
    isVersionNumber(protocolMin) &&
    isVersionNumber(protocolMax) &&
    protocolMin <= protocolMax &&
    typeof version === "string" &&
    version.length <= MAX_VERSION_LENGTH &&
    /^[\x21-\x7e]+$/.test(version) &&
    LANES.includes(lane as Lane)
  );
}

function isVersionNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
