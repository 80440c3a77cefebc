import type { Result } from "../lib/error.ts";
import type { NodeId } from "../model/node.ts";
import type { Lane } from "./effects.ts";

/** Every lane, in the order of importance. */
export const LANES: readonly Lane[] = ["membership", "partition", "control"];

/** Turns messages into bytes and back; the transport knows nothing else about them. */
export interface MessageCodec<Message> {
  /** At most `maxBytes(lane(message))` bytes and never none. */
  encode(message: Message): Uint8Array;
  /** Never throws: bytes come from the network. `from` is who the connection proved to be. */
  decode(bytes: Uint8Array, from: NodeId): Result<Message>;
  lane(message: Message): Lane;
  /** The longest encoded message of a lane, in bytes. */
  maxBytes(lane: Lane): number;
}
