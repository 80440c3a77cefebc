import { getEventListeners } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  encodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  KeepaliveProcedure,
  keepaliveFrame,
  REMOTE_PROGRAM,
} from "../../../../src/adapters/libvirt/frame.ts";
import {
  CallError,
  ConnectionError,
  type ConnectionOptions,
  type DomainEvent,
  ErrorCode,
  isLibvirtError,
  LibvirtConnection,
  LibvirtError,
} from "../../../../src/adapters/libvirt/index.ts";
import { procedures } from "../../../../src/adapters/libvirt/procedures.ts";
import { openSocket } from "../../../../src/adapters/libvirt/socket.ts";
import { encoded, type Greeting, type Peer, type Script, ScriptedDaemon } from "./scripted-daemon.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(script: Script, greeting: Partial<Greeting> = {}): Promise<ScriptedDaemon> {
  const daemon = await ScriptedDaemon.listen(script, greeting);
  closing.push(() => daemon.dispose());
  return daemon;
}

async function open(script: Script, options: ConnectionOptions = {}) {
  const daemon = await listen(script);
  const connection = await LibvirtConnection.connect(daemon, "test:///default", options);
  const ends: ConnectionError[] = [];
  connection.on("close", (reason) => ends.push(reason));
  return { daemon, peer: daemon.peer, connection, ends };
}

/** More than the answers to them that a socket takes unread. */
const PINGS = 100_000;
const rebootOf = (name: string): Buffer => {
  const dom = { name, uuid: "00000000-0000-4000-8000-000000000000", id: 1 };
  return Buffer.concat([Buffer.alloc(4), encoded(procedures.DomainSuspend.args, { dom })]);
};

const silent: Script = () => undefined;
const answerHostname: Script = (call, peer) => {
  peer.reply(call, encoded(procedures.ConnectGetHostname.ret, { hostname: "h1" }));
};
const hostname = (connection: LibvirtConnection, timeoutMs?: number) =>
  connection.call("ConnectGetHostname", {}, timeoutMs === undefined ? {} : { timeoutMs });
const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it should have failed");
};
const callError = async (promise: Promise<unknown>): Promise<CallError> => {
  const error = await failure(promise);
  if (!(error instanceof CallError)) throw error;
  return error;
};

describe("calls", () => {
  test("overlap on one connection and are answered in any order", async () => {
    const { connection, peer } = await open((call, peer) => {
      if (peer.calls.length < 3) return;
      for (const early of peer.calls.toReversed()) {
        const name = early.body.toString("utf8", 4, 6);
        const dom = { name, uuid: "00000000-0000-4000-8000-000000000000", id: early.serial };
        peer.reply(early, encoded(procedures.DomainLookupByName.ret, { dom }));
      }
      expect(call.serial).toBe(peer.calls.at(-1)?.serial);
    });
    const found = await Promise.all(
      ["d1", "d2", "d3"].map((name) => connection.call("DomainLookupByName", { name })),
    );
    expect(found.map(({ dom }) => dom.name)).toEqual(["d1", "d2", "d3"]);
    expect(new Set(peer.calls.map(({ serial }) => serial)).size).toBe(3);
  });

  test("each has its own error, with the daemon's code, domain, level and message", async () => {
    const { connection } = await open((call, peer) => {
      peer.error(
        call,
        call.procedure === procedures.DomainAbortJob.number ? 55 : 42,
        `error of ${call.procedure}`,
      );
    });
    const dom = { name: "d", uuid: "00000000-0000-4000-8000-000000000000", id: 1 };
    const [abort, lookup] = await Promise.all([
      failure(connection.call("DomainAbortJob", { dom })),
      failure(connection.call("DomainLookupByName", { name: "x" })),
    ]);
    expect(abort).toBeInstanceOf(LibvirtError);
    expect(abort).toMatchObject({
      code: ErrorCode.operationInvalid,
      message: "error of 164",
      procedure: "DomainAbortJob",
    });
    expect(lookup).toMatchObject({ code: ErrorCode.noDomain, domain: 10, level: 2, message: "error of 23" });
    expect(isLibvirtError(lookup, ErrorCode.noDomain)).toBe(true);
    expect(isLibvirtError(abort, ErrorCode.noDomain)).toBe(false);
  });

  test("a reply that comes in single bytes is a reply", async () => {
    const { connection } = await open((call, peer) => {
      const body = encoded(procedures.ConnectGetHostname.ret, { hostname: "h1" });
      for (const byte of encodeFrame({ ...call, type: 1, body })) peer.socket.write(Buffer.of(byte));
    });
    expect(await hostname(connection)).toEqual({ hostname: "h1" });
  });

  test("arguments that do not fit are refused before anything is sent", async () => {
    const { connection, peer } = await open(silent);
    const error = await callError(connection.call("DomainLookupByName", { name: "a\0b" }));
    expect(error).toMatchObject({ failure: "invalid-arguments", outcome: "not-sent" });
    const bad = await callError(hostname(connection, 2 ** 31));
    expect(bad).toMatchObject({ failure: "invalid-arguments", outcome: "not-sent" });
    expect(peer.calls).toEqual([]);
  });
});

describe("silence", () => {
  test("a call that is not answered ends at its deadline, and says that its outcome is unknown", async () => {
    const { connection, ends } = await open(silent);
    expect(await callError(hostname(connection, 20))).toMatchObject({
      failure: "deadline",
      outcome: "unknown",
      procedure: "ConnectGetHostname",
    });
    expect(ends).toEqual([]);
  });

  test("an answer that comes after the deadline is dropped, and the connection goes on", async () => {
    const { connection, peer } = await open((call, peer) => {
      if (peer.calls.length > 1) answerHostname(call, peer);
    });
    await callError(hostname(connection, 20));
    expect(connection.load).toEqual({ inFlight: 1, abandoned: 1, waiting: 0 });
    answerHostname(peer.calls[0] as Frame, peer);
    expect(await hostname(connection)).toEqual({ hostname: "h1" });
    expect(connection.load).toEqual({ inFlight: 0, abandoned: 0, waiting: 0 });
  });

  test("a call that gets no place in time is not sent any more, one that is sent goes on", async () => {
    const { connection, peer } = await open(silent, { maxInFlight: 2 });
    const sent = callError(
      connection.call("DomainLookupByName", { name: "a" }, { sendWithinMs: 1, timeoutMs: 60 }),
    );
    const waits = callError(
      connection.call("DomainLookupByName", { name: "b" }, { sendWithinMs: 5, timeoutMs: 60 }),
    );
    const more = callError(connection.call("DomainLookupByName", { name: "c" }, { sendWithinMs: 5 }));
    const errors = await Promise.all([sent, waits, more]);
    expect(errors.map(({ failure: what, outcome }) => `${what} ${outcome}`)).toEqual([
      "deadline unknown",
      "deadline unknown",
      "deadline not-sent",
    ]);
    expect(peer.calls).toHaveLength(2);
  });

  test("a caller can give a call up, before and after it was made", async () => {
    const { connection } = await open(silent);
    const giveUp = new AbortController();
    const out = callError(connection.call("ConnectGetHostname", {}, { signal: giveUp.signal }));
    giveUp.abort(new Error("enough"));
    expect(await out).toMatchObject({ failure: "cancelled", outcome: "unknown", cause: new Error("enough") });
    const late = await callError(connection.call("ConnectGetHostname", {}, { signal: giveUp.signal }));
    expect(late).toMatchObject({ failure: "cancelled", outcome: "not-sent" });
  });

  test("a signal that outlives its calls does not collect them", async () => {
    const { connection } = await open(answerHostname);
    const { signal } = new AbortController();
    for (let i = 0; i < 20; i++) await connection.call("ConnectGetHostname", {}, { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("a peer that answers no keepalive is given up, with its calls", async () => {
    const { connection, peer, ends } = await open(silent, { keepalive: { intervalMs: 10, count: 3 } });
    peer.keepalives = "ignored";
    const error = await callError(hostname(connection));
    expect(error).toMatchObject({ failure: "connection-lost", outcome: "unknown" });
    expect(error.cause).toMatchObject({ failure: "keepalive-timeout" });
    expect(ends).toEqual([error.cause]);
    await vi.waitFor(() => expect(peer.pings).toBe(3));
  });

  test("a peer that answers keepalives is kept, however slow its calls are", async () => {
    const { connection, peer, ends } = await open(silent, { keepalive: { intervalMs: 5, count: 2 } });
    const out = hostname(connection);
    await vi.waitFor(() => expect(peer.pings).toBeGreaterThan(6));
    expect(ends).toEqual([]);
    answerHostname(peer.calls[0] as Frame, peer);
    expect(await out).toEqual({ hostname: "h1" });
  });

  test("a peer that drips bytes of a frame that never ends is as good as silent", async () => {
    const { connection, peer } = await open(silent, { keepalive: { intervalMs: 20, count: 2 } });
    peer.keepalives = "ignored";
    const promise = Buffer.alloc(28);
    promise.writeUInt32BE(FRAME_MAX_BYTES);
    peer.socket.write(promise);
    const drip = setInterval(() => peer.socket.write(Buffer.of(0)), 1);
    const error = await callError(hostname(connection));
    clearInterval(drip);
    expect(error.cause).toMatchObject({ failure: "keepalive-timeout" });
  });

  test("a daemon that knows no keepalive is not pinged, however long it takes", async () => {
    const daemon = await listen((call, peer) => setTimeout(answerHostname, 40, call, peer), { keepalive: 0 });
    const keepalive = { intervalMs: 2, count: 1 };
    const connection = await LibvirtConnection.connect(daemon, "test:///default", { keepalive });
    await hostname(connection);
    expect(daemon.peer.pings).toBe(0);
  });

  test("its keepalives are answered", async () => {
    const { peer } = await open(silent);
    peer.ping();
    await vi.waitFor(() => expect(peer.pongs).toBe(1));
  });

  test("a peer that sends keepalives and reads nothing fills no memory", async () => {
    const { connection, peer } = await open(answerHostname);
    const seen = new Promise((resolve) => connection.once("event", resolve));
    peer.socket.pause();
    const ping = encodeFrame(keepaliveFrame(KeepaliveProcedure.ping));
    peer.socket.write(Buffer.concat(Array.from({ length: PINGS }, () => ping)));
    peer.message(319, rebootOf("d"));
    await seen;
    peer.socket.resume();
    await hostname(connection);
    expect(peer.pongs).toBeGreaterThan(0);
    expect(peer.pongs).toBeLessThan(PINGS);
  });
});

describe("nonsense ends the connection with a reason of its own", () => {
  const body = encoded(procedures.ConnectGetHostname.ret, { hostname: "h1" });
  const reply = (call: Frame): Frame => ({ ...call, type: 1, body });
  const length = (n: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32BE(n);
    return bytes;
  };
  const cases: readonly (readonly [string, (call: Frame, peer: Peer) => void])[] = [
    ["frame-length", (_, peer) => peer.socket.write(length(0))],
    ["frame-length", (_, peer) => peer.socket.write(length(27))],
    ["frame-length", (_, peer) => peer.socket.write(length(FRAME_MAX_BYTES + 1))],
    ["frame-length", (_, peer) => peer.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["frame-truncated", (call, peer) => peer.socket.end(encodeFrame(reply(call)).subarray(0, 30))],
    ["frame-truncated", (call, peer) => peer.socket.end(encodeFrame(reply(call)).subarray(0, 3))],
    ["peer-closed", (_, peer) => peer.socket.end()],
    ["unknown-serial", (call, peer) => peer.send({ ...reply(call), serial: call.serial + 1 })],
    ["unknown-program", (call, peer) => peer.send({ ...reply(call), program: 0x20008087 })],
    ["unknown-version", (call, peer) => peer.send({ ...reply(call), version: 2 })],
    ["unexpected-frame", (call, peer) => peer.send({ ...reply(call), type: 3 })],
    ["unexpected-frame", (call, peer) => peer.send({ ...reply(call), type: 0 })],
    ["unexpected-frame", (call, peer) => peer.send({ ...reply(call), status: 2 })],
    ["procedure-mismatch", (call, peer) => peer.send({ ...reply(call), procedure: 7 })],
    ["malformed-body", (call, peer) => peer.send({ ...reply(call), body: body.subarray(0, 6) })],
    ["malformed-body", (call, peer) => peer.send({ ...reply(call), body: Buffer.concat([body, body]) })],
    ["malformed-body", (call, peer) => peer.send({ ...reply(call), status: 1 })],
    ["malformed-body", (_, peer) => peer.message(318, Buffer.alloc(8))],
  ];
  test.each(cases)("%s (%#)", async (expected, misbehave) => {
    const { connection, daemon, ends } = await open(misbehave);
    const error = await callError(hostname(connection));
    expect(error).toMatchObject({ failure: "connection-lost", outcome: "unknown" });
    expect(error.cause).toBeInstanceOf(ConnectionError);
    expect(error.cause).toMatchObject({ failure: expected });
    expect(ends).toEqual([error.cause]);
    expect(connection.ended).toBe(error.cause);
    await vi.waitFor(() => expect(daemon.peer.socket.closed).toBe(true));
  });

  test("an answer that is given twice is an answer to nothing", async () => {
    const { connection, ends } = await open((call, peer) => {
      answerHostname(call, peer);
      answerHostname(call, peer);
    });
    await hostname(connection);
    await vi.waitFor(() => expect(ends).toMatchObject([{ failure: "unknown-serial" }]));
  });

  test("at whatever byte a reply is cut by the peer's death, the call is rejected and says so", async () => {
    const whole = encodeFrame({
      program: REMOTE_PROGRAM,
      version: 1,
      procedure: 59,
      type: 1,
      serial: 5,
      status: 0,
      body,
    });
    for (let cut = 1; cut < whole.length; cut++) {
      const { connection } = await open((call, peer) =>
        peer.socket.end(encodeFrame(reply(call)).subarray(0, cut)),
      );
      const error = await callError(hostname(connection));
      expect(error.cause).toMatchObject({ failure: "frame-truncated" });
    }
  });
});

describe("the end", () => {
  test("death in the middle of calls rejects all of them at once and tells the sent from the unsent", async () => {
    const { connection, peer, daemon, ends } = await open(silent, { maxInFlight: 2 });
    const out = ["a", "b", "c"].map((name) => callError(connection.call("DomainLookupByName", { name })));
    await vi.waitFor(() => expect(peer.calls).toHaveLength(2));
    await daemon.pause();
    const errors = await Promise.all(out);
    expect(errors.map(({ outcome }) => outcome)).toEqual(["unknown", "unknown", "not-sent"]);
    expect(errors.map(({ failure: what }) => what)).toEqual(Array(3).fill("connection-lost"));
    expect(ends).toHaveLength(1);
  });

  test("after it, a call is refused with the reason", async () => {
    const { connection, daemon } = await open(silent);
    const ended = new Promise((resolve) => connection.once("close", resolve));
    await daemon.pause();
    const reason = await ended;
    expect(await callError(hostname(connection))).toMatchObject({
      failure: "connection-lost",
      outcome: "not-sent",
      cause: reason,
    });
  });

  test("closing takes leave, rejects what is out and does not depend on an answer", async () => {
    const { connection, peer, ends } = await open((call, peer) => {
      if (call.procedure === procedures.ConnectClose.number) peer.reply(call, Buffer.alloc(0));
    });
    const out = callError(hostname(connection));
    await connection.close();
    expect((await out).cause).toMatchObject({ failure: "closed" });
    expect(peer.calls.at(-1)?.procedure).toBe(procedures.ConnectClose.number);
    expect(ends).toMatchObject([{ failure: "closed" }]);
    await connection.close();
    expect(ends).toHaveLength(1);
  });
});

describe("load", () => {
  test("ten thousand calls at once are sent a few at a time, and what does not fit is refused", async () => {
    let most = 0;
    const { connection } = await open((call, peer) => {
      const unanswered = peer.calls.length - answered;
      most = Math.max(most, unanswered);
      setImmediate(() => {
        answered += 1;
        answerHostname(call, peer);
      });
    });
    let answered = 0;
    const outcomes = await Promise.allSettled(Array.from({ length: 10_000 }, () => hostname(connection)));
    const refused = outcomes
      .filter((outcome) => outcome.status === "rejected")
      .map((outcome) => outcome.reason);
    expect(refused).toHaveLength(10_000 - 1024 - 4);
    expect(new Set(refused.map((error: CallError) => `${error.failure} ${error.outcome}`))).toEqual(
      new Set(["too-many-pending not-sent"]),
    );
    expect(most).toBe(4);
  });

  test("ten thousand unanswered calls all end at their deadlines, the unsent known as unsent", async () => {
    const { connection, ends } = await open(silent, { maxWaiting: 10_000 });
    const errors = await Promise.all(
      Array.from({ length: 10_000 }, () => callError(hostname(connection, 200))),
    );
    expect(errors.filter(({ outcome }) => outcome === "unknown")).toHaveLength(4);
    expect(new Set(errors.map(({ failure: what }) => what))).toEqual(new Set(["deadline"]));
    expect(connection.load).toEqual({ inFlight: 4, abandoned: 4, waiting: 0 });
    expect(ends).toEqual([]);
  });

  test("arguments that wait are bounded in bytes, too", async () => {
    const { connection } = await open(silent);
    const xmlDesc = "x".repeat(4_000_000);
    const calls = Array.from({ length: 20 }, () =>
      connection.call("DomainCreateXML", { xmlDesc }, { timeoutMs: 200 }),
    );
    const errors = await Promise.all(calls.map(callError));
    const refused = errors.filter((error) => error.failure === "too-many-pending");
    expect(refused).toHaveLength(20 - 3 - 8);
  });

  test("slow calls leave a place for urgent ones", async () => {
    const dom = { name: "d", uuid: "00000000-0000-4000-8000-000000000000", id: 1 };
    const { connection, peer } = await open((call, peer) => {
      if (call.procedure === procedures.DomainAbortJob.number) peer.reply(call, Buffer.alloc(0));
    });
    const slow = Array.from({ length: 6 }, () =>
      callError(connection.call("DomainSuspend", { dom }, { timeoutMs: 300 })),
    );
    await connection.call("DomainAbortJob", { dom });
    expect(peer.calls.map(({ procedure }) => procedure)).toEqual([34, 34, 34, 164]);
    expect((await Promise.all(slow)).map(({ outcome }) => outcome)).toEqual([
      ...Array(3).fill("unknown"),
      ...Array(3).fill("not-sent"),
    ]);
  });
});

describe("events", () => {
  const uuid = "00112233-4455-6677-8899-aabbccddeeff";
  const dom = Buffer.concat([
    Buffer.from("00000001" + "64000000", "hex"),
    Buffer.from(uuid.replaceAll("-", ""), "hex"),
    Buffer.from("00000007", "hex"),
  ]);
  const words = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => {
      bytes.writeInt32BE(value, 4 * i);
    });
    return bytes;
  };
  const grant: Script = (call, peer) => {
    const asked = call.procedure === procedures.ConnectDomainEventCallbackRegisterAny.number;
    peer.reply(call, asked ? words(peer.calls.length) : Buffer.alloc(0));
  };

  test("are subscribed to once, by libvirt's event ids", async () => {
    const { connection, peer } = await open(grant);
    for (const kind of ["lifecycle", "reboot", "migrationIteration", "jobCompleted", "lifecycle"] as const) {
      await connection.subscribe(kind);
    }
    expect(peer.calls.map(({ body }) => body.readInt32BE(0))).toEqual([0, 1, 20, 21]);
    await connection.unsubscribe("reboot");
    await connection.unsubscribe("reboot");
    expect(peer.calls.slice(4).map(({ procedure, body }) => [procedure, body.readInt32BE(0)])).toEqual([
      [317, 2],
    ]);
  });

  test("arrive with their domain, each kind with its members; unknown ones are passed over", async () => {
    const { connection, peer } = await open(answerHostname);
    const seen: DomainEvent[] = [];
    connection.on("event", (event) => seen.push(event));
    peer.message(318, Buffer.concat([words(0), dom, words(5, 1)]));
    peer.message(319, Buffer.concat([words(1), dom]));
    peer.message(999, Buffer.alloc(12));
    peer.message(359, Buffer.concat([words(2), dom, words(4)]));
    peer.message(
      363,
      Buffer.concat([words(3), dom, words(1, 4), Buffer.from("downtime".slice(0, 4)), words(4, 0, 14)]),
    );
    await hostname(connection);
    const expected = { name: "d", uuid, id: 7 };
    expect(seen.map(({ kind }) => kind)).toEqual([
      "lifecycle",
      "reboot",
      "migrationIteration",
      "jobCompleted",
    ]);
    expect(seen[0]).toEqual({ kind: "lifecycle", dom: expected, event: 5, detail: 1 });
    expect(seen[2]).toEqual({ kind: "migrationIteration", dom: expected, iteration: 4 });
    expect(seen[3]?.kind === "jobCompleted" && seen[3].params.bigint("down")).toBe(14n);
  });

  test("a subscription that was refused can be tried again", async () => {
    const { connection } = await open((call, peer) => {
      if (peer.calls.length === 1) peer.error(call, ErrorCode.noSupport, "not now");
      else grant(call, peer);
    });
    expect(await failure(connection.subscribe("lifecycle"))).toMatchObject({ code: ErrorCode.noSupport });
    await connection.subscribe("lifecycle");
  });
});

describe("connecting", () => {
  test("to nobody fails and says where", async () => {
    const error = await failure(
      LibvirtConnection.connect({ socketPath: "/nonexistent/sock" }, "test:///default"),
    );
    expect(error).toMatchObject({ failure: "connect-failed", message: "connect-failed: /nonexistent/sock" });
  });

  test.each([
    [1, "sasl"],
    [2, "polkit"],
    [7, "type 7"],
  ])("to a daemon that wants authentication %i is refused by name", async (type, name) => {
    const daemon = await listen(silent, { authTypes: [type] });
    const error = await failure(LibvirtConnection.connect(daemon, "test:///default"));
    expect(error).toMatchObject({ failure: "authentication-required" });
    expect((error as Error).message).toContain(`wants ${name}:`);
    await vi.waitFor(() => expect(daemon.peer.socket.closed).toBe(true));
  });

  test("to a daemon too old to tell events apart is refused", async () => {
    const daemon = await listen(silent, { eventCallbacks: 0 });
    const error = await failure(LibvirtConnection.connect(daemon, "test:///default"));
    expect(error).toMatchObject({ failure: "unsupported-daemon" });
  });

  test("to a daemon that accepts and says nothing ends at the deadline", async () => {
    const daemon = await listen(silent, { mute: true });
    const options = { connectTimeoutMs: 30 };
    const error = await failure(LibvirtConnection.connect(daemon, "test:///default", options));
    expect(error).toMatchObject({ failure: "connect-timeout" });
    await vi.waitFor(() => expect(daemon.peer.socket.closed).toBe(true));
  });

  test.each([
    ["connect-timeout", AbortSignal.abort()],
    ["connect-cancelled", new AbortController().signal],
  ])("a socket that does not open in time is told from one given up: %s", async (expected, deadline) => {
    const daemon = await listen(silent);
    expect(await failure(openSocket(daemon, AbortSignal.abort(), deadline))).toMatchObject({
      failure: expected,
    });
  });

  test("with no place for ordinary calls is refused", async () => {
    const out = LibvirtConnection.connect({ socketPath: "/nonexistent/sock" }, "test:///default", {
      maxInFlight: 1,
    });
    expect(await failure(out)).toBeInstanceOf(RangeError);
  });

  test("can be given up", async () => {
    const daemon = await listen(silent, { mute: true });
    const giveUp = new AbortController();
    const out = failure(LibvirtConnection.connect(daemon, "test:///default", { signal: giveUp.signal }));
    await vi.waitFor(() => expect(daemon.peers).toHaveLength(1));
    giveUp.abort(new Error("enough"));
    expect(await out).toMatchObject({ failure: "connect-cancelled" });
    const late = await failure(
      LibvirtConnection.connect(daemon, "test:///default", { signal: giveUp.signal }),
    );
    expect(late).toMatchObject({ failure: "connect-cancelled", cause: new Error("enough") });
  });

  test("to a URI that the daemon refuses gives the daemon's own error", async () => {
    const daemon = await listen(silent, { refusal: "no connection driver available" });
    const error = await failure(LibvirtConnection.connect(daemon, "nonsense:///"));
    expect(error).toMatchObject({ code: ErrorCode.noConnect, message: "no connection driver available" });
  });

  test("to something that is no libvirtd says what it did", async () => {
    const server = createServer((socket) => socket.resume().end("220 mail.example ESMTP ready\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    const error = await failure(LibvirtConnection.connect({ host: "127.0.0.1", port }, "test:///default"));
    expect(error).toMatchObject({ failure: "frame-length" });
  });
});
