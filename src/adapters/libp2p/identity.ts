/** Who this host is: an Ed25519 key on its disk; the node id is the peer id that follows from it. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { DiscoveryError } from "../../lib/error.ts";
import type { NodeId } from "../../model/node.ts";
import { createKeyFile, readKeyFile } from "./key-file.ts";

export interface Identity {
  readonly id: NodeId;
  readonly privateKey: PrivateKey;
}

/**
 * Reads the identity, or makes it on the first start.
 * @throws DiscoveryError when the file is readable by others, damaged or cannot be written.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const text = readKeyFile(path);
  if (text !== null) return identityOf(parseKey(path, text));
  const key = await generateKeyPair("Ed25519");
  createKeyFile(path, `${Buffer.from(privateKeyToProtobuf(key)).toString("base64")}\n`);
  return identityOf(key);
}

function identityOf(privateKey: PrivateKey): Identity {
  return { id: peerIdFromPrivateKey(privateKey).toString(), privateKey };
}

function parseKey(path: string, text: string): PrivateKey {
  try {
    const key = privateKeyFromProtobuf(Buffer.from(text.trim(), "base64"));
    if (key.type === "Ed25519") return key;
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path, undefined);
}

function damaged(path: string, cause: unknown): DiscoveryError {
  return new DiscoveryError(
    {
      code: "invalid",
      message: `${path} is not an identity key.`,
      reason: "It must hold one Ed25519 private key, in base64.",
      hint: "Restore it from a backup; a host with a new key is a new host.",
    },
    { cause },
  );
}
