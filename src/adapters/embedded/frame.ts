import { z } from "zod";
import type { EmbeddedChannelMessage } from "../../hypervisor/embedded/channel.ts";

/** What goes over the side channel: one JSON object a line. */
export interface Frame {
  /** The sender's own address; answers go there. */
  readonly from: string;
  readonly message: EmbeddedChannelMessage;
}

/** A stamp that names a few thousand VMs fits; nothing honest is larger. */
export const MAX_FRAME_BYTES = 256 * 1024;
const NEWLINE = 10;

const count = z.int().min(0);
const text = z.string().max(1024);
const stamp = z.object({
  ve: text,
  vm: text,
  handler: text,
  generation: count,
  adopted: z.boolean(),
  policy: z.object({
    apart: z.array(text),
    together: z.array(text),
    require: z.record(text, text),
    balancing: z.enum(["auto", "recommend", "off"]),
    drain: z.enum(["live", "stay"]),
    migration: z.object({ bandwidthMibPerSecond: count, timeoutMs: count }),
    priority: z.int(),
  }),
});
const shell = z.object({
  vm: text.min(1),
  name: text.min(1),
  cpus: count.min(1),
  memory: count.min(1),
  persistent: z.boolean(),
  stamp: stamp.nullable(),
});
const guest = z.object({
  stamp: stamp.nullable(),
  load: count,
  dirtyRate: count,
  powerOffMs: count.nullable(),
  powersOffInMs: count.nullable(),
});
const migration = text.min(1);
const ticket = text.min(1);
const share = count.min(1);
const message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("prepare"), migration, shell }),
  z.object({ kind: z.literal("ping"), migration, sequence: count }),
  z.object({ kind: z.literal("finish"), migration, ticket, guest }),
  z.object({ kind: z.literal("cancel"), migration }),
  z.object({ kind: z.literal("prepared"), migration, ticket, share }),
  z.object({ kind: z.literal("share"), migration, share }),
  z.object({ kind: z.literal("pong"), migration, sequence: count, share }),
  z.object({
    kind: z.literal("refused"),
    migration,
    code: z.enum(["exists", "failed", "unreachable"]),
    message: text,
  }),
  z.object({ kind: z.literal("finished"), migration, runs: z.boolean() }),
]) satisfies z.ZodType<EmbeddedChannelMessage>;
const frame = z.object({ from: text, message }) satisfies z.ZodType<Frame>;

export function encodeFrame({ from, message }: Frame): string {
  return `${JSON.stringify({ from, message })}\n`;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that `chunk` completes; null: this is no honest peer, hang up. */
  read(chunk: Buffer): Frame[] | null {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const parsed = end - start <= MAX_FRAME_BYTES ? parse(bytes.toString("utf8", start, end)) : null;
      if (parsed === null) return null;
      frames.push(parsed);
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    return this.#rest.length <= MAX_FRAME_BYTES ? frames : null;
  }
}

function parse(line: string): Frame | null {
  try {
    return frame.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
