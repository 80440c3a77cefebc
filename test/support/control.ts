/** An agent's sockets with nothing behind them but the answers that a test gives. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ControlSocket,
  type ControlSocketConfig,
  type ControlSocketDependencies,
} from "../../src/adapters/control-socket/control-socket.ts";
import type { AgentEvent } from "../../src/adapters/control-socket/event-log.ts";
import type { Command as AgentCommand } from "../../src/agent/commands.ts";
import type { EmbeddedCommand } from "../../src/api/requests.ts";
import type { Platform } from "../../src/cli/context.ts";
import { run } from "../../src/cli/run.ts";
import type { Result } from "../../src/lib/error.ts";
import { answers } from "./control-answers.ts";

type Command = AgentCommand | EmbeddedCommand;

/** 2027-01-01T00:00:00Z */
export const NOW = Date.UTC(2027, 0, 1);

export interface FakeAgent {
  readonly directory: string;
  readonly socket: ControlSocket;
  readonly adminSocket: string;
  readonly readSocket: string;
  /** What it was asked, in order. */
  readonly asked: Command[];
  readonly defects: unknown[];
  /** Something happens. */
  emit(event: AgentEvent): void;
  close(): Promise<void>;
}

type Answer = (command: Command, signal: AbortSignal) => Result<unknown> | Promise<Result<unknown>>;

export async function fakeAgent(
  answer: Answer = answers(),
  config: Partial<ControlSocketConfig> = {},
): Promise<FakeAgent> {
  const directory = config.directory ?? temporaryDirectory();
  const listeners = new Set<(event: AgentEvent) => void>();
  const asked: Command[] = [];
  const defects: unknown[] = [];
  const dependencies: ControlSocketDependencies = {
    execute: async (command, signal) => {
      asked.push(command);
      return await answer(command, signal);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    metrics: () => "discovery_peers 3\n",
    wallClock: () => NOW,
    defect: (error) => defects.push(error),
  };
  const socket = new ControlSocket({ ...CONFIG, ...config, directory }, dependencies);
  await socket.start();
  return {
    directory,
    socket,
    adminSocket: join(directory, "admin.sock"),
    readSocket: join(directory, "read.sock"),
    asked,
    defects,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    close: async () => {
      await socket.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const CONFIG = {
  host: "h1",
  version: "0.1.0",
  requestTimeoutMs: 5_000,
  maxConnections: 32,
  adminGroup: "",
  readGroup: "",
  eventHistory: 1000,
  heartbeatMs: 60_000,
};

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "discovery-"));
}

export interface Session {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs discoveryctl in this process. */
export async function discoveryctl(
  argv: readonly string[],
  options: {
    readonly directory?: string;
    readonly platform?: Partial<Platform>;
    readonly tty?: boolean;
  } = {},
): Promise<Session> {
  const out: string[] = [];
  const err: string[] = [];
  const isTty = options.tty ?? false;
  const code = await run(argv, {
    environment: options.directory === undefined ? {} : { DISCOVERY_SOCKET: options.directory },
    stdout: { isTty, columns: 80, write: (text) => void out.push(text) },
    stderr: { isTty, columns: 80, write: (text) => void err.push(text) },
    interrupted: new AbortController().signal,
    now: () => NOW,
    readFile: (path) => {
      throw new Error(`no such file: ${path}`);
    },
    readStdin: async () => "",
    ask: null,
    ...options.platform,
  });
  return { code, out: out.join(""), err: err.join("") };
}

/** Polls until it holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
