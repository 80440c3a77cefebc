/** `ve apply` and `ve plan`: the manifest is checked here first, with its lines and columns. */
import { dirname, resolve } from "node:path";
import { type ManifestFile, readManifest } from "../../api/manifest.ts";
import type { Change, Effect, VeAnswer } from "../../api/views.ts";
import type { Reply } from "../../client/client.ts";
import { sayProblems } from "../../config/problem.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import { writeSize } from "../../lib/quantity.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";
import { isDocument, sayDocument } from "../output/document.ts";
import { carryOut } from "../output/long-work.ts";
import type { Palette } from "../output/palette.ts";
import { type Form, show } from "../output/show.ts";
import { type Column, table } from "../output/table.ts";
import { plural } from "../output/words.ts";

export async function apply(context: Context, input: Input): Promise<number> {
  if (input.flag("dry-run")) return await plan(context, input);
  const file = await read(context, input);
  if (!file.ok) return context.failed(file.failure);
  const reason = input.text("reason");
  const request = { ...requestOf(file.value, input), ...(reason === undefined ? {} : { reason }) };
  const reply = await context.client.call("ve.apply", request, context.platform.interrupted);
  if (!reply.ok) return context.failed(reply.failure);
  const { name, generation, changes, operation } = reply.value.value;
  sayWarnings(context, reply.value.value);
  const summary = changes.length === 0 ? "nothing to change" : plural(changes.length, "change");
  context.say(`${name}: generation ${generation}, ${summary}`);
  if (operation !== null) return await carryOut(context, input, reply);
  if (isDocument(context.format)) context.print(await sayDocument(context.format, reply.value));
  return EXIT.done;
}

export async function plan(context: Context, input: Input): Promise<number> {
  const file = await read(context, input);
  if (!file.ok) return context.failed(file.failure);
  const request = requestOf(file.value, input);
  let pending = false;
  const ask = async (): Promise<Result<Reply<VeAnswer>>> => {
    const reply = await context.client.call("ve.plan", request, context.platform.interrupted);
    if (!reply.ok) return reply;
    pending = reply.value.value.changes.length > 0;
    sayWarnings(context, reply.value.value);
    return reply;
  };
  const code = await show(context, ask, PLAN);
  return code === EXIT.done && pending ? EXIT.pending : code;
}

/** Accepted, but perhaps not what was meant. */
function sayWarnings({ say, palette }: Context, { warnings }: VeAnswer): void {
  for (const warning of warnings) say(`${palette.attention("warning:")} ${warning}`);
}

function requestOf({ document }: ManifestFile, input: Input) {
  const ifGeneration = input.number("if-generation");
  return {
    manifest: document,
    ...(ifGeneration === undefined ? {} : { ifGeneration }),
    ...(input.flag("allow-restart") ? { allowRestart: true } : {}),
  };
}

async function read({ platform }: Context, input: Input): Promise<Result<ManifestFile>> {
  const file = input.text("file");
  if (file === undefined) {
    const hint = "name it with -f FILE; -f - reads standard input";
    return fail({ code: "invalid", message: "a manifest is missing", hint });
  }
  const text = await readText(platform, file);
  if (!text.ok) return text;
  const beside = (name: string) => platform.readFile(resolve(file === "-" ? "." : dirname(file), name));
  const checked = readManifest(text.value, file === "-" ? "stdin" : file, beside);
  if (checked.ok) return ok(checked.value);
  const later = checked.problems.every(({ notYet }) => notYet === true);
  return fail({
    code: later ? "not-yet" : "invalid",
    message: `the manifest ${file} is refused`,
    reason: sayProblems(checked.problems).join("\n       "),
  });
}

async function readText(platform: Context["platform"], file: string): Promise<Result<string>> {
  try {
    return ok(file === "-" ? await platform.readStdin() : platform.readFile(file));
  } catch (cause) {
    return fail({ code: "invalid", message: `cannot read ${file}`, reason: (cause as Error).message });
  }
}

function signOf({ from, to }: Change): { readonly sign: string; readonly paint: keyof Palette } {
  if (from === null) return { sign: "+", paint: "good" };
  return to === null ? { sign: "-", paint: "bad" } : { sign: "~", paint: "attention" };
}

const EFFECTS: { readonly [effect in Effect]: string } = {
  live: "live",
  start: "starts",
  stop: "stops",
  restart: "needs a restart",
  recreate: "needs a re-creation",
};

/** Changes come as JSON text; people know sizes, and text without quotes. */
function sayValue(path: string, text: string | null): string[] {
  if (text === null) return [];
  if (path.endsWith(".memory") && /^\d+$/.test(text)) return [writeSize(Number(text))];
  return [/^"[^"\\]*"$/.test(text) ? text.slice(1, -1) : text];
}

const COLUMNS: readonly Column<Change>[] = [
  {
    header: "",
    cell: (change, palette) => {
      const { sign, paint } = signOf(change);
      return palette[paint](sign);
    },
  },
  { header: "WHAT", cell: ({ path }) => path },
  {
    header: "CHANGE",
    cell: ({ path, from, to }) => [from, to].flatMap((text) => sayValue(path, text)).join(" → "),
  },
  { header: "EFFECT", cell: ({ effect }) => EFFECTS[effect] },
];

const PLAN: Form<VeAnswer> = {
  names: ({ changes }) => changes.map(({ path }) => path),
  text: ({ name, generation, changes }, { palette, header }) => {
    if (changes.length === 0) return `${name}: nothing to change at generation ${generation}\n`;
    const count = (sign: string) => changes.filter((change) => signOf(change).sign === sign).length;
    const summary = `${name}: ${count("+")} to add, ${count("~")} to change, ${count("-")} to remove`;
    return `${table(changes, COLUMNS, { palette, header, wide: false })}${summary}\n`;
  },
};
