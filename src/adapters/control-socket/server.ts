/** One socket's HTTP server: the routes of the API table, bounded in every direction. */
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Command } from "../../agent/commands.ts";
import { envelope, errorBody } from "../../api/envelope.ts";
import { answerOf, commandOf, refusal } from "../../api/execute.ts";
import { readManifest } from "../../api/manifest.ts";
import { openApi } from "../../api/openapi.ts";
import type { EmbeddedCommand } from "../../api/requests.ts";
import { EVENTS_PATH, OPENAPI_PATH, ROUTES, type Route, type RouteId } from "../../api/routes.ts";
import { DiscoveryError, ERROR_CODES, type Failure, fail, ok, type Result } from "../../lib/error.ts";
import { sayDuration } from "../../lib/quantity.ts";
import { type EventLog, readSince } from "./event-log.ts";

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
  readonly wallClock: () => number;
  /** A defect: something threw that should not have. */
  readonly defect: (error: unknown) => void;
}

const BODY_BYTES = 1 << 20;
const HEADER_BYTES = 16 * 1024;
/** Nobody types a request by hand for longer. */
const RECEIVE_MS = 10_000;
const REQUESTS_PER_CONNECTION = 10_000;
const IN_FLIGHT = 256;
/** What a listener that was dropped gets to read its last line. */
const LAST_LINE_MS = 5_000;

type Access = Route["access"];

export class ApiServer {
  readonly app: FastifyInstance;
  readonly #config: ServerConfig;
  readonly #deps: ServerDependencies;
  #inFlight = 0;

  constructor(access: Access, config: ServerConfig, deps: ServerDependencies) {
    this.#config = config;
    this.#deps = deps;
    this.app = fastify({
      bodyLimit: BODY_BYTES,
      requestTimeout: RECEIVE_MS,
      maxRequestsPerSocket: REQUESTS_PER_CONNECTION,
      routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
      http: { maxHeaderSize: HEADER_BYTES, headersTimeout: RECEIVE_MS },
      logger: false,
    });
    this.app.server.maxConnections = config.maxConnections;
    this.#answerErrors();
    this.#takeYaml();
    for (const [id, route] of Object.entries(ROUTES) as [RouteId, Route][]) this.#addRoute(id, route, access);
    this.app.get(EVENTS_PATH, (request, reply) => this.#streamEvents(request, reply));
    this.app.get(OPENAPI_PATH, () => openApi(config.version));
  }

  #addRoute(id: RouteId, route: Route, access: Access): void {
    const allowed = route.access === "read" || access === "admin";
    this.app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
      handler: (request, reply) => (allowed ? this.#answer(id, request, reply) : refuse(reply, READ_ONLY)),
    });
  }

  async #answer(id: RouteId, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const answer = await this.#ask(id, fieldsOf(request), reply);
    if (!answer.ok) return refuse(reply, answer.failure);
    return envelope(ROUTES[id], answerOf(id, answer.value), this.#config.host, this.#deps.wallClock());
  }

  async #ask(id: RouteId, fields: Fields, reply: FastifyReply): Promise<Result<unknown>> {
    const { version, host } = this.#config;
    if (id === "version") return ok({ version, host, node: process.version });
    const command = commandOf(id, fields);
    if (!command.ok) return command;
    if (this.#inFlight >= IN_FLIGHT) return fail(BUSY);
    this.#inFlight++;
    try {
      return await this.#execute(command.value, reply);
    } finally {
      this.#inFlight--;
    }
  }

  /** The command is called off when the client goes away or its time is over. */
  async #execute(command: Command | EmbeddedCommand, reply: FastifyReply): Promise<Result<unknown>> {
    const { requestTimeoutMs } = this.#config;
    const gone = new AbortController();
    const late = AbortSignal.timeout(requestTimeoutMs);
    const onClose = () => gone.abort();
    reply.raw.once("close", onClose);
    const signal = AbortSignal.any([gone.signal, late]);
    const over = new Promise<Result<unknown>>((resolve) => {
      const failure = { ...TOO_LATE, reason: `no answer within ${sayDuration(requestTimeoutMs)}` };
      signal.addEventListener("abort", () => resolve(fail(failure)), { once: true });
    });
    try {
      return await Promise.race([this.#deps.execute(command, signal), over]);
    } finally {
      reply.raw.off("close", onClose);
    }
  }

  #streamEvents(request: FastifyRequest, reply: FastifyReply): unknown {
    const query = request.query as { readonly since?: string; readonly follow?: string };
    const since = readSince(query.since);
    if (since === null) return refuse(reply, BAD_SINCE);
    const { events } = this.#deps;
    const { raw } = reply;
    const sink = {
      get writableLength() {
        return raw.writableLength;
      },
      write: (line: string) => void raw.write(line),
      end: (line: string) => {
        const timer = setTimeout(() => raw.destroy(), LAST_LINE_MS);
        raw.once("close", () => clearTimeout(timer));
        raw.end(line);
      },
    };
    const start = () =>
      raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    if (query.follow === "false") {
      reply.hijack();
      start();
      return events.replay(sink, since);
    }
    if (events.full) return refuse(reply, TOO_MANY_LISTENERS);
    reply.hijack();
    start().flushHeaders();
    const stop = events.listen(sink, since);
    raw.on("drain", () => events.drained(sink));
    raw.once("close", stop);
    return reply;
  }

  /** A manifest as it is in its file; the rest of the request is in the query. */
  #takeYaml(): void {
    this.app.removeContentTypeParser("text/plain");
    const types = ["application/yaml", "application/x-yaml", "text/yaml"];
    this.app.addContentTypeParser(types, { parseAs: "string" }, (_request, body, done) => {
      const manifest = readManifest(String(body), "manifest");
      if (manifest.ok) done(null, { manifest: manifest.value.document });
      else done(new DiscoveryError(refusal("the manifest is refused", manifest.problems)));
    });
  }

  #answerErrors(): void {
    this.app.setNotFoundHandler((request, reply) =>
      refuse(reply, {
        code: "not-found",
        message: `there is no ${request.method} ${request.url.slice(0, 200)}`,
        hint: `GET ${OPENAPI_PATH} lists what there is`,
      }),
    );
    this.app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
      if (error instanceof DiscoveryError) return refuse(reply, error.failure);
      const status = error.statusCode ?? 500;
      if (status >= 500) {
        this.#deps.defect(error);
        return refuse(reply, {
          code: "failed",
          message: "the agent could not answer",
          reason: error.message,
        });
      }
      const failure: Failure = { code: "invalid", message: "the request is refused", reason: error.message };
      return reply.code(status).send(errorBody(failure));
    });
  }
}

interface Fields {
  readonly [field: string]: unknown;
}

/** Path parameters win: a body cannot name another thing than the path does. */
function fieldsOf({ params, query, body }: FastifyRequest): Fields {
  const inBody = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  return { ...(query as object), ...inBody, ...(params as object) };
}

function refuse(reply: FastifyReply, failure: Failure): FastifyReply {
  return reply.code(ERROR_CODES[failure.code].http).send(errorBody(failure));
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
