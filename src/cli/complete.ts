/** What can follow the words typed so far; the shells' scripts ask for it. */
import { ALIASES, COMMANDS } from "./commands.ts";
import { clientFor } from "./connection.ts";
import type { Platform } from "./context.ts";
import { GLOBAL } from "./options.ts";
import type { ArgSpec, CommandSpec, OptionSpec } from "./spec.ts";

/** An agent that takes longer than somebody who presses Tab waits is not asked. */
const PATIENCE_MS = 1_000;

/** @param words all but the program's name; the last is the one to complete, perhaps empty. */
export async function candidates(words: readonly string[], platform: Platform): Promise<readonly string[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const all = await possible(before, current, platform);
  return all.filter((word) => word.startsWith(current));
}

async function possible(
  before: readonly string[],
  current: string,
  platform: Platform,
): Promise<readonly string[]> {
  const positional = before.filter((word) => !word.startsWith("-")).map((word) => ALIASES[word] ?? word);
  const spec = COMMANDS.find(({ words }) => words.every((word, i) => positional[i] === word));
  const known = [...(spec?.options ?? []), ...GLOBAL];
  const open = known.find(
    ({ name, short, value }) =>
      value !== undefined && [`--${name}`, `-${short}`].includes(before.at(-1) ?? ""),
  );
  if (open?.name === "output" && spec?.outputs !== undefined) return spec.outputs;
  if (open?.value !== undefined) return open.value.choices ?? (await names(open.value.of, platform));
  if (current.startsWith("-")) return known.map(({ name }) => `--${name}`);
  if (spec === undefined) return nextWords(positional);
  return await names(argAt(spec, before, known)?.of, platform);
}

function nextWords(positional: readonly string[]): readonly string[] {
  const depth = positional.length;
  const fitting = COMMANDS.filter(({ words }) => positional.every((word, i) => words[i] === word));
  return [...new Set(fitting.flatMap(({ words }) => words[depth] ?? []))];
}

/** The argument that the next word is. */
function argAt(
  spec: CommandSpec,
  before: readonly string[],
  known: readonly OptionSpec[],
): ArgSpec | undefined {
  const takesValue = new Set(
    known.flatMap(({ name, short, value }) => (value === undefined ? [] : [`--${name}`, `-${short}`])),
  );
  const given = before.filter((word, i) => !word.startsWith("-") && !takesValue.has(before[i - 1] ?? ""));
  const index = given.length - spec.words.length;
  return spec.args[Math.min(index, spec.args.length - 1)];
}

async function names(of: ArgSpec["of"], platform: Platform): Promise<readonly string[]> {
  if (typeof of === "object") return of;
  if (of === undefined || of === "file") return [];
  const client = clientFor(platform, undefined, PATIENCE_MS);
  const reply = await client.call(LISTS[of], {}, platform.interrupted);
  return reply.ok ? (reply.value.value as readonly { readonly name: string }[]).map(({ name }) => name) : [];
}

const LISTS = { host: "host.list", vm: "vm.list", ve: "ve.list", op: "op.list" } as const;
