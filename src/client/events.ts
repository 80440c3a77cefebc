/** The event stream: JSON lines as they come, with silence and nonsense told apart from the end. */
import type { IncomingMessage } from "node:http";
import { failureOf as failureIn } from "../api/envelope.ts";
import { EVENTS_PATH } from "../api/routes.ts";
import type { EventLine } from "../api/views.ts";
import { fail, ok, type Result } from "../lib/error.ts";
import { type Call, collect, Foreign, failureOf, foreign, open } from "./http.ts";

export interface EventOptions {
  /** A sequence number or an RFC 3339 time; absent: only what is new. */
  readonly since?: string;
  /** Whether to go on after what is kept. */
  readonly follow: boolean;
}

export type OnLine = (line: EventLine) => void;

const MAX_LINE = 1 << 20;

/** `silenceMs`: without any line, heartbeats included, for so long the agent is taken for gone. */
export function followEvents(
  socketPath: string,
  { since, follow }: EventOptions,
  onLine: OnLine,
  silenceMs: number,
  signal?: AbortSignal,
): Promise<Result<void>> {
  const query = new URLSearchParams({ follow: String(follow), ...(since === undefined ? {} : { since }) });
  const abort = signal === undefined ? {} : { signal };
  const call: Call = {
    socketPath,
    method: "GET",
    path: `${EVENTS_PATH}?${query}`,
    timeoutMs: silenceMs,
    ...abort,
  };
  return new Promise((resolve) => {
    const request = open(call);
    request.on("socket", (socket) =>
      socket.setTimeout(silenceMs, () => socket.destroy(new Error("it fell silent"))),
    );
    request.on("error", (cause) => resolve(ended(cause, call)));
    request.on("response", (response) => {
      receive(response, onLine, socketPath).then(resolve, (cause: Error) => resolve(ended(cause, call)));
    });
  });
}

/** To be interrupted is how following ends. */
function ended(cause: Error, call: Call): Result<void> {
  return call.signal?.aborted === true ? ok(undefined) : fail(failureOf(cause, call));
}

async function receive(response: IncomingMessage, onLine: OnLine, socketPath: string): Promise<Result<void>> {
  if (response.statusCode !== 200) {
    const body = parse(await collect(response));
    return fail(failureIn(body) ?? foreign(socketPath, `it answered with status ${response.statusCode}`));
  }
  response.setEncoding("utf8");
  let rest = "";
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) throw new Foreign("a line does not end");
    for (const line of lines) onLine(lineOf(line));
  }
  return ok(undefined);
}

function lineOf(text: string): EventLine {
  const line = parse(text) as EventLine | null;
  if (line === null || typeof line !== "object" || typeof line.kind !== "string") {
    throw new Foreign("a line of the event stream is no event");
  }
  return line;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
