import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { ROUTES } from "../../../src/api/routes.ts";
import { DiscoveryClient } from "../../../src/client/client.ts";
import { failureOf } from "../../../src/client/http.ts";
import { type Failure, fail, ok } from "../../../src/lib/error.ts";
import { type FakeAgent, fakeAgent, temporaryDirectory } from "../../support/control.ts";
import { operation } from "../../support/control-answers.ts";

const open: FakeAgent[] = [];

async function agent(...parameters: Parameters<typeof fakeAgent>): Promise<FakeAgent> {
  const made = await fakeAgent(...parameters);
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Somebody else listens; `talk` says what to. */
async function stranger(talk: (socket: Socket) => void): Promise<DiscoveryClient> {
  const directory = temporaryDirectory();
  const file = join(directory, "x.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => talk(socket));
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  onTestFinished(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return new DiscoveryClient({ sockets: { file }, timeoutMs: 200 });
}

const json =
  (body: unknown, status = "200 OK") =>
  (socket: Socket) => {
    const text = JSON.stringify(body);
    socket.end(`HTTP/1.1 ${status}\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  };

async function failure(client: DiscoveryClient): Promise<Failure> {
  const reply = await client.call("status", {});
  if (reply.ok) throw new Error("it answered");
  return reply.failure;
}

describe("a call", () => {
  test("gives the value and how fresh it is", async () => {
    const { directory } = await agent();
    const reply = await new DiscoveryClient({ sockets: { directory } }).call("host.list", {});
    expect(reply.ok && reply.value.kind).toBe("HostList");
    expect(reply.ok && reply.value.value.map(({ name }) => name)).toEqual(["h1", "h2", "h3"]);
    expect(reply.ok && reply.value.meta).toMatchObject({ answeredBy: "h1", partial: true });
  });

  test("puts parameters where they belong, whatever they are called", async () => {
    const made = await agent();
    const client = new DiscoveryClient({ sockets: { directory: made.directory } });
    await client.call("vm.show", { vm: "a b/../ü?x=1" });
    await client.call("ve.delete", { name: "shop", graceMs: 0, reason: "a & b" });
    await client.call("vm.migrate", { vm: "shop.web", to: "h2" });
    expect(made.asked).toEqual([
      { type: "vm.show", vm: "a b/../ü?x=1" },
      { type: "ve.delete", name: "shop", graceMs: 0, reason: "a & b" },
      { type: "vm.migrate", vm: "shop.web", to: "h2" },
    ]);
  });

  test("brings the agent's failure as it is", async () => {
    const given: Failure = { code: "unplaceable", message: "m", reason: "r", hint: "h", changed: true };
    const { directory } = await agent(() => fail(given));
    expect(await failure(new DiscoveryClient({ sockets: { directory } }))).toEqual(given);
  });

  test("reads on the read-only socket and changes on the other", async () => {
    const made = await agent();
    const client = new DiscoveryClient({ sockets: { directory: made.directory } });
    rmSync(made.readSocket);
    expect((await client.call("status", {})).ok).toBe(true);
    rmSync(made.adminSocket);
    expect(await client.call("host.restore", { host: "h1" })).toMatchObject({
      ok: false,
      failure: { code: "unreachable" },
    });
  });
});

describe("when there is no agent", () => {
  test("no socket says that none runs here", async () => {
    const client = new DiscoveryClient({ sockets: { directory: "/nowhere" } });
    expect(await failure(client)).toMatchObject({ code: "unreachable", message: "no agent runs here" });
  });

  test("a forbidden socket says whom to ask", () => {
    const denied = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
    const call = { socketPath: "/run/discovery/admin.sock", method: "GET", path: "/", timeoutMs: 1 };
    expect(failureOf(denied, call)).toEqual({
      code: "permission-denied",
      message: "you may not talk to the agent",
      reason: "/run/discovery/admin.sock is not yours to open",
      hint: "join the group that owns the socket (ls -l shows it), or use sudo",
    });
  });

  test.each([
    ["no HTTP", (socket: Socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n")],
    ["no JSON", (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\n<html>")],
    ["no envelope", json({ hello: "world" })],
    ["no item", json({ apiVersion: "discovery/v1", kind: "Status" })],
    ["an error of another catalogue", json({ error: { code: "toString", message: "x" } }, "500 Oops")],
  ])("%s is told from an agent", async (_, talk) => {
    const found = await failure(await stranger(talk));
    expect(found.code).toBe("unreachable");
    expect(found.message).toMatch(/is no DISCOVERY agent$/);
  });

  test("another release of the API says so", async () => {
    const found = await failure(
      await stranger(json({ apiVersion: "discovery/v2", kind: "Status", item: {}, meta: {} })),
    );
    expect(found.message).toBe("the agent speaks discovery/v2, this program discovery/v1");
  });

  test("silence is timed out", async () => {
    expect(await failure(await stranger(() => {}))).toMatchObject({ code: "timed-out", changed: false });
    const client = await stranger(() => {});
    const reply = await client.call("host.restore", { host: "h1" });
    expect(reply).toMatchObject({ ok: false, failure: { code: "timed-out", changed: true } });
  });

  test("a connection that breaks off says that something may have been changed", async () => {
    const client = await stranger(
      (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
    );
    const reply = await client.call("host.restore", { host: "h1" });
    expect(reply).toMatchObject({ ok: false, failure: { code: "unreachable", changed: true } });
  });

  test("events that are none, or fall silent, end with a failure", async () => {
    const nonsense = await stranger((socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\nnonsense\n"));
    expect(await nonsense.events({ follow: true }, () => {})).toMatchObject({
      ok: false,
      failure: { code: "unreachable" },
    });
    const silent = await stranger((socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    expect(await silent.events({ follow: true }, () => {})).toMatchObject({
      ok: false,
      failure: { code: "unreachable" },
    });
  });
});

describe("waiting for an operation", () => {
  test("tells every change once, and the end", async () => {
    let looks = 0;
    const steps = [
      operation(),
      operation(),
      operation({ message: "switching over" }),
      operation({ state: "succeeded", message: "done" }),
    ];
    const { directory } = await agent(() => ok(steps[looks++]));
    const told: string[] = [];
    const client = new DiscoveryClient({ sockets: { directory } });
    const ended = await client.waitFor("h1-1.7", ({ message }) => told.push(message));
    expect(told).toEqual(["copying memory", "switching over", "done"]);
    expect(ended).toMatchObject({ ok: true, value: { value: { state: "succeeded" } } });
  });

  test("outlives an agent that is away for a while", async () => {
    let looks = 0;
    const meta = { hostsKnown: 1, hostsAnswered: 1, unreachable: [], partial: false };
    const say = (item: object) => json({ apiVersion: "discovery/v1", kind: "Operation", item, meta });
    const client = await stranger((socket) => {
      looks++;
      if (looks === 1) say(operation())(socket);
      else if (looks < 4) socket.destroy();
      else say(operation({ state: "succeeded" }))(socket);
    });
    expect(await client.waitFor("h1-1.7", () => {})).toMatchObject({
      ok: true,
      value: { value: { state: "succeeded" } },
    });
    expect(looks).toBe(4);
  });

  test("of nobody's knowledge ends at once", async () => {
    const { directory } = await agent(() => fail({ code: "not-found", message: "no such operation" }));
    const ended = await new DiscoveryClient({ sockets: { directory } }).waitFor("x", () => {});
    expect(ended).toMatchObject({ ok: false, failure: { code: "not-found" } });
  });
});

test("every path parameter is a field of its request", () => {
  for (const [id, { path }] of Object.entries(ROUTES)) expect(path, id).toMatch(/^\/v1\/[a-z{}/]+$/);
});
