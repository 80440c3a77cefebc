/** discoveryctl as a process: pipes that close, pipes that are slow, signals. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeAgent, fakeAgent, until } from "../../support/control.ts";

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
let agent: FakeAgent;

beforeAll(async () => {
  agent = await fakeAgent();
});

afterAll(() => agent.close());

interface Started {
  readonly child: ChildProcess;
  readonly output: { out: string; err: string };
  readonly ended: Promise<number | null>;
}

function start(...argv: string[]): Started {
  const env = { ...process.env, DISCOVERY_SOCKET: agent.directory };
  const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: "pipe" });
  const output = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  return { child, output, ended };
}

test("it prints data on stdout, messages on stderr, and exits with what happened", async () => {
  const { output, ended } = start("host", "list", "-o", "name", "--strict");
  expect(await ended).toBe(9);
  expect(output).toEqual({
    out: "h1\nh2\nh3\n",
    err: "2 of 3 hosts answered; h3 unknown, last heard 43s ago\n",
  });
});

test("a reader that goes away is no failure", async () => {
  const { child, ended } = start("events", "--follow", "-o", "json");
  await until(() => agent.socket.listeners === 1, "it listens");
  child.stdout?.destroy();
  const ticking = setInterval(() => agent.emit({ event: "tick" }), 5);
  expect(await ended).toBe(0);
  clearInterval(ticking);
});

test("a manifest may come slowly through a pipe", async () => {
  const { child, ended } = start("ve", "plan", "-f", "-");
  const before = agent.asked.length;
  for (const line of [
    "apiVersion: discovery/v1\nkind: VirtualEnvironment\n",
    "metadata: { name: shop }\nspec:\n",
    "  vms: [{ name: web, memory: 2GiB }]\n",
  ]) {
    child.stdin?.write(line);
    await new Promise((resolve) => setImmediate(resolve));
  }
  child.stdin?.end();
  expect(await ended).toBe(10);
  expect(agent.asked.slice(before)).toMatchObject([{ type: "ve.apply", manifest: { name: "shop" } }]);
});

test("Ctrl-C leaves long work alone and prints its id", async () => {
  const before = agent.asked.length;
  const { child, output, ended } = start("op", "wait", "endless");
  await until(() => agent.asked.length > before, "it waits");
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(output.out).toBe("endless\n");
  expect(output.err).toContain("detached: the operation goes on; discoveryctl op wait endless");
});
