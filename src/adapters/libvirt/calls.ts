/**
 * The calls of one connection, from asking to answer:
 *
 *     waiting ──sent──► in flight ──answered──► (gone)
 *        │                  │ deadline, cancelled
 *        ▼                  ▼
 *      (gone)           abandoned ──answered late──► (gone)
 *
 * Only a few calls are in flight at a time, because libvirtd reads no further from a client that has
 * `max_client_requests` (5) calls unanswered, not even its keepalives; the rest wait here. One place is kept for
 * urgent calls, so that a state or an abort gets past slow ones. An abandoned call keeps its place: the daemon is
 * still at it. Everything is bounded: places, waiting calls, waiting bytes.
 */
import type { Buffer } from "node:buffer";
import { CallError, type CallFailure, type ConnectionError } from "./errors.ts";
import { FRAME_MAX_BYTES, FRAME_MIN_BYTES } from "./frame.ts";

/** The longest delay that a timer of Node can take. */
const TIMEOUT_MAX_MS = 2_147_483_647;
/** Arguments waiting to be sent: as much as one frame may carry. */
const WAITING_BYTES_MAX = FRAME_MAX_BYTES - FRAME_MIN_BYTES;
const SERIAL_MAX = 0xffff_ffff;

export interface CallOptions {
  /** From the call to its answer, waiting included; the connection's default when left out. */
  readonly timeoutMs?: number;
  /** Given up, and not sent, when it has waited so long for a place. */
  readonly sendWithinMs?: number;
  /** Gives the call up; a job that the daemon has begun goes on. */
  readonly signal?: AbortSignal;
}

interface CallRequest<T> {
  readonly name: string;
  readonly number: number;
  readonly urgent: boolean;
  readonly body: Buffer;
  /** Reads the answer's body. @throws XdrError */
  readonly decode: (body: Buffer) => T;
}

export interface CallLimits {
  readonly callTimeoutMs: number;
  readonly maxInFlight: number;
  readonly maxWaiting: number;
}

/** How busy a connection is. `abandoned` are in flight, too. */
export interface CallLoad {
  readonly inFlight: number;
  readonly abandoned: number;
  readonly waiting: number;
}

/** One call and its promise. */
export class Call {
  readonly request: CallRequest<unknown>;
  readonly #resolve: (value: never) => void;
  readonly #reject: (error: Error) => void;
  readonly #stopClocks: () => void;
  #settled = false;

  constructor(
    request: CallRequest<unknown>,
    promise: { resolve: (value: never) => void; reject: (error: Error) => void },
    stopClocks: () => void,
  ) {
    this.request = request;
    this.#resolve = promise.resolve;
    this.#reject = promise.reject;
    this.#stopClocks = stopClocks;
  }

  /** Its caller has been told something. */
  get settled(): boolean {
    return this.#settled;
  }

  /** As with a promise, only the first of `succeed` and `fail` counts. */
  succeed(value: unknown): void {
    this.#settle();
    this.#resolve(value as never);
  }

  fail(error: Error): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#stopClocks();
  }
}

export class CallTable {
  readonly #limits: CallLimits;
  readonly #send: (serial: number, procedure: number, body: Buffer) => void;
  readonly #inFlight = new Map<number, Call>();
  #urgent: Call[] = [];
  #ordinary: Call[] = [];
  #waitingBytes = 0;
  #serial = 0;

  constructor(limits: CallLimits, send: (serial: number, procedure: number, body: Buffer) => void) {
    this.#limits = limits;
    this.#send = send;
  }

  get load(): CallLoad {
    const abandoned = [...this.#inFlight.values()].filter((call) => call.settled).length;
    return { inFlight: this.#inFlight.size, abandoned, waiting: this.#urgent.length + this.#ordinary.length };
  }

  /** @throws CallError (as a rejection), LibvirtError */
  add<T>(request: CallRequest<T>, options: CallOptions): Promise<T> {
    const refusal = this.#refusal(request, options);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<T>((resolve, reject) => {
      const stop = this.#startClocks(
        options,
        (failure, cause) => this.#giveUp(call, failure, cause),
        () => {
          if (!this.#sent(call)) this.#giveUp(call, "deadline");
        },
      );
      const call = new Call(request, { resolve, reject }, stop);
      this.#enqueue(call);
    });
  }

  /** The call that `serial` belongs to, which is no longer in flight now; undefined: there is none. */
  take(serial: number): Call | undefined {
    const call = this.#inFlight.get(serial);
    this.#inFlight.delete(serial);
    return call;
  }

  /** Sends what there is a place for. */
  pump(): void {
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      this.#waitingBytes -= call.request.body.length;
      this.#serial = this.#freeSerial();
      this.#inFlight.set(this.#serial, call);
      this.#send(this.#serial, call.request.number, call.request.body);
    }
  }

  /** The connection has ended: so has every call. */
  failAll(reason: ConnectionError): void {
    const sent = [...this.#inFlight.values()];
    const waiting = [...this.#urgent, ...this.#ordinary];
    this.#inFlight.clear();
    this.#urgent = [];
    this.#ordinary = [];
    this.#waitingBytes = 0;
    for (const call of sent) call.fail(lost(call, "unknown", reason));
    for (const call of waiting) call.fail(lost(call, "not-sent", reason));
  }

  #refusal({ name, body }: CallRequest<unknown>, { signal, timeoutMs }: CallOptions): CallError | undefined {
    if (signal?.aborted) return new CallError(name, "cancelled", "not-sent", signal.reason);
    if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX_MS)) {
      const cause = new RangeError(`a time-out of ${timeoutMs} ms`);
      return new CallError(name, "invalid-arguments", "not-sent", cause);
    }
    const full = this.load.waiting >= this.#limits.maxWaiting;
    const heavy = this.#waitingBytes + body.length > WAITING_BYTES_MAX;
    return full || heavy ? new CallError(name, "too-many-pending", "not-sent") : undefined;
  }

  #startClocks(
    { timeoutMs = this.#limits.callTimeoutMs, sendWithinMs, signal }: CallOptions,
    giveUp: (failure: CallFailure, cause?: unknown) => void,
    giveUpUnsent: () => void,
  ): () => void {
    const timer = setTimeout(() => giveUp("deadline"), timeoutMs);
    const unsent = sendWithinMs === undefined ? undefined : setTimeout(giveUpUnsent, sendWithinMs);
    const cancel = (): void => giveUp("cancelled", signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    return () => {
      clearTimeout(timer);
      clearTimeout(unsent);
      signal?.removeEventListener("abort", cancel);
    };
  }

  #enqueue(call: Call): void {
    this.#waitingBytes += call.request.body.length;
    (call.request.urgent ? this.#urgent : this.#ordinary).push(call);
    this.pump();
  }

  #giveUp(call: Call, failure: CallFailure, cause?: unknown): void {
    const { name, urgent, body } = call.request;
    const queue = urgent ? this.#urgent : this.#ordinary;
    const place = queue.indexOf(call);
    if (place >= 0) {
      queue.splice(place, 1);
      this.#waitingBytes -= body.length;
    }
    call.fail(new CallError(name, failure, place >= 0 ? "not-sent" : "unknown", cause));
  }

  #sent(call: Call): boolean {
    return !this.#urgent.includes(call) && !this.#ordinary.includes(call);
  }

  #next(): Call | undefined {
    const free = this.#limits.maxInFlight - this.#inFlight.size;
    if (free <= 0) return undefined;
    const urgent = this.#urgent.shift();
    if (urgent !== undefined) return urgent;
    return this.#ordinaryInFlight() < this.#limits.maxInFlight - 1 ? this.#ordinary.shift() : undefined;
  }

  #ordinaryInFlight(): number {
    return [...this.#inFlight.values()].filter((call) => !call.request.urgent).length;
  }

  #freeSerial(): number {
    let serial = this.#serial;
    do serial = serial === SERIAL_MAX ? 1 : serial + 1;
    while (this.#inFlight.has(serial));
    return serial;
  }
}

/** What a call is told when its connection has ended. */
export const lost = (call: Call, outcome: "not-sent" | "unknown", reason: ConnectionError): CallError =>
  new CallError(call.request.name, "connection-lost", outcome, reason);
