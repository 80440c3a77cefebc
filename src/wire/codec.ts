/** Messages as bytes and back. */
import { type AskAnswer, laneOf, type Message } from "../agent/messages.ts";
import { DiscoveryError, fail, ok, type Result } from "../lib/error.ts";
import type { NodeId } from "../model/node.ts";
import type { MessageCodec } from "../ports/codec.ts";
import type { Lane } from "../ports/effects.ts";
import { CborReader } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import { LANE_BYTES } from "./limits.ts";
import { Malformed, refuse } from "./malformed.ts";
import { MESSAGE } from "./messages.ts";

const LARGEST = Math.max(...Object.values(LANE_BYTES));
const SMALLEST = Math.min(...Object.values(LANE_BYTES));

export class WireCodec implements MessageCodec<Message> {
  readonly #writer = new CborWriter();
  readonly #reader = new CborReader();

  /**
   * An answer that cannot be sent (too large, or no plain data) becomes a failure that says so: its asker waits.
   *
   * @throws DiscoveryError `invalid` when another message is outside the bounds of the format.
   */
  encode(message: Message): Uint8Array {
    try {
      return this.#encode(message);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      if (message.type === "control.answer" && message.result.ok)
        return this.#encode(unsendable(message, error.message));
      throw new DiscoveryError({
        code: "invalid",
        message: `a message of type ${message.type} cannot be sent`,
        reason: error.message,
      });
    }
  }

  decode(bytes: Uint8Array, from: NodeId): Result<Message> {
    try {
      return ok(this.#decode(bytes));
    } catch (error) {
      const reason = error instanceof Malformed ? error.message : `reading it failed: ${String(error)}`;
      return fail({ code: "invalid", message: `${from} sent what is no message`, reason });
    } finally {
      this.#reader.end();
    }
  }

  lane(message: Message): Lane {
    return laneOf(message);
  }

  maxBytes(lane: Lane): number {
    return LANE_BYTES[lane];
  }

  #encode(message: Message): Uint8Array {
    this.#writer.begin(LANE_BYTES[laneOf(message)]);
    MESSAGE.write(this.#writer, message);
    return this.#writer.finish();
  }

  #decode(bytes: Uint8Array): Message {
    if (bytes.length > LARGEST) refuse(`it has ${bytes.length} bytes, more than ${LARGEST}`);
    this.#reader.begin(bytes);
    if (bytes.length > SMALLEST) this.#checkLane(bytes.length);
    const message = MESSAGE.read(this.#reader);
    if (this.#reader.left > 0) refuse(`it has ${this.#reader.left} bytes too many at its end`);
    return message;
  }

  /** Refuses what is too large for its lane before anything of it is built. */
  #checkLane(length: number): void {
    const lane = laneOf({ type: MESSAGE.peek(this.#reader) } as Message);
    if (length > (LANE_BYTES[lane] ?? 0)) refuse(`it has ${length} bytes, too many for the lane ${lane}`);
  }
}

function unsendable({ re }: AskAnswer, why: string): AskAnswer {
  const failure = { code: "failed", message: "the answer cannot be sent", reason: why } as const;
  return { type: "control.answer", re, result: fail(failure) };
}
