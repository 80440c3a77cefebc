/**
 * One connection to libvirtd: calls that overlap, events, keepalive, and one end with one reason.
 *
 *     connect ──► handshake ──► open ──► ended(reason)
 *
 * The first thing that goes wrong ends it: the socket is destroyed, every call is rejected at once, `close` is emitted.
 * It does not come back; `LibvirtClient` opens another. Source: libvirt's virnetprotocol.x, remote_protocol.x.
 */
import type { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type Call, type CallLimits, type CallLoad, type CallOptions, CallTable, lost } from "./calls.ts";
import { type Codec, decodeAll } from "./codec.ts";
import { CallError, ConnectionError, type ConnectionFailure, errorBody, LibvirtError } from "./errors.ts";
import { type DomainEvent, type DomainEventName, domainEvents, eventCodec } from "./events.ts";
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  FrameLengthError,
  FrameStatus,
  FrameType,
  KEEPALIVE_PROGRAM,
  KeepaliveProcedure,
  keepaliveFrame,
  PROGRAM_VERSION,
  REMOTE_PROGRAM,
} from "./frame.ts";
import { connectFailure, handshake } from "./handshake.ts";
import { Keepalive, type KeepaliveOptions } from "./keepalive.ts";
import { type Arguments, type ProcedureName, procedures, type Result } from "./procedures.ts";
import { openSocket, type Target } from "./socket.ts";
import { XdrError, XdrWriter } from "./xdr.ts";

export interface ConnectionOptions extends Partial<CallLimits> {
  /** For the socket and the whole handshake. */
  readonly connectTimeoutMs?: number;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  readonly keepalive?: KeepaliveOptions;
}

/** `close` comes exactly once, also after `close()`. Listeners run inside the socket's handler: they must not throw. */
export interface ConnectionEvents {
  event: [DomainEvent];
  close: [ConnectionError];
}

const DEFAULTS = {
  connectTimeoutMs: 10_000,
  callTimeoutMs: 30_000,
  /** One less than libvirtd's default `max_client_requests`, so that it goes on reading keepalives. */
  maxInFlight: 4,
  maxWaiting: 1024,
  keepalive: { intervalMs: 5000, count: 3 },
} as const;

/** A daemon that does not answer the farewell is left without. */
const CLOSE_TIMEOUT_MS = 1000;

export class LibvirtConnection extends EventEmitter<ConnectionEvents> {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #calls: CallTable;
  readonly #keepalive: Keepalive;
  readonly #subscriptions = new Map<DomainEventName, Promise<number>>();
  #ended: ConnectionError | undefined;

  private constructor(socket: Socket, limits: CallLimits, keepalive: KeepaliveOptions) {
    super();
    this.#socket = socket;
    this.#calls = new CallTable(limits, (serial, procedure, body) => this.#sendCall(serial, procedure, body));
    this.#keepalive = new Keepalive(
      keepalive,
      () => this.#send(keepaliveFrame(KeepaliveProcedure.ping)),
      () => this.#end("keepalive-timeout", `${keepalive.count} keepalives without an answer`),
    );
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#end("socket-error", error.message, error));
    socket.on("end", () => this.#peerClosed());
    socket.on("close", () => this.#peerClosed());
  }

  /**
   * Opens the hypervisor `uri` (as the daemon sees it: "qemu:///system") of the daemon at `target`.
   * @throws ConnectionError; LibvirtError when the daemon refuses the URI; RangeError when `maxInFlight` is below 2.
   */
  static async connect(
    target: Target,
    uri: string,
    options: ConnectionOptions = {},
  ): Promise<LibvirtConnection> {
    const settings = { ...DEFAULTS, ...options };
    if (settings.maxInFlight < 2)
      throw new RangeError("maxInFlight: at least 2, one of them for urgent calls");
    const deadline = AbortSignal.timeout(settings.connectTimeoutMs);
    const signal = AbortSignal.any([deadline, ...(options.signal ? [options.signal] : [])]);
    const socket = await openSocket(target, signal, deadline);
    const connection = new LibvirtConnection(socket, settings, settings.keepalive);
    const call: typeof connection.call = (...args) => connection.call(...args);
    try {
      const keepalive = await handshake(call, uri, { signal, timeoutMs: settings.connectTimeoutMs });
      if (keepalive) connection.#keepalive.start();
      return connection;
    } catch (error) {
      const reason = connection.#ended ?? connectFailure(error, deadline);
      connection.#end("closed", "the handshake failed");
      throw reason;
    }
  }

  /** Why the connection has ended; undefined while it lives. */
  get ended(): ConnectionError | undefined {
    return this.#ended;
  }

  get load(): CallLoad {
    return this.#calls.load;
  }

  /**
   * Calls a procedure by libvirt's own name. Calls overlap; the daemon may answer them in any order.
   * @throws LibvirtError the daemon's answer; CallError when the answer is not known.
   */
  async call<N extends ProcedureName>(
    name: N,
    args: Arguments<N>,
    options: CallOptions = {},
  ): Promise<Result<N>> {
    if (this.#ended) throw new CallError(name, "connection-lost", "not-sent", this.#ended);
    const { number, urgent, args: layout, ret } = procedures[name];
    const body = encodeArguments(name, layout as Codec<Arguments<N>, unknown>, args);
    const decode = (bytes: Buffer): Result<N> => decodeAll(ret as Codec<never, Result<N>>, bytes);
    return this.#calls.add({ name, number, urgent, body, decode }, options);
  }

  /**
   * Asks for the events of one kind, of all domains. Once per connection, however often it is called; only after a
   * subscription whose outcome is unknown can another one make events come twice.
   */
  async subscribe(kind: DomainEventName, options: CallOptions = {}): Promise<void> {
    const { eventID } = domainEvents[kind];
    const asked =
      this.#subscriptions.get(kind) ??
      this.call("ConnectDomainEventCallbackRegisterAny", { eventID }, options).then((ret) => ret.callbackID);
    this.#subscriptions.set(kind, asked);
    try {
      await asked;
    } catch (error) {
      this.#subscriptions.delete(kind);
      throw error;
    }
  }

  async unsubscribe(kind: DomainEventName, options: CallOptions = {}): Promise<void> {
    const asked = this.#subscriptions.get(kind);
    if (asked === undefined) return;
    this.#subscriptions.delete(kind);
    await this.call("ConnectDomainEventCallbackDeregisterAny", { callbackID: await asked }, options);
  }

  /** Takes leave of the daemon if it listens, and ends; calls that are out are rejected. Never throws. */
  async close(): Promise<void> {
    await this.call("ConnectClose", {}, { timeoutMs: CLOSE_TIMEOUT_MS }).catch(() => undefined);
    this.#end("closed", "by this side");
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#ended) return;
        this.#keepalive.heard();
        this.#dispatch(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameLengthError)) throw error;
      this.#end("frame-length", error.message, error);
    }
  }

  #dispatch(frame: Frame): void {
    const { program, version, type } = frame;
    if (program !== REMOTE_PROGRAM && program !== KEEPALIVE_PROGRAM) {
      this.#end("unknown-program", `0x${program.toString(16)}`);
    } else if (version !== PROGRAM_VERSION) {
      this.#end("unknown-version", `${version}`);
    } else if (program === KEEPALIVE_PROGRAM && type === FrameType.message) {
      this.#keepaliveFrame(frame);
    } else if (program === REMOTE_PROGRAM && type === FrameType.reply) {
      this.#reply(frame);
    } else if (program === REMOTE_PROGRAM && type === FrameType.message) {
      this.#event(frame);
    } else {
      this.#end("unexpected-frame", `of type ${type}`);
    }
  }

  /** A peer that sends pings without reading our answers gets none: they would pile up. */
  #keepaliveFrame(frame: Frame): void {
    if (frame.procedure !== KeepaliveProcedure.ping || this.#socket.writableNeedDrain) return;
    this.#send(keepaliveFrame(KeepaliveProcedure.pong));
  }

  #reply(frame: Frame): void {
    const call = this.#calls.take(frame.serial);
    if (call === undefined) {
      this.#end("unknown-serial", `${frame.serial}`);
      return;
    }
    try {
      settle(call, frame);
      this.#calls.pump();
    } catch (error) {
      const reason = nonsense(call.request.name, error);
      call.fail(lost(call, "unknown", reason));
      this.#endWith(reason);
    }
  }

  /** Messages that this client does not know are passed over: a newer daemon may have more of them. */
  #event(frame: Frame): void {
    const known = eventCodec(frame.procedure);
    if (known === undefined) return;
    let event: DomainEvent;
    try {
      event = known.decode(frame.body);
    } catch (error) {
      this.#endWith(nonsense(known.kind, error));
      return;
    }
    this.emit("event", event);
  }

  #sendCall(serial: number, procedure: number, body: Buffer): void {
    const { call: type } = FrameType;
    const { ok: status } = FrameStatus;
    this.#send({ program: REMOTE_PROGRAM, version: PROGRAM_VERSION, procedure, type, serial, status, body });
  }

  #send(frame: Frame): void {
    this.#socket.write(encodeFrame(frame));
  }

  #peerClosed(): void {
    const { partialBytes } = this.#decoder;
    if (partialBytes > 0) this.#end("frame-truncated", `after ${partialBytes} bytes`);
    else this.#end("peer-closed", "the daemon closed the connection");
  }

  #end(failure: ConnectionFailure, detail: string, cause?: unknown): void {
    this.#endWith(new ConnectionError(failure, detail, cause));
  }

  #endWith(reason: ConnectionError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#keepalive.stop();
    this.#socket.destroy();
    this.#calls.failAll(reason);
    this.emit("close", reason);
  }
}

function encodeArguments<A>(name: string, layout: Codec<A, unknown>, args: A): Buffer {
  const writer = new XdrWriter();
  try {
    layout.write(writer, args);
  } catch (error) {
    throw new CallError(name, "invalid-arguments", "not-sent", error);
  }
  return writer.bytes();
}

/**
 * Gives the answer to the call; one that was given up has been settled before, and that stands.
 * @throws ConnectionError, XdrError when the frame is no answer to the call; the call is not settled then.
 */
function settle(call: Call, frame: Frame): void {
  const { name, number, decode } = call.request;
  if (frame.procedure !== number) {
    throw new ConnectionError("procedure-mismatch", `${frame.procedure} answers ${name}`);
  }
  if (frame.status !== FrameStatus.ok && frame.status !== FrameStatus.error) {
    throw new ConnectionError("unexpected-frame", `of status ${frame.status} for ${name}`);
  }
  if (frame.status === FrameStatus.ok) call.succeed(decode(frame.body));
  else call.fail(new LibvirtError(name, decodeAll(errorBody, frame.body)));
}

/** The connection's end for a frame that could not be read; what is no fault of the frame is thrown on. */
function nonsense(name: string, error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  if (error instanceof XdrError)
    return new ConnectionError("malformed-body", `${name}: ${error.message}`, error);
  throw error;
}
