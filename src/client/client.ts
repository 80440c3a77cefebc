/** Typed access to an agent's control API over its Unix sockets. */
import { type Envelope, failureOf as failureIn, type Meta } from "../api/envelope.ts";
import type { Requests } from "../api/requests.ts";
import { type Answers, API_VERSION, parametersOf, ROUTES, type RouteId } from "../api/routes.ts";
import type { OperationView } from "../api/views.ts";
import { type Failure, fail, ok, type Result } from "../lib/error.ts";
import { type EventOptions, followEvents, type OnLine } from "./events.ts";
import { foreign, send } from "./http.ts";

export interface ClientOptions {
  /** The sockets to use: one for everything, or the directory that has admin.sock and read.sock. */
  readonly sockets: { readonly file: string } | { readonly directory: string };
  /** For one request; longer than the agent gives itself. */
  readonly timeoutMs?: number;
}

/** A value and how fresh it is. */
export interface Reply<T> {
  readonly kind: string;
  readonly value: T;
  readonly meta: Meta;
}

const TIMEOUT_MS = 45_000;

export class DiscoveryClient {
  readonly #sockets: ClientOptions["sockets"];
  readonly #timeoutMs: number;

  constructor({ sockets, timeoutMs }: ClientOptions) {
    this.#sockets = sockets;
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
  }

  async call<K extends RouteId>(
    id: K,
    request: Requests[K],
    signal?: AbortSignal,
  ): Promise<Result<Reply<Answers[K]>>> {
    return await this.#firstOpen(ROUTES[id].access, (path) => this.#callAt(path, id, request, signal));
  }

  /** Ends when the stream does, when `signal` says so, or with a failure. */
  async events(options: EventOptions, onLine: OnLine, signal?: AbortSignal): Promise<Result<void>> {
    return await this.#firstOpen("read", (path) =>
      followEvents(path, options, onLine, this.#timeoutMs, signal),
    );
  }

  /** Asks until the operation has ended; `onProgress` is told of every change. */
  async waitFor(
    name: string,
    onProgress: (operation: OperationView) => void,
    signal?: AbortSignal,
  ): Promise<Result<Reply<OperationView>>> {
    let known = "";
    for (let silent = 0, pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.call("op.show", { name }, signal);
      if (answer.ok) {
        const operation = answer.value.value;
        const now = `${operation.state} ${operation.message} ${operation.progress?.done}`;
        if (now !== known) onProgress(operation);
        known = now;
        silent = 0;
        if (operation.state !== "running") return ok(answer.value);
      } else if (answer.failure.code !== "unreachable" || ++silent > PATIENCE || known === "") {
        return answer;
      }
      if (!(await sleep(pause, signal))) return fail({ code: "cancelled", message: "interrupted" });
    }
  }

  /** Who may not open one socket may perhaps open the other; what is told is why the first did not serve. */
  async #firstOpen<T>(
    access: "read" | "admin",
    use: (path: string) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const [first, second] = this.#socketsFor(access);
    const result = await use(first);
    if (second === undefined || result.ok || !mayBeElsewhere(result.failure)) return result;
    const other = await use(second);
    return other.ok || !mayBeElsewhere(other.failure) ? other : result;
  }

  #socketsFor(access: "read" | "admin"): readonly [string, string?] {
    if ("file" in this.#sockets) return [this.#sockets.file];
    const { directory } = this.#sockets;
    const adminSocket = `${directory}/admin.sock`;
    return access === "admin" ? [adminSocket] : [`${directory}/read.sock`, adminSocket];
  }

  async #callAt<K extends RouteId>(
    socketPath: string,
    id: K,
    request: Requests[K],
    signal?: AbortSignal,
  ): Promise<Result<Reply<Answers[K]>>> {
    const { method } = ROUTES[id];
    const { path, body } = locate(id, request as { readonly [field: string]: unknown });
    const abort = signal === undefined ? {} : { signal };
    const answer = await send({ socketPath, method, path, timeoutMs: this.#timeoutMs, ...body, ...abort });
    if (!answer.ok) return answer;
    return read<Answers[K]>(answer.value.body, socketPath);
  }
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** Unanswered questions in a row while waiting: an agent may be restarted meanwhile. */
const PATIENCE = 20;

/** The other socket may be open where this one is not. */
function mayBeElsewhere({ code, message }: Failure): boolean {
  return code === "permission-denied" || (code === "unreachable" && message === "no agent runs here");
}

/** Path parameters go into the path, the rest into the query (GET, DELETE) or the body. */
function locate(
  id: RouteId,
  request: { readonly [field: string]: unknown },
): { readonly path: string; readonly body: { readonly body?: unknown } } {
  const { method, path } = ROUTES[id];
  const names = parametersOf(path);
  const rest = Object.entries(request).filter(
    ([name, value]) => !names.includes(name) && value !== undefined,
  );
  const full = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(request[name])));
  if (method !== "GET" && method !== "DELETE")
    return { path: full, body: { body: Object.fromEntries(rest) } };
  const query = new URLSearchParams(
    rest.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return { path: query === "" ? full : `${full}?${query}`, body: {} };
}

function read<T>(text: string, socketPath: string): Result<Reply<T>> {
  const body = parse(text);
  if (typeof body !== "object" || body === null)
    return fail(foreign(socketPath, "its answer is no JSON object"));
  const failure = failureIn(body);
  if (failure !== null) return fail(failure);
  const { apiVersion, kind, item, items, meta } = body as Partial<Envelope<T>>;
  if (typeof apiVersion !== "string") return fail(foreign(socketPath, "its answer has no apiVersion"));
  if (apiVersion !== API_VERSION) return fail(skew(apiVersion));
  const value = item ?? items;
  if (value === undefined || meta === undefined) return fail(foreign(socketPath, "its answer has no item"));
  return ok({ kind: kind ?? "", value, meta });
}

function skew(apiVersion: string): Failure {
  return {
    code: "unreachable",
    message: `the agent speaks ${apiVersion}, this program ${API_VERSION}`,
    reason: "they are of different releases",
    hint: "use the discoveryctl that came with the agent",
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns false when it was interrupted. */
function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve(false);
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
