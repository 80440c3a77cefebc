/**
 * The key that every host of a cluster holds, 32 bytes, in the file format of libp2p's private networks
 * (`/key/swarm/psk/1.0.0/`). Without it a stranger gets no handshake and learns nothing but that a port is open.
 */
import { DiscoveryError } from "../../lib/error.ts";
import { readKeyFile } from "./key-file.ts";

const FORMAT = /^\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n([0-9a-fA-F]{64})\s*$/;

/**
 * @returns the 32 bytes.
 * @throws DiscoveryError when there is none, others can read it, or it is damaged.
 */
export function readClusterKey(path: string): Uint8Array {
  const text = readKeyFile(path);
  if (text === null)
    throw new DiscoveryError({
      code: "not-found",
      message: `There is no cluster key at ${path}.`,
      hint: "Run 'discoveryctl cluster init' on the first host, or copy the key from a host of the cluster.",
    });
  const digits = FORMAT.exec(text)?.[1];
  if (digits === undefined)
    throw new DiscoveryError({
      code: "invalid",
      message: `${path} is not a cluster key.`,
      reason: "Three lines are expected: /key/swarm/psk/1.0.0/, /base16/ and 64 hexadecimal digits.",
    });
  return Buffer.from(digits, "hex");
}
