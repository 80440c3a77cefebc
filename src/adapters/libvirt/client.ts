/**
 * A session that outlives connections: it connects, subscribes again after every reconnect, and tells its user.
 *
 *     stopped ──start──► connecting ──► connected ──► (connection ends) ──► waiting ──► connecting …
 *
 * Events are lost while there is no connection, so `connected` means "list everything again now": the subscriptions
 * are in place when it is emitted, and events that came before it are dropped because that listing covers them.
 */
import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { CallLoad, CallOptions } from "./calls.ts";
import { type ConnectionOptions, LibvirtConnection } from "./connection.ts";
import { CallError, type ConnectionError } from "./errors.ts";
import type { DomainEvent, DomainEventName } from "./events.ts";
import type { Arguments, ProcedureName, Result } from "./procedures.ts";
import type { Target } from "./socket.ts";

export interface ClientOptions extends Omit<ConnectionOptions, "signal"> {
  /** Subscribed to on every connection. */
  readonly events?: readonly DomainEventName[];
  /** The waits before new attempts: from 0.1 to 10 s unless given. */
  readonly backoff?: BackoffOptions;
}

export interface ClientEvents {
  /** List again now. */
  connected: [];
  /** The connection that was there has ended. */
  disconnected: [ConnectionError];
  /** An attempt failed; another follows. `ConnectionError`, `CallError` or the daemon's own `LibvirtError`. */
  attemptFailed: [Error];
  event: [DomainEvent];
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 } as const;

export class LibvirtClient extends EventEmitter<ClientEvents> {
  readonly #target: Target;
  readonly #uri: string;
  readonly #options: ClientOptions;
  readonly #stopping = new AbortController();
  #connection: LibvirtConnection | undefined;
  #running: Promise<void> | undefined;

  constructor(target: Target, uri: string, options: ClientOptions = {}) {
    super();
    this.#target = target;
    this.#uri = uri;
    this.#options = options;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** How busy the connection is; undefined while there is none. */
  get load(): CallLoad | undefined {
    return this.#connection?.load;
  }

  /** Starts connecting and does not wait for it. A client that was stopped stays so. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the session; `disconnected` follows if there was a connection. Resolves when nothing is left running. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#connection?.close();
    await this.#running;
  }

  /** As `LibvirtConnection.call`. @throws CallError `not-connected` while there is no connection. */
  async call<N extends ProcedureName>(
    name: N,
    args: Arguments<N>,
    options: CallOptions = {},
  ): Promise<Result<N>> {
    if (this.#connection === undefined) throw new CallError(name, "not-connected", "not-sent");
    return this.#connection.call(name, args, options);
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(this.#options.backoff ?? BACKOFF);
    while (!this.#stopping.signal.aborted) {
      const since = performance.now();
      await this.#connectOnce();
      const waitMs = backoff.after(performance.now() - since);
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** One attempt, and if it succeeds, the whole life of its connection. */
  async #connectOnce(): Promise<void> {
    let connection: LibvirtConnection;
    try {
      connection = await this.#open();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.emit("attemptFailed", error as Error);
      return;
    }
    if (this.#stopping.signal.aborted) {
      await connection.close();
      return;
    }
    const ended = connection.ended ? [connection.ended] : once(connection, "close");
    this.#connection = connection;
    connection.on("event", (event) => this.emit("event", event));
    this.emit("connected");
    const [reason] = (await ended) as [ConnectionError];
    this.#connection = undefined;
    this.emit("disconnected", reason);
  }

  async #open(): Promise<LibvirtConnection> {
    const { signal } = this.#stopping;
    const connection = await LibvirtConnection.connect(this.#target, this.#uri, { ...this.#options, signal });
    try {
      for (const kind of this.#options.events ?? []) await connection.subscribe(kind, { signal });
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}
