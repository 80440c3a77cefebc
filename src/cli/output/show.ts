/** Prints an answer in the form asked for, and says how fresh it is. */
import type { Meta } from "../../api/envelope.ts";
import type { Reply } from "../../client/client.ts";
import type { Result } from "../../lib/error.ts";
import { sayDuration } from "../../lib/quantity.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { type Answer, isDocument, sayDocument } from "./document.ts";
import { type Column, table } from "./table.ts";

export interface Form<T> {
  /** What `-o name` prints, one line each. */
  readonly names: (value: T) => readonly string[];
  readonly text: (value: T, context: Context) => string;
}

/** A list as a table. */
export function listForm<T>(columns: readonly Column<T>[], name: (item: T) => string): Form<readonly T[]> {
  return {
    names: (items) => items.map(name),
    text: (items, { palette, header, format }) =>
      items.length === 0 ? "" : table(items, columns, { palette, header, wide: format === "wide" }),
  };
}

/** Asks, prints, and with `--watch` does so again and again. @returns the exit code. */
export async function show<T>(
  context: Context,
  ask: () => Promise<Result<Reply<T>>>,
  form: Form<T>,
): Promise<number> {
  for (;;) {
    const reply = await ask();
    if (!reply.ok) return context.failed(reply.failure);
    const text = await render(context, reply.value, form);
    if (context.watch && context.platform.stdout.isTty) context.print(CLEAR);
    context.print(text);
    const code = freshness(context, reply.value.meta);
    if (!context.watch) return code;
    if (!(await pause(WATCH_MS, context.platform.interrupted))) return EXIT.interrupted;
  }
}

const CLEAR = "\u001b[H\u001b[2J";
const WATCH_MS = 2_000;

/** An answer in the form asked for. */
export async function render<T>(
  context: Context,
  answer: Answer & { readonly value: T },
  form: Form<T>,
): Promise<string> {
  const { format } = context;
  if (isDocument(format)) return await sayDocument(format, answer);
  if (format !== "name") return form.text(answer.value, context);
  return form
    .names(answer.value)
    .map((name) => `${name}\n`)
    .join("");
}

/** Something was done at once: a sentence for people on stderr, the answer for programs. @returns the exit code. */
export async function acknowledge<T>(
  context: Context,
  reply: Result<Reply<T>>,
  name: string,
  sentence: string,
): Promise<number> {
  if (!reply.ok) return context.failed(reply.failure);
  if (isDocument(context.format)) context.print(await sayDocument(context.format, reply.value));
  else if (context.format === "name") context.print(`${name}\n`);
  else context.say(sentence);
  return freshness(context, reply.value.meta);
}

/** `14 of 16 hosts answered; h7, h9 unknown, last heard 43s ago` */
export function freshness({ say, strict, palette, format }: Context, meta: Meta): number {
  const { hostsKnown, hostsAnswered, partial } = meta;
  const people = format === "table" || format === "wide";
  if (partial || (people && hostsKnown > 1)) {
    const line = `${hostsAnswered} of ${hostsKnown} hosts answered${missing(meta)}`;
    say(partial ? palette.attention(line) : palette.dim(line));
  }
  return partial && strict ? EXIT.partialAnswer : EXIT.done;
}

const MOST_NAMED = 8;

function missing({ unreachable }: Meta): string {
  const byState = Map.groupBy(unreachable, ({ state }) => (state === "dead" ? "dead" : "unknown"));
  return [...byState].map(([state, hosts]) => `; ${namesOf(hosts)} ${state}${lastHeard(hosts)}`).join("");
}

function namesOf(hosts: Meta["unreachable"]): string {
  const names = hosts.slice(0, MOST_NAMED).map(({ host }) => host);
  const more = hosts.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function lastHeard(hosts: Meta["unreachable"]): string {
  const heard = hosts.flatMap(({ lastHeardMs }) => (lastHeardMs === null ? [] : [lastHeardMs]));
  return heard.length === 0 ? "" : `, last heard ${sayDuration(Math.min(...heard))} ago`;
}

/** @returns false when it was interrupted. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
