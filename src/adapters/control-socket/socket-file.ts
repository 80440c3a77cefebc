/**
 * Unix sockets as files: who may connect is who may write the file, so directory, owner and mode are part of the
 * interface. A socket that somebody listens on is never taken over.
 */
import { chownSync, lstatSync, mkdirSync, readFileSync, type Stats, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { DiscoveryError } from "../../lib/error.ts";

/** The kernel's limit on a socket's path (`sun_path`), less the final zero. */
const MAX_PATH_BYTES = 107;
/** Owner and group may connect: 0660, from the first moment on. */
const UMASK = 0o117;

export interface SocketFile {
  readonly path: string;
  /** Group that may connect; empty: the process's own. */
  readonly group: string;
}

/** Binds the server to the file. @throws DiscoveryError `conflict`, `unsafe`, `invalid`, `permission-denied`, `failed`. */
export async function listenAt(server: Server, { path, group }: SocketFile): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    const reason = `it has ${Buffer.byteLength(path)} bytes and the kernel allows ${MAX_PATH_BYTES}`;
    throw new DiscoveryError({ code: "invalid", message: `the socket's path ${path} is too long`, reason });
  }
  const gid = group === "" ? null : groupId(group);
  prepareDirectory(dirname(path));
  await clear(path);
  await bind(server, path);
  if (gid !== null) chownSync(path, -1, gid);
}

/** Binding happens inside `listen`, before it returns: the mask is back in place before anything else runs. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = process.umask(UMASK);
    server.once("error", (cause) => reject(systemError(`cannot listen on ${path}`, cause)));
    server.listen(path, () => resolve());
    process.umask(before);
  });
}

function prepareDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw systemError(`cannot make ${path}`, cause);
  }
  const { mode, uid } = lstatSync(path);
  const own = process.getuid?.() ?? 0;
  const problem =
    (mode & 0o002) !== 0
      ? "anybody may write in it"
      : uid !== own && uid !== 0
        ? `its owner is ${uid}`
        : null;
  if (problem === null) return;
  throw new DiscoveryError({
    code: "unsafe",
    message: `the sockets cannot be in ${path}`,
    reason: `${problem}, and could put a socket of their own there`,
    hint: `chmod o-w ${path}, or set paths.runtimeDir`,
  });
}

/** Removes a socket that a dead agent left; anything else stays and is a conflict. */
async function clear(path: string): Promise<void> {
  const found = statOf(path);
  if (found === null) return;
  if (!found.isSocket()) {
    throw new DiscoveryError({
      code: "conflict",
      message: `${path} is there and is no socket`,
      hint: "move it away",
    });
  }
  if (await answers(path)) {
    const hint = "one agent runs per host; see systemctl status discoveryd";
    throw new DiscoveryError({ code: "conflict", message: `another agent listens on ${path}`, hint });
  }
  unlinkSync(path);
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw systemError(`cannot look at ${path}`, cause);
  }
}

/** Only a refusal proves that nobody listens: a full backlog or a missing right does not. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT"),
    );
  });
}

function groupId(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const id = Number(line?.split(":")[2]);
  if (line !== undefined && Number.isInteger(id)) return id;
  const hint = `groupadd --system ${name}, or set control.adminGroup and control.readGroup`;
  throw new DiscoveryError({ code: "invalid", message: `there is no group ${name}`, hint });
}

function systemError(message: string, cause: unknown): DiscoveryError {
  const { code, message: reason } = cause as NodeJS.ErrnoException;
  const denied = code === "EACCES" || code === "EPERM";
  return new DiscoveryError({ code: denied ? "permission-denied" : "failed", message, reason }, { cause });
}
