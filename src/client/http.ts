/** One HTTP request over a Unix socket, with every way it can fail told apart. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { type Failure, fail, ok, type Result } from "../lib/error.ts";
import { sayDuration } from "../lib/quantity.ts";

export interface Call {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Until the answer is complete. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A whole cluster's VMs fit; what is larger is no answer of ours. */
const MAX_BODY_BYTES = 64 << 20;

export function send(call: Call): Promise<Result<Answer>> {
  return new Promise((resolve) => {
    const request = open(call);
    const timer = setTimeout(() => request.destroy(new Late()), call.timeoutMs);
    const finish = (result: Result<Answer>) => {
      clearTimeout(timer);
      resolve(result);
    };
    request.on("error", (cause) => finish(fail(failureOf(cause, call))));
    request.on("response", (response) => {
      collect(response).then(
        (body) => finish(ok({ status: response.statusCode ?? 0, body })),
        (cause: Error) => finish(fail(failureOf(cause, call))),
      );
    });
  });
}

/** Sends the request; its events are the caller's. */
export function open({ socketPath, method, path, body, signal }: Call): ClientRequest {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: "application/json",
    ...(text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  };
  const abort = signal === undefined ? {} : { signal };
  const request = httpRequest({
    socketPath,
    method,
    path,
    headers,
    agent: false,
    host: "localhost",
    ...abort,
  });
  request.end(text);
  return request;
}

export async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Foreign("its answer does not end");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

class Late extends Error {}

/** What listens there speaks another language. */
export class Foreign extends Error {}

export function failureOf(cause: Error, { socketPath, method, timeoutMs }: Call): Failure {
  const { code } = cause as NodeJS.ErrnoException;
  const start = "systemctl status discoveryd, or name another socket with --socket";
  if (cause instanceof Late) {
    const reason = `no answer within ${sayDuration(timeoutMs)}`;
    return {
      code: "timed-out",
      message: "the agent did not answer in time",
      reason,
      changed: method !== "GET",
    };
  }
  switch (code) {
    case "ENOENT":
      return {
        code: "unreachable",
        message: "no agent runs here",
        reason: `there is no socket ${socketPath}`,
        hint: start,
      };
    case "ECONNREFUSED":
      return {
        code: "unreachable",
        message: "no agent runs here",
        reason: `nobody listens on ${socketPath}`,
        hint: start,
      };
    case "EACCES":
    case "EPERM":
      return {
        code: "permission-denied",
        message: "you may not talk to the agent",
        reason: `${socketPath} is not yours to open`,
        hint: "join the group that owns the socket (ls -l shows it), or use sudo",
      };
    case "ABORT_ERR":
      return { code: "cancelled", message: "interrupted" };
  }
  if (code?.startsWith("HPE_") === true || cause instanceof Foreign)
    return foreign(socketPath, cause.message);
  return {
    code: "unreachable",
    message: "the agent ended the connection",
    reason: cause.message,
    hint: method === "GET" ? start : "the command may have been taken: look before you repeat it",
    changed: method !== "GET",
  };
}

export function foreign(socketPath: string, reason: string): Failure {
  return {
    code: "unreachable",
    message: `what listens on ${socketPath} is no DISCOVERY agent`,
    reason,
    hint: "name the agent's socket with --socket or DISCOVERY_SOCKET",
  };
}
