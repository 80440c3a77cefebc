/** A few agents on this machine, each a process of its own, for demonstrations and end-to-end tests. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { DiscoveryClient } from "../src/client/client.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Agents start within seconds; a machine that needs longer is too busy for a demonstration. */
const READY_MS = 60_000;

export interface AgentConfig {
  readonly [section: string]: unknown;
}

/** A process that was started, wherever it runs. */
export interface Launched {
  readonly exited: Promise<unknown>;
  kill(signal: NodeJS.Signals): unknown;
}

/** Runs `discoveryd` with these arguments, its output going to a file. */
export type Launch = (args: readonly string[], log: number) => Launched;

/** One agent process and how to talk to it. */
export class AgentProcess {
  readonly name: string;
  readonly directory: string;
  readonly client: DiscoveryClient;
  readonly #launch: Launch;
  #process: Launched | null = null;

  constructor(name: string, directory: string, config: AgentConfig, launch: Launch = launchHere) {
    this.name = name;
    this.directory = directory;
    this.#launch = launch;
    mkdirSync(join(directory, "state"), { recursive: true, mode: 0o700 });
    mkdirSync(join(directory, "run"), { recursive: true });
    writeFileSync(join(directory, "discovery.yaml"), stringify(config));
    this.client = new DiscoveryClient({ sockets: { directory: join(directory, "run") } });
  }

  get running(): boolean {
    return this.#process !== null;
  }

  start(): void {
    const log = openSync(join(this.directory, "log"), "a");
    const launched = this.#launch(["--config", join(this.directory, "discovery.yaml")], log);
    closeSync(log);
    this.#process = launched;
    void launched.exited.then(() => {
      if (this.#process === launched) this.#process = null;
    });
  }

  /** @throws Error with the agent's last words when it does not come up. */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline) {
      const status = await this.client.call("status", {});
      if (status.ok) return;
      if (!this.running) break;
      await pause(50);
    }
    throw new Error(`${this.name} did not come up:\n${this.log().split("\n").slice(-6).join("\n")}`);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const running = this.#process;
    if (running === null) return;
    void running.kill(signal);
    const impatience = setTimeout(() => void running.kill("SIGKILL"), 15_000);
    await running.exited;
    clearTimeout(impatience);
  }

  log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }
}

export const DISCOVERYD = join(ROOT, "bin/discoveryd");

function launchHere(args: readonly string[], log: number): Launched {
  const child = spawn(DISCOVERYD, args, { stdio: ["ignore", log, log] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return { exited, kill: (signal) => child.kill(signal) };
}

export interface EmbeddedOptions {
  readonly hosts: number;
  readonly cores?: number;
  /** Sections that are merged into every host's configuration. */
  readonly config?: AgentConfig;
}

/** Agents with embedded hypervisors, on the loopback. */
export class EmbeddedCluster {
  readonly directory: string;
  readonly agents: readonly AgentProcess[];

  private constructor(directory: string, agents: readonly AgentProcess[]) {
    this.directory = directory;
    this.agents = agents;
  }

  static async create({ hosts, cores = 4, config = {} }: EmbeddedOptions): Promise<EmbeddedCluster> {
    const directory = mkdtempSync(join(tmpdir(), "discovery-"));
    const clusterKey = writeClusterKey(directory);
    const ports = await freePorts(hosts);
    const agents = ports.map((port, i) => {
      const name = `h${i + 1}`;
      const home = join(directory, name);
      return new AgentProcess(name, home, {
        host: { name, capacity: { cpus: cores, memory: "16GiB" } },
        network: {
          listen: [`/ip4/127.0.0.1/tcp/${port}`],
          join: ports.filter((_, j) => j === (i === 0 ? 1 : 0)).map((first) => `/ip4/127.0.0.1/tcp/${first}`),
        },
        paths: { stateDir: join(home, "state"), runtimeDir: join(home, "run"), clusterKey },
        hypervisor: { kind: "embedded", embedded: { linkMibPerSecond: 400 } },
        ...config,
      });
    });
    return new EmbeddedCluster(directory, agents);
  }

  async start(): Promise<void> {
    for (const agent of this.agents) agent.start();
    await Promise.all(this.agents.map((agent) => agent.ready()));
  }

  /** Every agent ends, and nothing is left behind. */
  async close(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function writeClusterKey(directory: string): string {
  const path = join(directory, "cluster.key");
  writeFileSync(path, `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString("hex")}\n`, {
    mode: 0o600,
  });
  return path;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks until `holds` answers something, or throws what it waited for. */
export async function until<T>(what: string, ms: number, holds: () => Promise<T | null | false>): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await holds();
    if (found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms / 1000} s in vain: ${what}`);
    await pause(100);
  }
}
