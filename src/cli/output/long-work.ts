/**
 * Follows long work to its end: progress on stderr, the outcome as the exit code. Ctrl-C and a time limit leave the
 * work alone and print its id.
 */
import type { OperationView, Started } from "../../api/views.ts";
import type { Reply } from "../../client/client.ts";
import type { Result } from "../../lib/error.ts";
import { sayDuration } from "../../lib/quantity.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";
import { isDocument, sayDocument } from "./document.ts";

/** Of a verb that begins long work, and whose answer names it. */
export async function carryOut(
  context: Context,
  input: Input,
  started: Result<Reply<Started>>,
): Promise<number> {
  if (!started.ok) return context.failed(started.failure);
  const { operation } = started.value.value;
  if (operation !== null && !input.flag("detach")) return await follow(context, operation);
  if (isDocument(context.format)) context.print(await sayDocument(context.format, started.value));
  else if (operation === null) context.say("nothing to do");
  else context.print(`${operation}\n`);
  return EXIT.done;
}

/** Waits for an operation. */
export async function follow(context: Context, name: string): Promise<number> {
  const { client, platform, timeoutMs } = context;
  const { signal, late, stop } = deadline(platform.interrupted, timeoutMs);
  const progress = new Progress(context);
  try {
    const ended = await client.waitFor(name, (operation) => progress.show(operation), signal);
    progress.end();
    if (ended.ok) return await outcome(context, ended.value);
    if (!signal.aborted) return context.failed(ended.failure);
    context.print(await sayStarted(context, name));
    const why = late() ? `still running after ${sayDuration(timeoutMs ?? 0)}` : "detached";
    context.say(`${why}: the operation goes on; discoveryctl op wait ${name}`);
    return late() ? EXIT.timedOut : EXIT.interrupted;
  } finally {
    stop();
  }
}

/** What goes on without us. */
async function sayStarted({ format }: Context, operation: string): Promise<string> {
  if (!isDocument(format)) return `${operation}\n`;
  return await sayDocument(format, { kind: "Started", value: { operation }, meta: null });
}

async function outcome(context: Context, ended: Reply<OperationView>): Promise<number> {
  const { format, print, say } = context;
  const operation = ended.value;
  if (isDocument(format)) print(await sayDocument(format, ended));
  if (format === "name") print(`${operation.name}\n`);
  if (operation.failure !== null) return context.failed(operation.failure);
  if (operation.state === "cancelled") {
    say(`${operation.name} was called off`);
    return EXIT.interrupted;
  }
  if (operation.state === "failed") return context.failed({ code: "failed", message: operation.message });
  return EXIT.done;
}

/** Ctrl-C, or the time is over. */
function deadline(interrupted: AbortSignal, timeoutMs: number | null) {
  const over = new AbortController();
  const timer = timeoutMs === null ? undefined : setTimeout(() => over.abort(), timeoutMs);
  return {
    signal: AbortSignal.any([interrupted, over.signal]),
    late: () => over.signal.aborted && !interrupted.aborted,
    stop: () => clearTimeout(timer),
  };
}

/** On a terminal one line that changes, elsewhere a line per change. */
class Progress {
  readonly #context: Context;
  #open = false;

  constructor(context: Context) {
    this.#context = context;
  }

  show({ name, subject, state, message, progress }: OperationView): void {
    const { platform, say, palette } = this.#context;
    const done = progress === null ? "" : ` ${progress.done}/${progress.total}`;
    const line = `${palette.dim(name)} ${subject}${done}: ${message}`;
    if (!platform.stderr.isTty) return say(line);
    platform.stderr.write(`\r\u001b[K${line}`);
    this.#open = true;
    if (state !== "running") this.end();
  }

  end(): void {
    if (this.#open) this.#context.platform.stderr.write("\n");
    this.#open = false;
  }
}
