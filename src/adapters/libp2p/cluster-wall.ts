/**
 * The wall round a cluster: whoever opens a connection proves first that they hold the cluster's key, then so does
 * the host. Challenge and response (HMAC-SHA-256 over both sides' nonces, with a label for each role), a few
 * microseconds, before anything else is read; a stranger is closed without a word.
 *
 *   dialler                                listener
 *   nonce ─────────────────────────────▶ ◀───────── nonce
 *   proof ─────────────────────────────▶ wrong: closed
 *   wrong: closed ◀──────────────────────── proof
 *
 * The wall keeps strangers from costing anything; it does not bind what follows to the key (somebody in between
 * could pass the proofs on). That is done by the Noise handshake, whose prologue is derived from the same key:
 * with another prologue no message of it can be answered.
 *
 * Not @libp2p/pnet, which does a similar thing: its cipher (xsalsa20 3.x) never frees its slots in a fixed
 * memory, so that after some five thousand connections, a stranger's too, every further one fails.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { AbortOptions, ConnectionProtector, MessageStream } from "@libp2p/interface";

const NONCE_BYTES = 32;
const PROOF_BYTES = 32;

export class ClusterWallError extends Error {
  override readonly name = "ClusterWallError";
}

/** @param key the cluster's key, 32 bytes. */
export function clusterWall(key: Uint8Array): () => ConnectionProtector {
  return () => ({ protect: (connection, options) => protect(key, connection, options) });
}

/** What both sides of a Noise handshake must mix in. */
export function clusterPrologue(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, "", "discovery/1 noise prologue", 32));
}

async function protect(
  key: Uint8Array,
  connection: MessageStream,
  options: AbortOptions | undefined,
): Promise<MessageStream> {
  const dialler = connection.direction === "outbound";
  const ours = randomBytes(NONCE_BYTES);
  connection.send(ours);
  const theirs = await read(connection, NONCE_BYTES, options?.signal);
  const nonces = dialler ? [ours, theirs] : [theirs, ours];
  const proof = (role: "dialler" | "listener") => {
    const hmac = createHmac("sha256", key).update(`discovery/1 cluster wall, ${role}`);
    return nonces.reduce((sum, nonce) => sum.update(nonce), hmac).digest();
  };
  if (dialler) connection.send(proof("dialler"));
  const claimed = await read(connection, PROOF_BYTES, options?.signal);
  if (!timingSafeEqual(claimed, proof(dialler ? "listener" : "dialler")))
    throw new ClusterWallError("it does not hold this cluster's key");
  if (!dialler) connection.send(proof("listener"));
  return connection;
}

/** Takes exactly so many bytes; what came with them is left on the connection. */
function read(
  connection: MessageStream,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let taken = new Uint8Array(0);
    const settle = (finish: () => void) => {
      connection.removeEventListener("message", onMessage);
      connection.removeEventListener("close", onClose);
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    const onMessage = ({ data }: { data: Uint8Array | { subarray(): Uint8Array } }) => {
      taken = Buffer.concat([taken, data.subarray()]);
      if (taken.length < count) return;
      settle(() => resolve(taken.subarray(0, count)));
      if (taken.length > count) connection.unshift(taken.subarray(count));
    };
    const onClose = () =>
      settle(() =>
        reject(new ClusterWallError("it closed the connection: is the cluster key the same there?")),
      );
    const onAbort = () => settle(() => reject(signal?.reason));
    connection.addEventListener("message", onMessage);
    connection.addEventListener("close", onClose);
    signal?.addEventListener("abort", onAbort);
    if (connection.status !== "open") onClose();
    else if (signal?.aborted === true) onAbort();
  });
}
