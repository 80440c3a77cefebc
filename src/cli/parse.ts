/** Words → command. What is wrong is said with the nearest thing that would have been right. */
import { parseArgs } from "node:util";
import { type Failure, fail, ok, type Result } from "../lib/error.ts";
import { nearest } from "../lib/nearest.ts";
import { readDuration } from "../lib/quantity.ts";
import { ALIASES, COMMANDS } from "./commands.ts";
import { Input } from "./input.ts";
import { GLOBAL } from "./options.ts";
import type { CommandSpec, OptionSpec } from "./spec.ts";

export type Parsed =
  /** `words`: what help is about; `wanted`: it was asked for, and is not there for want of a verb. */
  | { readonly kind: "help"; readonly words: readonly string[]; readonly wanted: boolean }
  | { readonly kind: "version" }
  | { readonly kind: "command"; readonly spec: CommandSpec; readonly input: Input };

export function parse(argv: readonly string[], commands: readonly CommandSpec[] = COMMANDS): Result<Parsed> {
  const tokens = tokensOf(argv, commands);
  const words = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token] : []));
  const helpWord = words[0] === "help";
  const found = findCommand(helpWord ? words.slice(1) : words, commands);
  const wanted = helpWord || given.some(({ name }) => name === "help");
  if (!found.ok) return found;
  const { spec, prefix, rest } = found.value;
  if (wanted) return ok({ kind: "help", words: prefix, wanted });
  if (prefix.length === 0 && given.some(({ name }) => name === "version")) return ok({ kind: "version" });
  const options = readOptions(given, spec?.options ?? [], spec?.words ?? prefix);
  if (spec === null) return options.ok ? ok({ kind: "help", words: prefix, wanted }) : options;
  if (!options.ok) return options;
  const args = readArgs(rest, spec);
  return args.ok ? ok({ kind: "command", spec, input: new Input(args.value, options.value) }) : args;
}

type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Options mean the same everywhere, so they can be told from words before the command is known. */
function tokensOf(argv: readonly string[], commands: readonly CommandSpec[]) {
  const all = [...GLOBAL, ...commands.flatMap(({ options }) => options)];
  const options = Object.fromEntries(
    all.map(({ name, value }) => [name, { type: value === undefined ? "boolean" : "string" } as const]),
  );
  return parseArgs({
    args: expandShort(argv, all),
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  }).tokens;
}

/** `-o json` → `--output json`. One letter can be two options of two commands; the first word decides. */
function expandShort(argv: readonly string[], all: readonly OptionSpec[]): string[] {
  const noun = argv.find((word) => !word.startsWith("-"));
  const end = argv.indexOf("--");
  return argv.map((word, i) => {
    const match = /^-([a-zA-Z])(.*)$/s.exec(word);
    if (match === null || (end !== -1 && i > end)) return word;
    const [, letter = "", rest = ""] = match;
    const own = COMMANDS.find(({ words }) => words.length === 1 && words[0] === noun)?.options ?? [];
    const option = [...own, ...all].find(({ short }) => short === letter);
    if (option === undefined) return word;
    const value = rest.replace(/^=/, "");
    return value === "" ? `--${option.name}` : `--${option.name}=${value}`;
  });
}

interface Found {
  readonly spec: CommandSpec | null;
  readonly prefix: readonly string[];
  readonly rest: readonly string[];
}

function findCommand(given: readonly string[], commands: readonly CommandSpec[]): Result<Found> {
  const [first, second] = given.map((word) => ALIASES[word] ?? word);
  if (first === undefined) return ok({ spec: null, prefix: [], rest: [] });
  const alone = commands.find(({ words }) => words.length === 1 && words[0] === first);
  if (alone !== undefined) return ok({ spec: alone, prefix: [first], rest: given.slice(1) });
  const verbs = commands.filter(({ words }) => words.length === 2 && words[0] === first);
  if (verbs.length === 0)
    return fail(
      unknown("command", given[0] ?? "", [...new Set(commands.map(({ words }) => words[0] ?? ""))]),
    );
  if (second === undefined) return ok({ spec: null, prefix: [first], rest: [] });
  const spec = verbs.find(({ words }) => words[1] === second);
  const known = verbs.map(({ words }) => words[1] ?? "");
  if (spec === undefined) return fail(unknown("verb", given[1] ?? "", known, `${first} `));
  return ok({ spec, prefix: spec.words, rest: given.slice(2) });
}

function unknown(what: string, word: string, known: readonly string[], before = ""): Failure {
  const near = nearest(word, known);
  const message = `discoveryctl ${before}${word} is not known`;
  const reason = `there is no ${what} "${word}"; there is ${known.join(", ")}`;
  const hint = near === null ? `discoveryctl ${before}--help` : `did you mean: discoveryctl ${before}${near}`;
  return { code: "invalid", message, reason, hint };
}

function readOptions(
  tokens: readonly OptionToken[],
  own: readonly OptionSpec[],
  words: readonly string[],
): Result<ReadonlyMap<string, string | number | true>> {
  const known = [...own, ...GLOBAL];
  const options = new Map<string, string | number | true>();
  for (const token of tokens) {
    const option = known.find(({ name }) => name === token.name);
    if (option === undefined) return fail(unknownOption(token.rawName, known, words));
    const value = readOption(option, token);
    if (!value.ok) return value;
    options.set(option.name, value.value);
  }
  return ok(options);
}

function unknownOption(raw: string, known: readonly OptionSpec[], words: readonly string[]): Failure {
  const near = nearest(
    raw.replace(/^-+/, ""),
    known.map(({ name }) => name),
  );
  const command = ["discoveryctl", ...words].join(" ");
  return {
    code: "invalid",
    message: `${raw} is no option of ${words.length === 0 ? command : words.join(" ")}`,
    hint: near === null ? `${command} --help` : `did you mean --${near}?`,
  };
}

function readOption(
  { name, value }: OptionSpec,
  { value: text, inlineValue: inline }: OptionToken,
): Result<string | number | true> {
  if (value === undefined) {
    return text === undefined ? ok(true) : invalid(`--${name} takes no value`);
  }
  const swallowed = inline === false && text !== undefined && /^-./.test(text);
  if (text === undefined || swallowed) {
    const hint = swallowed ? `if ${text} is meant: --${name}=${text}` : undefined;
    return invalid(`--${name} needs a value: --${name} ${value.name}`, hint);
  }
  if (value.choices !== undefined && !value.choices.includes(text)) {
    return invalid(`--${name} must be ${value.choices.join(", ")}; it is "${text}"`);
  }
  if (value.kind === "text") return ok(text);
  if (value.kind === "number")
    return /^\d{1,15}$/.test(text) ? ok(Number(text)) : invalid(`--${name} must be a number`);
  const duration = readDuration(text);
  return duration.ok ? duration : invalid(`--${name}: ${duration.failure.message}`);
}

function readArgs(
  words: readonly string[],
  spec: CommandSpec,
): Result<ReadonlyMap<string, readonly string[]>> {
  const args = new Map<string, readonly string[]>();
  const usage = `discoveryctl ${spec.words.join(" ")} --help`;
  let at = 0;
  for (const { name, many, optional, of } of spec.args) {
    const taken = many === true ? words.slice(at) : words.slice(at, at + 1);
    at += taken.length;
    if (taken.length === 0 && optional !== true) return invalid(`${name} is missing`, usage);
    const [word = ""] = taken;
    if (taken.length > 0 && typeof of === "object" && !of.includes(word)) {
      return invalid(`${name} must be ${of.join(", ")}; it is "${word}"`, usage);
    }
    args.set(name, taken);
  }
  const extra = words[at];
  return extra === undefined ? ok(args) : invalid(`"${extra}" is one word too many`, usage);
}

function invalid(message: string, hint?: string) {
  return fail({ code: "invalid", message, ...(hint === undefined ? {} : { hint }) });
}
