/** One socket's HTTP server: the routes of the API table, bounded in every direction. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Command } from "../../agent/commands.ts";
import { envelope, errorBody } from "../../api/envelope.ts";
import { answerOf, commandOf } from "../../api/execute.ts";
import type { EmbeddedCommand } from "../../api/requests.ts";
import { EVENTS_PATH, OPENAPI_PATH, ROUTES, type Route, type RouteId } from "../../api/routes.ts";
import { DiscoveryError, ERROR_CODES, type Failure, fail, ok, type Result } from "../../lib/error.ts";
import { sayDuration } from "../../lib/quantity.ts";
import { type EventLog, type LineSink, readSince } from "./event-log.ts";
import { type Fields, readBody } from "./request-body.ts";
import { Router } from "./router.ts";

export interface ServerConfig {
  /** The host's name, for `answeredBy`. */
  readonly host: string;
  readonly version: string;
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
}

export interface ServerDependencies {
  /** Never rejects for an expected failure. */
  readonly execute: (command: Command | EmbeddedCommand, signal: AbortSignal) => Promise<Result<unknown>>;
  readonly events: EventLog;
  /** Prometheus' text. */
  readonly metrics: () => string;
  readonly wallClock: () => number;
  /** A defect: something threw that should not have. */
  readonly defect: (error: unknown) => void;
}

const METRICS_PATH = "/metrics";
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const HEADER_BYTES = 16 * 1024;
/** Nobody types a request by hand for longer. */
const RECEIVE_MS = 10_000;
/** A client may think so long between two requests. */
const KEEP_ALIVE_MS = 60_000;
const REQUESTS_PER_CONNECTION = 10_000;
const IN_FLIGHT = 256;
/** What a listener that was dropped gets to read its last line. */
const LAST_LINE_MS = 5_000;

type Access = Route["access"];

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: Fields;
  /** Of the path. */
  readonly parameters: Fields;
}

type Handler = (asked: Asked) => Promise<void> | void;

export class ApiServer {
  readonly server: Server;
  readonly #config: ServerConfig;
  readonly #deps: ServerDependencies;
  readonly #router = new Router<Handler>();
  #inFlight = 0;

  constructor(access: Access, config: ServerConfig, deps: ServerDependencies) {
    this.#config = config;
    this.#deps = deps;
    const limits = { requestTimeout: RECEIVE_MS, headersTimeout: RECEIVE_MS, maxHeaderSize: HEADER_BYTES };
    this.server = createServer({ ...limits, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => this.#broken(response, error));
    });
    this.server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
    this.server.maxConnections = config.maxConnections;
    for (const [id, route] of Object.entries(ROUTES) as [RouteId, Route][]) this.#addRoute(id, route, access);
    this.#router.add("GET", EVENTS_PATH, (asked) => this.#streamEvents(asked));
    this.#router.add("GET", METRICS_PATH, ({ response }) =>
      sendText(response, 200, METRICS_TYPE, deps.metrics()),
    );
    this.#router.add("GET", OPENAPI_PATH, (asked) => this.#describe(asked));
  }

  #addRoute(id: RouteId, { access: needed, method, path }: Route, access: Access): void {
    const allowed = needed === "read" || access === "admin";
    const handler: Handler = allowed
      ? (asked) => this.#answer(id, asked)
      : ({ response }) => refuse(response, READ_ONLY);
    this.#router.add(method, path, handler);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/" } = request;
    const [path = "/", query = ""] = url.split("?", 2);
    const found = this.#router.find(method, path);
    if (found === null) return refuse(response, nothingAt(method, url));
    const { handler, parameters } = found;
    await handler({ request, response, parameters, query: Object.fromEntries(new URLSearchParams(query)) });
  }

  /** Path parameters win: a body cannot name another thing than the path does. */
  async #answer(id: RouteId, { request, response, query, parameters }: Asked): Promise<void> {
    const body = await readBody(request);
    if (!body.ok) return refuse(response, body.failure, body.status);
    const answer = await this.#ask(id, { ...query, ...body.value, ...parameters }, response);
    if (!answer.ok) return refuse(response, answer.failure);
    const { host } = this.#config;
    send(response, 200, envelope(ROUTES[id], answerOf(id, answer.value), host, this.#deps.wallClock()));
  }

  /** The document and the schemas it is made from are loaded by whoever asks for them. */
  async #describe({ response }: Asked): Promise<void> {
    const { openApi } = await import("../../api/openapi.ts");
    send(response, 200, openApi(this.#config.version));
  }

  #broken(response: ServerResponse, error: unknown): void {
    // Whoever went away in the middle is nobody's defect.
    if (response.headersSent || response.closed) return;
    if (error instanceof DiscoveryError) return refuse(response, error.failure);
    if (error instanceof URIError) return refuse(response, { ...MALFORMED, reason: error.message });
    this.#deps.defect(error);
    const reason = error instanceof Error ? error.message : String(error);
    refuse(response, { code: "failed", message: "the agent could not answer", reason });
  }

  async #ask(id: RouteId, fields: Fields, response: ServerResponse): Promise<Result<unknown>> {
    const { version, host } = this.#config;
    if (id === "version") return ok({ version, host, node: process.version });
    const command = commandOf(id, fields);
    if (!command.ok) return command;
    if (this.#inFlight >= IN_FLIGHT) return fail(BUSY);
    this.#inFlight++;
    try {
      return await this.#execute(command.value, response);
    } finally {
      this.#inFlight--;
    }
  }

  /** The command is called off when the client goes away or its time is over. */
  async #execute(command: Command | EmbeddedCommand, response: ServerResponse): Promise<Result<unknown>> {
    const { requestTimeoutMs } = this.#config;
    const gone = new AbortController();
    const late = AbortSignal.timeout(requestTimeoutMs);
    const onClose = () => gone.abort();
    response.once("close", onClose);
    const signal = AbortSignal.any([gone.signal, late]);
    const over = new Promise<Result<unknown>>((resolve) => {
      const failure = { ...TOO_LATE, reason: `no answer within ${sayDuration(requestTimeoutMs)}` };
      signal.addEventListener("abort", () => resolve(fail(failure)), { once: true });
    });
    try {
      return await Promise.race([this.#deps.execute(command, signal), over]);
    } finally {
      response.off("close", onClose);
    }
  }

  #streamEvents({ response, query }: Asked): void {
    const { since: text, follow } = query as { readonly since?: string; readonly follow?: string };
    const since = readSince(text);
    if (since === null) return refuse(response, BAD_SINCE);
    const { events } = this.#deps;
    const sink = sinkOf(response);
    const start = () =>
      response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    if (follow === "false") {
      start();
      return events.replay(sink, since);
    }
    if (events.full) return refuse(response, TOO_MANY_LISTENERS);
    start().flushHeaders();
    const stop = events.listen(sink, since);
    response.on("drain", () => events.drained(sink));
    response.once("close", stop);
  }
}

function sinkOf(response: ServerResponse): LineSink {
  return {
    get writableLength() {
      return response.writableLength;
    },
    write: (line) => void response.write(line),
    end: (line) => {
      const timer = setTimeout(() => response.destroy(), LAST_LINE_MS);
      response.once("close", () => clearTimeout(timer));
      response.end(line);
    },
  };
}

function refuse(response: ServerResponse, failure: Failure, status: number | null = null): void {
  send(response, status ?? ERROR_CODES[failure.code].http, errorBody(failure));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, "application/json; charset=utf-8", JSON.stringify(body));
}

function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function nothingAt(method: string, url: string): Failure {
  return {
    code: "not-found",
    message: `there is no ${method} ${url.slice(0, 200)}`,
    hint: `GET ${OPENAPI_PATH} lists what there is`,
  };
}

const READ_ONLY: Failure = {
  code: "permission-denied",
  message: "this socket is read-only",
  hint: "use admin.sock; who may is told by its group",
};
const BUSY: Failure = {
  code: "busy",
  message: "too many requests are under way",
  hint: "try again in a moment",
};
const TOO_LATE: Failure = {
  code: "timed-out",
  message: "the agent did not answer in time",
  hint: "the command may still take effect: look before you repeat it",
  changed: true,
};
const BAD_SINCE: Failure = {
  code: "invalid",
  message: "since is neither a sequence number nor a time",
  hint: "for example 42 or 2027-01-01T12:00:00Z",
};
const TOO_MANY_LISTENERS: Failure = { code: "busy", message: "too many listeners follow the events" };
const MALFORMED: Failure = { code: "invalid", message: "the request is refused" };
