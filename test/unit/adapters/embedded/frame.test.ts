import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  type Frame,
  FrameReader,
  MAX_FRAME_BYTES,
} from "../../../../src/adapters/embedded/frame.ts";
import type { EmbeddedChannelMessage } from "../../../../src/hypervisor/embedded/channel.ts";
import { vmId, vmStamp } from "../../../support/virtual-machines.ts";

const from = "embedded://127.0.0.1:4000";
const migration = "embedded://127.0.0.1:4000/x/1";
const ticket = "incarnation/1";
const shell = { vm: vmId(1), name: "ve.vm-1", cpus: 1, memory: 64, persistent: false, stamp: vmStamp(1) };
const guest = { stamp: null, load: 1, dirtyRate: 2, powerOffMs: null, powersOffInMs: 0 };
const EVERY_KIND: EmbeddedChannelMessage[] = [
  { kind: "prepare", migration, shell },
  { kind: "ping", migration, sequence: 3 },
  { kind: "finish", migration, ticket, guest },
  { kind: "cancel", migration },
  { kind: "prepared", migration, ticket, share: 1024 },
  { kind: "share", migration, share: 512 },
  { kind: "pong", migration, sequence: 3, share: 512 },
  { kind: "refused", migration, code: "exists", message: "taken" },
  { kind: "finished", migration, runs: true },
];

describe("frames of the side channel", () => {
  it("carry every kind of message whole, however the stream is cut", () => {
    const frames: Frame[] = EVERY_KIND.map((message) => ({ from, message }));
    const bytes = Buffer.from(frames.map(encodeFrame).join(""));
    for (const size of [1, 7, 100, bytes.length]) {
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (let i = 0; i < bytes.length; i += size) read.push(...reader.read(bytes.subarray(i, i + size))!);
      expect(read).toEqual(frames);
    }
  });

  it.each([
    ["no JSON", "hello\n"],
    ["no frame", '{"from":"x"}\n'],
    ["an unknown kind", `${JSON.stringify({ from, message: { kind: "format", migration } })}\n`],
    [
      "a guest of no size",
      encodeFrame({ from, message: { kind: "prepare", migration, shell: { ...shell, memory: 0 } } }),
    ],
    ["a negative share", encodeFrame({ from, message: { kind: "share", migration, share: -1 } })],
    [
      "a load that is no whole number",
      encodeFrame({ from, message: { kind: "finish", migration, ticket, guest: { ...guest, load: 0.5 } } }),
    ],
    ["a line without end", "x".repeat(MAX_FRAME_BYTES + 1)],
    ["a line that is too long", `"${"x".repeat(MAX_FRAME_BYTES)}"\n`],
  ])("refuse %s", (_what, bytes) => {
    expect(new FrameReader().read(Buffer.from(bytes))).toBe(null);
  });
});
