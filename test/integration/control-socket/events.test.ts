import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { EventLog, type LineSink } from "../../../src/adapters/control-socket/event-log.ts";
import type { EventLine } from "../../../src/api/views.ts";
import { DiscoveryClient } from "../../../src/client/client.ts";
import { type FakeAgent, fakeAgent, NOW, until } from "../../support/control.ts";
import { answers } from "../../support/control-answers.ts";

const open: FakeAgent[] = [];

async function agent(...parameters: Parameters<typeof fakeAgent>): Promise<FakeAgent> {
  const made = await fakeAgent(...parameters);
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function follow(made: FakeAgent, options: { readonly since?: string; readonly follow?: boolean } = {}) {
  const lines: EventLine[] = [];
  const stop = new AbortController();
  const client = new DiscoveryClient({ sockets: { directory: made.directory } });
  const ended = client.events({ follow: true, ...options }, (line) => lines.push(line), stop.signal);
  return { lines, ended, stop: () => stop.abort() };
}

describe("a listener", () => {
  test("hears what happens from now on, in order", async () => {
    const made = await agent();
    made.emit({ event: "before" });
    const listener = follow(made);
    await until(() => made.socket.listeners === 1, "it listens");
    made.emit({ event: "action-started", vm: "web-0" });
    made.emit({ event: "action-ended", vm: "web-0", kind: "forged", sequence: 99 });
    await until(() => listener.lines.length === 2, "both came");
    expect(listener.lines).toEqual([
      { kind: "Event", sequence: 2, time: "2027-01-01T00:00:00.000Z", event: "action-started", vm: "web-0" },
      { kind: "Event", sequence: 3, time: "2027-01-01T00:00:00.000Z", event: "action-ended", vm: "web-0" },
    ]);
    listener.stop();
    expect(await listener.ended).toEqual({ ok: true, value: undefined });
    await until(() => made.socket.listeners === 0, "it is forgotten");
  });

  test("can ask for what is kept, and is told what is not", async () => {
    const made = await agent(answers(), { eventHistory: 0 });
    for (let i = 1; i <= 300; i++) made.emit({ event: `e${i}` });
    const all = follow(made, { since: "0", follow: false });
    expect(await all.ended).toEqual({ ok: true, value: undefined });
    expect(all.lines).toHaveLength(257);
    expect(all.lines[0]).toMatchObject({ kind: "Missed", count: 44 });
    expect(all.lines[1]).toMatchObject({ sequence: 45, event: "e45" });
    const last = follow(made, { since: "298", follow: false });
    await last.ended;
    expect(last.lines.map((line) => line.kind === "Event" && line.event)).toEqual(["e299", "e300"]);
    const later = follow(made, { since: "2027-01-01T00:00:01Z", follow: false });
    await later.ended;
    expect(later.lines).toEqual([]);
  });

  test("hears a heartbeat while nothing happens", async () => {
    const made = await agent(answers(), { heartbeatMs: 5 });
    const { lines, stop } = follow(made);
    await until(() => lines.some(({ kind }) => kind === "Heartbeat"), "a heartbeat came");
    stop();
  });

  test("is told when the agent stops", async () => {
    const made = await agent();
    const { lines, ended } = follow(made);
    await until(() => made.socket.listeners === 1, "it listens");
    await made.close();
    expect(await ended).toEqual({ ok: true, value: undefined });
    expect(lines).toEqual([expect.objectContaining({ kind: "Dropped", reason: "the agent stops" })]);
  });

  test("that reads a long history slowly gets all of it", async () => {
    const made = await agent();
    for (let i = 1; i <= 1000; i++) made.emit({ event: "e", text: "x".repeat(2000) });
    const { lines, stop } = follow(made, { since: "0" });
    await until(() => lines.length === 1000, "all came");
    stop();
  });

  test("that does not read is dropped, and keeps nobody from hearing", async () => {
    const made = await agent(answers(), { eventHistory: 256 });
    const sleeper = connect(made.readSocket);
    sleeper.on("error", () => {});
    sleeper.pause();
    sleeper.write("GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n");
    await until(() => made.socket.listeners === 1, "the sleeper listens");
    const { lines, stop } = follow(made);
    await until(() => made.socket.listeners === 2, "both listen");
    for (let i = 0; i < 2000; i += 50) {
      for (let k = 0; k < 50; k++) made.emit({ event: "e", text: "x".repeat(2000) });
      await until(() => lines.length === i + 50, "the reader has kept up");
    }
    await until(() => made.socket.listeners === 1, "the sleeper is dropped");
    stop();
    sleeper.destroy();
  });
});

/** A listener whose kernel takes what it is told to. */
class Sink implements LineSink {
  writableLength = 0;
  readonly lines: EventLine[] = [];
  ended = false;

  write(line: string): void {
    for (const text of line.trim().split("\n")) this.lines.push(JSON.parse(text));
  }

  end(line: string): void {
    if (line !== "") this.write(line);
    this.ended = true;
  }
}

describe("the event log", () => {
  test("tells a listener that was too slow so, as its last line", () => {
    const log = new EventLog(256, () => NOW);
    const sink = new Sink();
    log.listen(sink, { kind: "now" });
    log.add({ event: "first" });
    sink.writableLength = 1 << 20;
    for (let i = 0; i < 257; i++) log.add({ event: "e" });
    expect(sink.lines.at(-1)).toEqual({
      kind: "Dropped",
      time: "2027-01-01T00:00:00.000Z",
      reason: "too slow: events were lost",
      sequence: 1,
    });
    expect([sink.ended, log.listeners]).toEqual([true, 0]);
  });

  test("goes on where a slow listener was, once it reads again", () => {
    const log = new EventLog(256, () => NOW);
    const sink = new Sink();
    log.listen(sink, { kind: "now" });
    sink.writableLength = 1 << 20;
    for (let i = 0; i < 200; i++) log.add({ event: "e" });
    expect(sink.lines).toHaveLength(0);
    sink.writableLength = 0;
    log.drained(sink);
    expect(sink.lines.map((line) => line.kind === "Event" && line.sequence)).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  test("shortens an event that is too long", () => {
    const log = new EventLog(256, () => NOW);
    const sink = new Sink();
    log.add({ event: "partition-planned", plan: "x".repeat(100_000) });
    log.replay(sink, { kind: "sequence", sequence: 0 });
    expect(sink.lines).toEqual([
      {
        kind: "Event",
        sequence: 1,
        time: "2027-01-01T00:00:00.000Z",
        event: "partition-planned",
        shortened: true,
      },
    ]);
  });
});
