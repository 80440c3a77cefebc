/**
 * Secret files: created whole or not at all, never overwritten, readable by their owner alone. A file that
 * others can read is refused rather than repaired: its secret must be taken for known.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { DiscoveryError } from "../../lib/error.ts";

/** No key of ours is longer; a bigger file is something else. */
const MAX_KEY_BYTES = 4096;

/**
 * Writes the file durably with mode 0600.
 * @throws DiscoveryError `conflict` when it exists, `failed` when it cannot be written.
 */
export function createKeyFile(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(draft, text);
    try {
      linkSync(draft, path);
    } finally {
      unlinkSync(draft);
    }
    syncDirectory(dirname(path));
  } catch (cause) {
    throw cannotCreate(path, cause);
  }
}

/**
 * @returns the text, or null when there is no such file.
 * @throws DiscoveryError `unsafe` when others can read it, `invalid` when it is no key file.
 */
export function readKeyFile(path: string): string | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new DiscoveryError(
      { code: "failed", message: `Cannot read ${path}.`, reason: (cause as Error).message },
      { cause },
    );
  }
  try {
    refuseUnlessPrivate(path, file);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function refuseUnlessPrivate(path: string, file: number): void {
  const stat = fstatSync(file);
  const { mode, size } = stat;
  if (!stat.isFile())
    throw new DiscoveryError({ code: "invalid", message: `${path} is not a regular file.` });
  if ((mode & 0o077) !== 0)
    throw new DiscoveryError({
      code: "unsafe",
      message: `The key file ${path} can be read by others.`,
      reason: `Its mode is ${(mode & 0o777).toString(8).padStart(4, "0")}, it must be 0600.`,
      hint: "Take the key for known: replace it, or run chmod 600 if you are sure that nobody read it.",
    });
  if (size === 0 || size > MAX_KEY_BYTES)
    throw new DiscoveryError({
      code: "invalid",
      message: `${path} holds no key.`,
      reason: `It has ${size} bytes; a key file has 1 to ${MAX_KEY_BYTES}.`,
    });
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function cannotCreate(path: string, cause: unknown): DiscoveryError {
  const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
  return new DiscoveryError(
    exists
      ? {
          code: "conflict",
          message: `${path} exists already.`,
          reason: "A key is never overwritten.",
          hint: "Move the file away if you really mean to replace it.",
        }
      : { code: "failed", message: `Cannot create ${path}.`, reason: (cause as Error).message },
    { cause },
  );
}
