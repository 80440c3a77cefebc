/** `ve apply` and `ve plan`: the manifest is checked here first, with its lines and columns. */
import { dirname, resolve } from "node:path";
import { type ManifestFile, readManifest } from "../../api/manifest.ts";
import type { VeApplied, VeChange } from "../../api/views.ts";
import type { Reply } from "../../client/client.ts";
import { sayProblem } from "../../config/problem.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";
import { carryOut } from "../output/long-work.ts";
import type { Palette } from "../output/palette.ts";
import { type Form, show } from "../output/show.ts";
import { type Column, table } from "../output/table.ts";
import { plural } from "../output/words.ts";

export async function apply(context: Context, input: Input): Promise<number> {
  if (input.flag("dry-run")) return await plan(context, input);
  const file = read(context, input);
  if (!file.ok) return context.failed(file.failure);
  const reason = input.text("reason");
  const request = { ...requestOf(file.value, input), ...(reason === undefined ? {} : { reason }) };
  const reply = await context.client.call("ve.apply", request, context.platform.interrupted);
  if (!reply.ok) return context.failed(reply.failure);
  const { name, generation, changes, operation } = reply.value.value;
  const summary = changes.length === 0 ? "nothing to change" : plural(changes.length, "change");
  context.say(`${name}: generation ${generation}, ${summary}`);
  return operation === null ? EXIT.done : await carryOut(context, input, reply);
}

export async function plan(context: Context, input: Input): Promise<number> {
  const file = read(context, input);
  if (!file.ok) return context.failed(file.failure);
  const request = requestOf(file.value, input);
  let pending = false;
  const ask = async (): Promise<Result<Reply<VeApplied>>> => {
    const reply = await context.client.call("ve.plan", request, context.platform.interrupted);
    if (reply.ok) pending = reply.value.value.changes.length > 0;
    return reply;
  };
  const code = await show(context, ask, PLAN);
  return code === EXIT.done && pending ? EXIT.pending : code;
}

function requestOf({ document }: ManifestFile, input: Input) {
  const ifGeneration = input.number("if-generation");
  return {
    manifest: document,
    ...(ifGeneration === undefined ? {} : { ifGeneration }),
    ...(input.flag("allow-restart") ? { allowRestart: true } : {}),
  };
}

function read({ platform }: Context, input: Input): Result<ManifestFile> {
  const file = input.text("file");
  if (file === undefined) {
    const hint = "name it with -f FILE; -f - reads standard input";
    return fail({ code: "invalid", message: "a manifest is missing", hint });
  }
  const text = readText(platform, file);
  if (!text.ok) return text;
  const beside = (name: string) => platform.readFile(resolve(file === "-" ? "." : dirname(file), name));
  const checked = readManifest(text.value, file === "-" ? "stdin" : file, beside);
  if (checked.ok) return ok(checked.value);
  const later = checked.problems.every(({ notYet }) => notYet === true);
  return fail({
    code: later ? "not-yet" : "invalid",
    message: `the manifest ${file} is refused`,
    reason: checked.problems.map(sayProblem).join("\n       "),
  });
}

function readText(platform: Context["platform"], file: string): Result<string> {
  try {
    return ok(file === "-" ? platform.readStdin() : platform.readFile(file));
  } catch (cause) {
    return fail({ code: "invalid", message: `cannot read ${file}`, reason: (cause as Error).message });
  }
}

const SIGNS: {
  readonly [action in VeChange["action"]]: { readonly sign: string; readonly paint: keyof Palette };
} = {
  create: { sign: "+", paint: "good" },
  change: { sign: "~", paint: "attention" },
  delete: { sign: "-", paint: "bad" },
};

const EFFECTS: { readonly [effect in VeChange["effect"]]: string } = {
  live: "live",
  restart: "needs a restart",
  recreate: "needs a re-creation",
};

const COLUMNS: readonly Column<VeChange>[] = [
  { header: "", cell: ({ action }, palette) => palette[SIGNS[action].paint](SIGNS[action].sign) },
  { header: "VM", cell: ({ vm }) => vm ?? "(the VE)" },
  { header: "WHAT", cell: ({ what }) => what },
  { header: "EFFECT", cell: ({ effect }) => EFFECTS[effect] },
];

const PLAN: Form<VeApplied> = {
  names: ({ changes }) => changes.map(({ vm }) => vm ?? ""),
  text: ({ name, generation, changes }, { palette, header }) => {
    if (changes.length === 0) return `${name}: nothing to change at generation ${generation}\n`;
    const count = (action: VeChange["action"]) => changes.filter((change) => change.action === action).length;
    const summary = `${name}: ${count("create")} to create, ${count("change")} to change, ${count("delete")} to delete`;
    return `${table(changes, COLUMNS, { palette, header, wide: false })}${summary}\n`;
  },
};
