/** Words → a verb and what it is given. What is wrong is said with the nearest thing that would have been right. */
import { type Failure, fail, ok, type Result } from "../../lib/error.ts";
import { nearest } from "../../lib/nearest.ts";
import { Input, type Value } from "./input.ts";
import type { OptionSpec, VerbSpec } from "./spec.ts";

export type Parsed =
  /** `verb`: what help is about; null: everything. `wanted`: it was asked for, and is not there for want of a verb. */
  | { readonly kind: "help"; readonly verb: VerbSpec | null; readonly wanted: boolean }
  | { readonly kind: "version" }
  | { readonly kind: "verb"; readonly verb: VerbSpec; readonly input: Input };

const HELP: OptionSpec = { name: "help", short: "h", summary: "Explain the verb." };

export function parse(argv: readonly string[], verbs: readonly VerbSpec[]): Result<Parsed> {
  const [first, ...rest] = argv;
  if (first === undefined) return ok({ kind: "help", verb: null, wanted: false });
  if (first === "--version") return ok({ kind: "version" });
  if (first === "--help" || first === "-h") return ok({ kind: "help", verb: null, wanted: true });
  if (first === "help" && rest[0] === undefined) return ok({ kind: "help", verb: null, wanted: true });
  const name = first === "help" ? (rest[0] ?? "") : first;
  const verb = verbs.find((one) => one.name === name);
  if (verb === undefined) return unknownVerb(name, verbs);
  if (first === "help") return ok({ kind: "help", verb, wanted: true });
  const options = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : rest.length);
  if (options.some((word) => word === "--help" || word === "-h"))
    return ok({ kind: "help", verb, wanted: true });
  return inputOf(rest, verb);
}

function unknownVerb(name: string, verbs: readonly VerbSpec[]) {
  const known = verbs.map((verb) => verb.name);
  if (name.startsWith("-")) return invalid(`${name} is no option of discovery-sim`, "discovery-sim --help");
  const near = nearest(name, known);
  return fail({
    code: "invalid",
    message: `discovery-sim ${name} is not known`,
    reason: `there is no verb "${name}"; there is ${known.join(", ")}`,
    hint: near === null ? "discovery-sim --help" : `did you mean: discovery-sim ${near}`,
  });
}

function inputOf(words: readonly string[], verb: VerbSpec): Result<Parsed> {
  const read = readWords(words, verb);
  if (!read.ok) return read;
  const { args, given } = read.value;
  const missing = verb.options.find(({ name, required }) => required === true && !given.has(name));
  if (missing !== undefined)
    return invalid(`--${missing.name} is missing`, `discovery-sim ${verb.name} --help`);
  const [arg] = verb.args;
  if (arg !== undefined && args.length === 0)
    return invalid(`${arg.name} is missing`, `discovery-sim ${verb.name} --help`);
  if (arg === undefined && args.length > 0)
    return invalid(
      `discovery-sim ${verb.name} takes no "${args[0] ?? ""}"`,
      `discovery-sim ${verb.name} --help`,
    );
  const standard = verb.options.flatMap(({ name, standard: value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return ok({ kind: "verb", verb, input: new Input(args, given, new Map(standard)) });
}

interface Read {
  readonly args: readonly string[];
  readonly given: ReadonlyMap<string, Value>;
}

function readWords(words: readonly string[], verb: VerbSpec): Result<Read> {
  const args: string[] = [];
  const given = new Map<string, Value>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return ok({ args: [...args, ...words.slice(at + 1)], given });
    if (!/^-./.test(word)) {
      args.push(word);
      continue;
    }
    const { option, inline } = optionOf(word, verb);
    if (option === undefined) return fail(unknownOption(word, verb));
    if (given.has(option.name)) return invalid(`--${option.name} is given twice`);
    const follows = option.value !== undefined && inline === undefined;
    const value = readOption(option, follows ? words[at + 1] : inline);
    if (!value.ok) return value;
    given.set(option.name, value.value);
    if (follows) at++;
  }
  return ok({ args, given });
}

/** `--name`, `--name=value`, `-n`, `-nvalue`, `-n=value`. */
function optionOf(word: string, { options }: VerbSpec) {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  if (long !== null) return { option: options.find(({ name }) => name === long[1]), inline: long[2] };
  const rest = word.slice(2).replace(/^=/, "");
  const option = options.find(({ short }) => short === word[1]);
  return { option, inline: rest === "" ? undefined : rest };
}

function unknownOption(word: string, verb: VerbSpec): Failure {
  const name = word.replace(/=.*$/s, "");
  const known = [...verb.options, HELP].map((option) => option.name);
  const near = nearest(name.replace(/^-+/, ""), known);
  const hint = near === null ? `discovery-sim ${verb.name} --help` : `did you mean --${near}?`;
  return { code: "invalid", message: `${name} is no option of ${verb.name}`, hint };
}

function readOption({ name, value }: OptionSpec, text: string | undefined): Result<Value> {
  if (value === undefined)
    return text === undefined ? ok(true) : invalid(`--${name} takes no value; it has "${text}"`);
  if (text === undefined || /^-[^\d]/.test(text))
    return invalid(`--${name} needs a value: --${name} ${value.name}`);
  switch (value.kind) {
    case "text":
      return text === "" ? invalid(`--${name} is empty: --${name} ${value.name}`) : ok(text);
    case "whole":
      return readWhole(name, text, value.least, value.most);
    case "choice":
      return value.of.includes(text) ? ok(text) : notOneOf(name, text, value.of);
  }
}

export function readWhole(name: string, text: string, least: number, most: number): Result<number> {
  const value = Number(text);
  const right = /^\d+$/.test(text) && value >= least && value <= most;
  return right
    ? ok(value)
    : invalid(`--${name} must be a whole number from ${least} to ${most}; it is "${text}"`);
}

export function notOneOf(name: string, text: string, known: readonly string[]) {
  const near = nearest(text, known);
  const hint = near === null ? undefined : `did you mean ${near}?`;
  return invalid(`--${name} must be ${known.join(" or ")}; it is "${text}"`, hint);
}

export function invalid(message: string, hint?: string) {
  return fail({ code: "invalid", message, ...(hint === undefined ? {} : { hint }) });
}
