/**
 * The agent's door for operators: the control API on two Unix sockets, `admin.sock` and `read.sock`. Who may do
 * what is which file they may open.
 */
import { join } from "node:path";
import { type AgentEvent, EventLog } from "./event-log.ts";
import { ApiServer, type ServerConfig, type ServerDependencies } from "./server.ts";
import { listenAt } from "./socket-file.ts";

export interface ControlSocketConfig extends ServerConfig {
  /** Where the sockets are. */
  readonly directory: string;
  /** Groups that own the sockets; empty: the process's own. */
  readonly adminGroup: string;
  readonly readGroup: string;
  /** Events kept for late listeners. */
  readonly eventHistory: number;
  readonly heartbeatMs: number;
}

export interface ControlSocketDependencies extends Omit<ServerDependencies, "events"> {
  /** Calls the listener with everything that happens; returns how to stop that. */
  readonly subscribe: (listener: (event: AgentEvent) => void) => () => void;
}

/** Answers under way get so long to end when the agent stops. */
const CLOSING_MS = 2_000;

export class ControlSocket {
  readonly #config: ControlSocketConfig;
  readonly #events: EventLog;
  readonly #admin: ApiServer;
  readonly #read: ApiServer;
  readonly #unsubscribe: () => void;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(config: ControlSocketConfig, { subscribe, ...deps }: ControlSocketDependencies) {
    this.#config = config;
    this.#events = new EventLog(config.eventHistory, deps.wallClock);
    this.#unsubscribe = subscribe((event) => this.#events.add(event));
    this.#admin = new ApiServer("admin", config, { ...deps, events: this.#events });
    this.#read = new ApiServer("read", config, { ...deps, events: this.#events });
  }

  /** Those who follow the events at present. */
  get listeners(): number {
    return this.#events.listeners;
  }

  /** @throws DiscoveryError when a socket is in use or its place is not safe; nothing listens then. */
  async start(): Promise<void> {
    const { directory, adminGroup, readGroup, heartbeatMs } = this.#config;
    try {
      await listenAt(this.#admin.server, { path: join(directory, "admin.sock"), group: adminGroup });
      await listenAt(this.#read.server, { path: join(directory, "read.sock"), group: readGroup });
    } catch (cause) {
      await this.close();
      throw cause;
    }
    this.#heartbeat = setInterval(() => this.#events.heartbeat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Listeners are told, answers under way end, the files go. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#unsubscribe();
    this.#events.close("the agent stops");
    await Promise.all([closeServer(this.#admin), closeServer(this.#read)]);
  }
}

async function closeServer({ server }: ApiServer): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatient = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await closed;
  clearTimeout(impatient);
}
