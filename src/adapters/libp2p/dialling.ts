/** Dials an address of which nobody knows yet who answers there, and says in our words why it did not work. */
import type { Connection, Libp2p } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { type Failure, fail, ok, type Result } from "../../lib/error.ts";

/** Longer texts are no address. */
const MAX_ADDRESS_LENGTH = 512;

export function parseAddress(text: string): Result<Multiaddr> {
  try {
    if (text.length <= MAX_ADDRESS_LENGTH) return ok(multiaddr(text));
  } catch {
    // Answered below like every other unusable text.
  }
  return fail({
    code: "invalid",
    message: `'${text.slice(0, 80)}' is not an address.`,
    reason: "Addresses look like /ip4/192.0.2.7/tcp/4001 or /dns4/host.example/tcp/4001.",
  });
}

export async function dialUnknown(
  node: Libp2p,
  address: Multiaddr,
  timeout: number,
): Promise<Result<Connection>> {
  // Past the cluster's wall: what fails from here on is no longer a question of the network.
  let answered = false;
  const onProgress = ({ type }: { readonly type: string }) => {
    if (type === "upgrader:encrypt-outbound-connection") answered = true;
  };
  try {
    return ok(await node.dial(address, { signal: AbortSignal.timeout(timeout), onProgress }));
  } catch (error) {
    return fail(explain(address, error as Error, timeout, answered));
  }
}

function explain(address: Multiaddr, error: Error, timeout: number, answered: boolean): Failure {
  const message = `Cannot reach ${address}.`;
  if (error.name === "InvalidPeerIdError" || /dial self/i.test(error.message))
    return { code: "invalid", message, reason: "It is the address of this host itself." };
  if (/Intercepted|Denied/.test(error.name))
    return { code: "permission-denied", message, reason: "That peer is banned for the moment." };
  if (answered || error.name === "ClusterWallError")
    return {
      code: "permission-denied",
      message,
      reason: `Something answers there, but the handshake failed: ${error.message}`.slice(0, 200),
      hint: "Compare the cluster keys, and the peer id if the address carries one.",
    };
  if (/timeout|abort/i.test(error.name))
    return { code: "timed-out", message, reason: `It did not answer within ${timeout} ms.` };
  return { code: "unreachable", message, reason: error.message.slice(0, 200) };
}
