import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { envelope } from "../../../src/api/envelope.ts";
import { ROUTES, type RouteId } from "../../../src/api/routes.ts";
import { answerSchemas, metaSchema } from "../../../src/api/schemas.ts";
import { fail } from "../../../src/lib/error.ts";
import { type FakeAgent, fakeAgent, temporaryDirectory, until } from "../../support/control.ts";
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

interface Response {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown };
}

function http(socketPath: string, method: string, path: string, body?: string, type = "application/json") {
  return new Promise<Response>((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": type };
    const sent = request({ socketPath, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("answers", () => {
  test("have the promised shape, whatever the route", async () => {
    const { adminSocket } = await agent();
    const filled: { readonly [name: string]: string } = { host: "h1", vm: "mail", name: "shop", guest: "g" };
    for (const [id, route] of Object.entries(ROUTES) as [RouteId, (typeof ROUTES)[RouteId]][]) {
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => filled[name] ?? "");
      const body = bodyFor(id, route.method);
      const answer = await http(adminSocket, route.method, path, body);
      expect(answer.status, `${id}: ${JSON.stringify(answer.body)}`).toBe(200);
      expect(answer.body).toMatchObject({ apiVersion: "discovery/v1" });
      const schema = answerSchemas[route.kind as keyof typeof answerSchemas];
      const items = route.answer === "list" ? (answer.body["items"] as unknown[]) : [answer.body["item"]];
      for (const item of items) expect(schema.safeParse(item).error, id).toBeUndefined();
      expect(metaSchema.safeParse(answer.body["meta"]).error).toBeUndefined();
    }
  });

  test("say how fresh they are, and when things were by this host's clock", async () => {
    const { readSocket } = await agent();
    const { body } = await http(readSocket, "GET", "/v1/hosts");
    expect(body["kind"]).toBe("HostList");
    expect(body["meta"]).toEqual({
      asOf: "2027-01-01T00:00:00.000Z",
      answeredBy: "h1",
      hostsKnown: 3,
      hostsAnswered: 2,
      unreachable: [
        { host: "h3", state: "suspect", lastHeardMs: 43_000, lastHeardAt: "2026-12-31T23:59:17.000Z" },
      ],
      partial: true,
    });
    const [h1] = body["items"] as { readonly report: object }[];
    expect(h1?.report).toMatchObject({ sampleAgoMs: 400, sampleAt: "2026-12-31T23:59:59.600Z" });
    expect(envelope(ROUTES.status, {}, "h1", 0).meta).toMatchObject({ hostsKnown: 1, partial: false });
  });

  test("carry failures with the status of the catalogue", async () => {
    const failure = { code: "unsafe", message: "m", reason: "r", hint: "h", changed: true } as const;
    const { adminSocket } = await agent(() => fail(failure));
    const { status, body } = await http(adminSocket, "POST", "/v1/hosts/h1/drain", "{}");
    expect(status).toBe(409);
    expect(body).toEqual({ error: failure });
  });

  test("to a defect are 500, and the daemon is told", async () => {
    const made = await agent(() => {
      throw new Error("a bug");
    });
    const { status, body } = await http(made.readSocket, "GET", "/v1/status");
    expect(status).toBe(500);
    expect(body).toMatchObject({ error: { code: "failed" } });
    expect(made.defects).toHaveLength(1);
  });

  test("come in time or are timed out, and the command is told", async () => {
    let told = false;
    const never = (_: unknown, signal: AbortSignal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      return new Promise<never>(() => {});
    };
    const { readSocket } = await agent(never, { requestTimeoutMs: 30 });
    const { status, body } = await http(readSocket, "GET", "/v1/status");
    expect(status).toBe(504);
    expect(body).toMatchObject({ error: { code: "timed-out" } });
    expect(told).toBe(true);
  });

  test("nobody waits for any more call the command off", async () => {
    let told = false;
    const made = await agent((_, signal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      return new Promise<never>(() => {});
    });
    const sent = request({ socketPath: made.readSocket, path: "/v1/status", agent: false });
    sent.on("error", () => {});
    sent.end();
    await until(() => made.asked.length === 1, "the command was asked");
    sent.destroy();
    await until(() => told, "the command was called off");
  });
});

function bodyFor(id: RouteId, method: string): string | undefined {
  const manifest = {
    apiVersion: "discovery/v1",
    kind: "VirtualEnvironment",
    metadata: { name: "shop" },
    spec: { vms: [{ name: "a", memory: "1GiB" }] },
  };
  if (id === "ve.apply" || id === "ve.plan") return JSON.stringify({ manifest });
  if (id === "ve.adopt") return JSON.stringify({ domains: ["mail"] });
  if (id === "embedded.load") return JSON.stringify({ milliCpu: 500 });
  if (id === "balance.mode") return JSON.stringify({ mode: "auto" });
  return method === "GET" || method === "DELETE" ? undefined : "{}";
}

describe("requests", () => {
  test("become the agent's commands", async () => {
    const made = await agent();
    await http(made.adminSocket, "POST", "/v1/hosts/h1/drain", '{"reason":"memory","dryRun":true}');
    await http(made.adminSocket, "DELETE", "/v1/ves/shop?graceMs=5000");
    await http(made.adminSocket, "PUT", "/v1/balance/mode", '{"mode":"manual"}');
    expect(made.asked).toEqual([
      { type: "host.drain", host: "h1", reason: "memory", dryRun: true },
      { type: "ve.delete", name: "shop", graceMs: 5000 },
      { type: "balance.mode", mode: "manual" },
    ]);
  });

  test("may bring a manifest as the YAML it is", async () => {
    const made = await agent();
    const yaml =
      "apiVersion: discovery/v1\nkind: VirtualEnvironment\nmetadata: { name: shop }\nspec:\n  vms: [{ name: web, memory: 2GiB }]\n";
    const applied = await http(made.adminSocket, "POST", "/v1/ves?ifGeneration=0", yaml, "application/yaml");
    expect(applied.status).toBe(200);
    expect(made.asked).toMatchObject([
      { type: "ve.apply", ifGeneration: 0, manifest: { name: "shop", vms: [{ memory: 2048 }] } },
    ]);
    const wrong = await http(
      made.readSocket,
      "POST",
      "/v1/ves/plan",
      yaml.replace("memory", "memmory"),
      "application/yaml",
    );
    expect(wrong.status).toBe(400);
    expect(wrong.body).toMatchObject({
      error: {
        code: "invalid",
        reason: expect.stringContaining(
          'manifest:5:22: spec.vms[0].memmory is not known; did you mean "memory"?',
        ),
      },
    });
  });

  test("with a field nobody knows are refused with the nearest", async () => {
    const made = await agent();
    const { status, body } = await http(made.adminSocket, "POST", "/v1/hosts/h1/drain", '{"reson":"x"}');
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { reason: 'reson is not known; did you mean "reason"?' } });
    expect(made.asked).toEqual([]);
  });

  test("cannot name another thing in the body than in the path", async () => {
    const made = await agent();
    await http(made.adminSocket, "POST", "/v1/hosts/h1/restore", '{"host":"h2"}');
    expect(made.asked).toEqual([{ type: "host.restore", host: "h1" }]);
  });

  test("are for the path that says most, also where a name is a verb", async () => {
    const made = await agent();
    await http(made.adminSocket, "GET", "/v1/ves/plan/");
    await http(made.adminSocket, "POST", "/v1/ves/plan/start", "{}");
    await http(made.adminSocket, "GET", "/v1/ves/a%2Db");
    expect(made.asked).toEqual([
      { type: "ve.show", name: "plan" },
      { type: "ve.start", name: "plan" },
      { type: "ve.show", name: "a-b" },
    ]);
  });

  test("say in the body what the query says otherwise", async () => {
    const made = await agent();
    await http(made.adminSocket, "POST", "/v1/hosts/h1/drain?reason=query", '{"reason":"body"}');
    expect(made.asked).toMatchObject([{ reason: "body" }]);
  });

  test("that end in the middle are nobody's defect", async () => {
    const made = await agent();
    const headers = "POST /v1/hosts/h1/drain HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n";
    const half = `${headers}content-type: application/json\r\n\r\n{"reason":`;
    const socket = await connected(made.adminSocket);
    await new Promise<void>((resolve) => socket.end(half, () => resolve()));
    socket.destroy();
    expect((await http(made.adminSocket, "GET", "/v1/status")).status).toBe(200);
    expect(made.asked).toEqual([{ type: "status" }]);
    expect(made.defects).toEqual([]);
  });

  test("in a form that is not read are refused", async () => {
    const made = await agent();
    const refused = await http(made.adminSocket, "POST", "/v1/hosts/h1/drain", "reason=x", "text/plain");
    expect(refused.status).toBe(415);
    expect(refused.body).toMatchObject({ error: { code: "invalid" } });
  });

  test.each([
    ["GET", "/v1/nothing", undefined, 404, "not-found"],
    ["POST", "/v1/hosts/h1/drain", "{", 400, "invalid"],
    ["POST", "/v1/hosts/h1/drain", '{"__proto__":{"x":1}}', 400, "invalid"],
    ["POST", "/v1/hosts/h1/drain", `{"reason":"${"x".repeat(1 << 20)}"}`, 413, "invalid"],
    ["POST", "/v1/hosts/h1/drain", `{"reason":"${"x".repeat(501)}"}`, 400, "invalid"],
    ["GET", `/v1/hosts/${"x".repeat(290)}`, undefined, 400, "invalid"],
    ["GET", "/v1/events?since=yesterday", undefined, 400, "invalid"],
    ["GET", "/v1/hosts/%zz", undefined, 400, "invalid"],
  ])("%s %.30s is refused", async (method, path, body, status, code) => {
    const made = await agent();
    const answer = await http(made.adminSocket, method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error: { code } });
    expect(made.defects).toEqual([]);
  });
});

describe("the read-only socket", () => {
  test("answers reading routes and refuses the others before the agent hears of them", async () => {
    const made = await agent();
    expect((await http(made.readSocket, "GET", "/v1/vms")).status).toBe(200);
    const refused = await http(made.readSocket, "POST", "/v1/hosts/h1/drain", "{}");
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ error: { code: "permission-denied" } });
    for (const route of Object.values(ROUTES).filter(({ access }) => access === "admin")) {
      const path = route.path.replaceAll(/\{\w+\}/g, "x");
      expect((await http(made.readSocket, route.method, path)).status, path).toBe(403);
    }
    expect(made.asked.map(({ type }) => type)).toEqual(["vm.list"]);
  });

  test("gives Prometheus' text as it is", async () => {
    const { readSocket } = await agent();
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request({ socketPath: readSocket, path: "/metrics", agent: false }, (response) => {
        expect(response.headers["content-type"]).toMatch(/^text\/plain; version=0.0.4/);
        response.setEncoding("utf8").on("data", resolve);
      });
      sent.on("error", reject).end();
    });
    expect(text).toBe("discovery_peers 3\n");
  });

  test("gives the OpenAPI document, in which every reference leads somewhere", async () => {
    const { readSocket } = await agent();
    const { body } = await http(readSocket, "GET", "/v1/openapi.json");
    expect(body).toMatchObject({ openapi: "3.1.0", info: { version: "0.1.0" } });
    const { schemas } = body["components"] as { schemas: object };
    const references = [...JSON.stringify(body).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(30);
    for (const name of references) expect(Object.keys(schemas)).toContain(name);
  });
});

describe("hostile clients", () => {
  test("100 kB of garbage harm nobody", async () => {
    const made = await agent();
    const garbage = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 3)) % 256));
    await closedAfter(made.readSocket, garbage);
    await closedAfter(made.adminSocket, Buffer.from(`GET /v1/status HTTP/1.1\r\nx: ${"y".repeat(100_000)}`));
    expect((await http(made.readSocket, "GET", "/v1/status")).status).toBe(200);
    expect(made.defects).toEqual([]);
  });

  test("that hold all connections keep nobody out of the other socket", async () => {
    const made = await agent(answers(), { maxConnections: 4 });
    const held = await Promise.all(Array.from({ length: 4 }, () => connected(made.readSocket)));
    await expect(http(made.readSocket, "GET", "/v1/status")).rejects.toThrow();
    expect((await http(made.adminSocket, "GET", "/v1/status")).status).toBe(200);
    for (const socket of held) socket.destroy();
  });
});

function connected(path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket));
    socket.on("error", () => {});
  });
}

function closedAfter(path: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write(bytes));
    socket.on("error", () => {});
    socket.resume();
    socket.on("close", () => resolve());
  });
}

describe("the sockets' files", () => {
  test("are for owner and group, and gone after closing", async () => {
    const made = await agent();
    expect(statSync(made.adminSocket).mode & 0o777).toBe(0o660);
    expect(statSync(made.readSocket).mode & 0o777).toBe(0o660);
    await made.socket.close();
    expect([existsSync(made.adminSocket), existsSync(made.readSocket)]).toEqual([false, false]);
  });

  test("that a dead agent left are replaced", async () => {
    const directory = temporaryDirectory();
    leaveSocket(join(directory, "admin.sock"));
    expect(existsSync(join(directory, "admin.sock"))).toBe(true);
    const made = await agent(answers(), { directory });
    expect((await http(made.adminSocket, "GET", "/v1/status")).status).toBe(200);
  });

  test("that a living agent listens on are left to it", async () => {
    const first = await agent();
    const second = fakeAgent(answers(), { directory: first.directory });
    await expect(second).rejects.toMatchObject({ failure: { code: "conflict" } });
    expect((await http(first.adminSocket, "GET", "/v1/status")).status).toBe(200);
    expect((await http(first.readSocket, "GET", "/v1/status")).status).toBe(200);
  });

  test("are not made where something else is", async () => {
    const directory = temporaryDirectory();
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, "read.sock"), "precious");
    await expect(fakeAgent(answers(), { directory })).rejects.toMatchObject({
      failure: { code: "conflict" },
    });
    expect(readFileSync(join(directory, "read.sock"), "utf8")).toBe("precious");
    expect(existsSync(join(directory, "admin.sock"))).toBe(false);
  });

  test("are not made where anybody may write", async () => {
    const directory = join(temporaryDirectory(), "open");
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    await expect(fakeAgent(answers(), { directory })).rejects.toMatchObject({ failure: { code: "unsafe" } });
  });

  test("need a path that the kernel takes and a group that exists", async () => {
    const long = join(temporaryDirectory(), "x".repeat(100));
    await expect(fakeAgent(answers(), { directory: long })).rejects.toMatchObject({
      failure: { code: "invalid" },
    });
    const nobody = fakeAgent(answers(), { adminGroup: "no-such-group-here" });
    await expect(nobody).rejects.toMatchObject({
      failure: { message: "there is no group no-such-group-here" },
    });
  });
});

/** Binds a socket in a process that dies without removing it. */
function leaveSocket(path: string): void {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script]);
}
