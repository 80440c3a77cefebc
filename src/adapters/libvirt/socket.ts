/** Where a daemon listens, and how its socket is opened. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ConnectionError } from "./errors.ts";

/** A Unix socket ("/run/libvirt/libvirt-sock"; at most 107 bytes) or TCP without encryption. */
export type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** `deadline` is the part of `signal` that means "too late". @throws ConnectionError */
export async function openSocket(
  target: Target,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<Socket> {
  const where = "socketPath" in target ? { path: target.socketPath } : { ...target, noDelay: true };
  const socket = connect(where);
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    const name = "socketPath" in target ? target.socketPath : `${target.host}:${target.port}`;
    if (deadline.aborted) throw new ConnectionError("connect-timeout", name, error);
    if (signal.aborted) throw new ConnectionError("connect-cancelled", name, signal.reason);
    throw new ConnectionError("connect-failed", name, error);
  }
}
