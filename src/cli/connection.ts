import { DiscoveryClient } from "../client/client.ts";
import type { Platform } from "./context.ts";

const SOCKETS = "/run/discovery";
/** Without --timeout; longer than the agent gives itself. */
const REQUEST_MS = 45_000;

/** `socket` names a file that ends in .sock, or the directory that has admin.sock and read.sock. */
export function clientFor(
  platform: Platform,
  socket: string | undefined,
  timeoutMs: number | null,
): DiscoveryClient {
  const named = socket ?? platform.environment["DISCOVERY_SOCKET"] ?? SOCKETS;
  const sockets = named.endsWith(".sock") ? { file: named } : { directory: named };
  return new DiscoveryClient({ sockets, timeoutMs: Math.min(timeoutMs ?? REQUEST_MS, REQUEST_MS) });
}
