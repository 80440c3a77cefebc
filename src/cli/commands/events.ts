import type { EventLine } from "../../api/views.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import { readDuration } from "../../lib/quantity.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";
import { shortIds } from "../output/words.ts";

export async function events(context: Context, input: Input): Promise<number> {
  const { client, platform, print, format } = context;
  const follow = input.flag("follow");
  const since = sinceOf(input.text("since"), follow, platform.now());
  if (!since.ok) return context.failed(since.failure);
  const request = { follow, ...(since.value === null ? {} : { since: since.value }) };
  let dropped = false;
  const onLine = (line: EventLine): void => {
    dropped ||= line.kind === "Dropped";
    if (format === "json") return print(`${JSON.stringify(line)}\n`);
    if (line.kind === "Event") print(sayEvent(line, context));
    else if (line.kind === "Missed") context.say(`${line.count} earlier events are no longer kept`);
    else if (line.kind === "Dropped") context.say(`the agent ended the stream: ${line.reason}`);
  };
  const ended = await client.events(request, onLine, platform.interrupted);
  if (!ended.ok) return context.failed(ended.failure);
  if (platform.interrupted.aborted) return EXIT.interrupted;
  return dropped ? EXIT.partlyDone : EXIT.done;
}

/** A number, a time, or a duration back from now; null: from now on. Without --follow: all that is kept. */
function sinceOf(text: string | undefined, follow: boolean, nowMs: number): Result<string | null> {
  if (text === undefined) return ok(follow ? null : "0");
  if (/^\d+$/.test(text) || !Number.isNaN(Date.parse(text))) return ok(text);
  const back = readDuration(text);
  if (back.ok) return ok(new Date(nowMs - back.value).toISOString());
  const hint = "for example 42, 10m or 2027-01-01T12:00:00Z";
  return fail({
    code: "invalid",
    message: `--since ${text} is neither a number, a time nor a duration`,
    hint,
  });
}

const HEAD = ["kind", "sequence", "time", "event", "level", "message"];

function sayEvent(line: Extract<EventLine, { kind: "Event" }>, { palette, format }: Context): string {
  const fields = Object.entries(line).filter(
    ([name, value]) => !HEAD.includes(name) && value !== null && value !== "",
  );
  const said = fields.map(([name, value]) => `${palette.dim(`${name}=`)}${sayValue(value)}`);
  const { level, message, event, time } = line;
  const paint = level === "error" ? palette.bad : level === "warn" ? palette.attention : palette.bold;
  const what =
    typeof message === "string" && message !== "" ? [`${paint(event)}: ${message}`] : [paint(event)];
  const text = `${[palette.dim(time), ...what, ...said].join(" ")}\n`;
  return format === "wide" ? text : shortIds(text);
}

function sayValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) || text.startsWith("{") || text.startsWith("[")
    ? text
    : JSON.stringify(text);
}
