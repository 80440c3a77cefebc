/** Help, made of the commands' table. */
import { ALIASES, COMMANDS, NOUNS } from "./commands.ts";
import { GLOBAL } from "./options.ts";
import { OUTPUTS } from "./output/format.ts";
import type { ArgSpec, CommandSpec, OptionSpec } from "./spec.ts";

/** About everything, a noun or a command. */
export function help(words: readonly string[], commands: readonly CommandSpec[] = COMMANDS): string {
  const named = words.map((word) => ALIASES[word] ?? word);
  const spec = commands.find((command) => command.words.join(" ") === named.join(" "));
  if (spec !== undefined) return commandHelp(spec);
  return named.length === 0 ? overview(commands) : nounHelp(named[0] ?? "", commands);
}

export function usage({ words, args, options }: CommandSpec): string {
  const parts = args.map(sayArg);
  const more = options.length > 0 ? ["[options]"] : [];
  return ["discoveryctl", ...words, ...parts, ...more].join(" ");
}

function sayArg({ name, many, optional }: ArgSpec): string {
  const text = many === true ? `${name}...` : name;
  return optional === true ? `[${text}]` : text;
}

export function sayOption({ name, short, value }: OptionSpec): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  return `${letter}--${name}${value === undefined ? "" : ` ${value.name}`}`;
}

function commandHelp(spec: CommandSpec): string {
  const args = spec.args.map(({ name, summary, of }): [string, string] => [name, summary + choices(of)]);
  const options = spec.options.map((option): [string, string] => [
    sayOption(option),
    option.summary + choices(option.value?.choices),
  ]);
  const exits = (spec.exits ?? []).map(([code, meaning]): [string, string] => [`${code}`, meaning]);
  return [
    spec.summary,
    "",
    `Usage: ${usage(spec)}`,
    ...section("Arguments", args),
    ...section("Options", options),
    ...section("Everywhere", everywhere(spec)),
    ...section("Exit codes", exits),
    ...examples(spec),
    "",
  ].join("\n");
}

function choices(of: ArgSpec["of"]): string {
  return typeof of === "object" ? ` One of ${of.join(", ")}.` : "";
}

function everywhere(spec?: CommandSpec): [string, string][] {
  return GLOBAL.map((option) => {
    const all = option.name === "output" ? (spec?.outputs ?? OUTPUTS) : option.value?.choices;
    return [sayOption(option), option.summary + (all === undefined ? "" : ` One of ${all.join(", ")}.`)];
  });
}

function examples({ examples: lines }: CommandSpec): string[] {
  return lines.length === 0 ? [] : ["", "Examples:", ...lines.map((line) => `  ${line}`)];
}

function overview(commands: readonly CommandSpec[]): string {
  const nouns = Object.entries(NOUNS).map(([noun, about]): [string, string] => {
    const verbs = commands
      .filter(({ words }) => words.length === 2 && words[0] === noun)
      .map(({ words }) => words[1]);
    return [`${noun} ${verbs.join("|")}`, about];
  });
  const single = commands.filter(({ words }) => words.length === 1);
  return [
    "discoveryctl operates a DISCOVERY agent and, through it, the whole network.",
    "",
    "Usage: discoveryctl <noun> <verb> [arguments] [options]",
    "       discoveryctl --version",
    ...section("Nouns", nouns),
    ...section(
      "Verbs",
      single.map(({ words, summary }) => [words[0] ?? "", summary]),
    ),
    ...section("Everywhere", everywhere()),
    "",
    "discoveryctl <noun> <verb> --help explains a command.",
    "",
  ].join("\n");
}

function nounHelp(noun: string, commands: readonly CommandSpec[]): string {
  const verbs = commands.filter(({ words }) => words.length === 2 && words[0] === noun);
  const lines = verbs.map((spec): [string, string] => [
    [...spec.words.slice(1), ...spec.args.map(sayArg)].join(" "),
    spec.summary,
  ]);
  return [NOUNS[noun] ?? "", "", `Usage: discoveryctl ${noun} <verb>`, ...section("Verbs", lines), ""].join(
    "\n",
  );
}

/** Longer names stand on a line of their own. */
const NAME_COLUMN = 34;

function section(title: string, lines: readonly (readonly [string, string])[]): string[] {
  if (lines.length === 0) return [];
  const widest = Math.min(NAME_COLUMN, Math.max(...lines.map(([name]) => name.length)));
  const text = lines.flatMap(([name, about]) =>
    name.length > widest
      ? [`  ${name}`, `  ${" ".repeat(widest)}  ${about}`]
      : [`  ${name.padEnd(widest)}  ${about}`],
  );
  return ["", `${title}:`, ...text];
}
