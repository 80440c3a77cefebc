/** Wrong input against real agents: one clear message, the documented exit code, and nothing changed. */
import { chmodSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AgentProcess, EmbeddedCluster, until } from "../../scripts/demo-cluster.ts";
import type { Reply } from "../../src/client/client.ts";
import type { Result } from "../../src/lib/error.ts";
import { lastWords, linesOf } from "./support/agent-log.ts";
import { discoveryctl, type Told } from "./support/discoveryctl.ts";

const PATIENCE_MS = 60_000;
const SHOP = `apiVersion: discovery/v1
kind: VirtualEnvironment
metadata: { name: shop }
spec:
  vms:
    - { name: web, cpus: 1, memory: 256MiB }
`;

describe("wrong input", () => {
  let cluster: EmbeddedCluster;
  let h1: AgentProcess;
  let before: Awaited<ReturnType<typeof state>>;

  /** Everything that an operator could have changed, as another agent sees it. */
  const state = async () => {
    const { client } = cluster.agents[1]!;
    const [ves, vms, operations, hosts] = await Promise.all([
      client.call("ve.list", {}),
      client.call("vm.list", {}),
      client.call("op.list", {}),
      client.call("host.list", {}),
    ]);
    return {
      ves: itemsOf(ves).map(({ name, generation, desired, observed, vms }) => ({
        name,
        generation,
        desired,
        observed,
        vms: vms.length,
      })),
      vms: itemsOf(vms).map(({ id, name, state, host }) => ({ id, name, state, host })),
      operations: itemsOf(operations).map(({ name, state }) => ({ name, state })),
      hosts: itemsOf(hosts).map(({ name, state, drain }) => ({ name, state, drain })),
    };
  };
  const apply = (manifest: string, ...args: readonly string[]) =>
    discoveryctl(h1, ["ve", "apply", "-f", "-", ...args], { input: manifest });

  beforeAll(async () => {
    cluster = await EmbeddedCluster.create({ hosts: 3 });
    h1 = cluster.agents[0]!;
    await cluster.start();
    await until("all agents know each other", PATIENCE_MS, async () => {
      const all = await Promise.all(cluster.agents.map(({ client }) => client.call("status", {})));
      return all.every((reply) => reply.ok && reply.value.value.members.alive === 3);
    });
    expect(await apply(SHOP)).toMatchObject({ code: 0 });
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    before = await state();
  });
  afterEach(async () => {
    expect(await state(), lastWords(cluster.agents)).toEqual(before);
  });

  /** One error: what, perhaps why and what next, and nothing else. */
  const refused = (told: Told, code: number, ...words: readonly (string | RegExp)[]) => {
    expect(told, told.stderr).toMatchObject({ code, stdout: "" });
    expect(told.stderr.match(/^error: /gm), told.stderr).toHaveLength(1);
    expect(told.stderr).not.toMatch(/^ +at /m);
    for (const word of words) expect(told.stderr).toMatch(word);
  };

  it("an unknown verb is refused, and the nearest one named", async () => {
    refused(await discoveryctl(h1, ["host", "drian", "h1"]), 2, "drian", /drain/);
    refused(await discoveryctl(h1, ["hots", "list"]), 2, "hots", /host/);
  });

  it("YAML that cannot be read is refused with line and column", async () => {
    refused(
      await apply("apiVersion: discovery/v1\nkind: [VirtualEnvironment\nmetadata: {}\n"),
      2,
      /:\d+:\d+/,
    );
  });

  it("an unknown field is refused with its place and the nearest key", async () => {
    const told = await apply(SHOP.replace("memory:", "memroy:"));
    refused(told, 2, /:6:\d+/, "memroy", 'did you mean "memory"');
  });

  it("a VE, a VM, a host and an operation that nobody knows are not found", async () => {
    for (const args of [
      ["ve", "show", "nobody"],
      ["ve", "stop", "nobody"],
      ["vm", "migrate", "nobody", "--to", "h2"],
      ["host", "drain", "h9"],
      ["op", "show", "nobody-1.1"],
    ])
      refused(await discoveryctl(h1, args), 3, /no|not/);
  });

  it("an agent that is down is unreachable, and the message says where it was looked for", async () => {
    const nowhere = join(cluster.directory, "nowhere");
    refused(await discoveryctl(nowhere, ["status"]), 8, nowhere);
    refused(await discoveryctl(nowhere, ["ve", "apply", "-f", "-"], { input: SHOP }), 8);
  });

  it.skipIf(process.getuid?.() !== 0)("another user may not open the socket, and is told so", async () => {
    chmodSync(cluster.directory, 0o755);
    chmodSync(h1.directory, 0o755);
    expect(statSync(join(h1.directory, "run/admin.sock")).mode & 0o007).toBe(0);
    refused(
      await discoveryctl(h1, ["ve", "delete", "shop", "--yes"], { user: "nobody" }),
      8,
      /may not|permission/i,
    );
    refused(await discoveryctl(h1, ["status"], { user: "nobody" }), 8, /may not|permission/i);
  });

  it("a manifest that is applied under an outdated generation is a conflict", async () => {
    refused(await apply(SHOP, "--if-generation", "7"), 4, "generation");
  });

  it("100 kB of garbage on the control socket are answered or cut off, and the agent goes on", async () => {
    for (const socket of ["admin.sock", "read.sock"])
      await expectSurvival(h1, await shout({ path: join(h1.directory, "run", socket) }));
  });

  it("100 kB of garbage on the overlay port are cut off, and the agent and its neighbours go on", async () => {
    const [, , host = "", , port = ""] =
      linesOf(h1)
        .find(({ event }) => event === "agent.started")
        ?.["addresses"]?.toString()
        .split("/") ?? [];
    await expectSurvival(h1, await shout({ host, port: Number(port) }));
    const others = await cluster.agents[2]!.client.call("status", {});
    expect(others.ok && others.value.value.members.alive).toBe(3);
  });
});

describe("two operators", () => {
  it("who apply different manifests of one VE at once: one is done, the other is done after it or told of the conflict", async () => {
    const cluster = await EmbeddedCluster.create({ hosts: 2 });
    try {
      await cluster.start();
      const applying = ["512MiB", "768MiB"].map((memory, i) =>
        discoveryctl(cluster.agents[i]!, ["ve", "apply", "-f", "-", "--if-generation", "0"], {
          input: SHOP.replace("256MiB", memory),
        }),
      );
      const told = await Promise.all(applying);
      expect(told.map(({ code }) => code).sort(), told.map(({ stderr }) => stderr).join()).toEqual([0, 4]);
      const winner = told.findIndex(({ code }) => code === 0);
      const { stdout } = await discoveryctl(cluster.agents[1 - winner]!, ["ve", "export", "shop"]);
      expect(stdout).toContain(winner === 0 ? "512MiB" : "768MiB");
      const vms = await cluster.agents[0]!.client.call("vm.list", {});
      expect(vms.ok && vms.value.value.length).toBe(1);
    } finally {
      await cluster.close();
    }
  });
});

function itemsOf<T>(reply: Result<Reply<readonly T[]>>): readonly T[] {
  if (!reply.ok) throw new Error(reply.failure.message);
  return reply.value.value;
}

/** Says 100 kB of nonsense, in two ways; resolves with the answers when the other side has closed, or had its chance. */
async function shout(to: { path: string } | { host: string; port: number }): Promise<string[]> {
  const zeros = Buffer.alloc(100_000);
  const noise = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 3)) % 256));
  return Promise.all([zeros, noise].map((bytes) => say(to, bytes)));
}

function say(to: { path: string } | { host: string; port: number }, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(to, () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (text: string) => (heard += text));
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
    setTimeout(() => socket.end(), 2_000).unref();
    setTimeout(() => socket.destroy(), 10_000).unref();
  });
}

async function expectSurvival(agent: AgentProcess, answers: readonly string[]): Promise<void> {
  for (const answer of answers) expect(answer).not.toMatch(/HTTP\/1\.1 (200|500)/);
  expect((await discoveryctl(agent, ["status"])).code).toBe(0);
  expect(linesOf(agent).filter(({ event, level }) => event === "raw" || level === "error")).toEqual([]);
}
