/** Help, made of the verbs' table. */
import type { OptionSpec, VerbSpec } from "./spec.ts";

export function overview(verbs: readonly VerbSpec[]): string {
  const rows = verbs.map((verb): readonly [string, string] => [verb.name, verb.summary]);
  return [
    "discovery-sim plays worlds of DISCOVERY agents in virtual time.",
    "",
    "Usage: discovery-sim VERB [arguments] [options]",
    "       discovery-sim --version",
    ...section("Verbs", rows),
    "",
    "discovery-sim VERB --help explains a verb.",
    "",
  ].join("\n");
}

export function verbHelp(verb: VerbSpec): string {
  const options = verb.options.map((option): readonly [string, string] => [
    sayOption(option),
    sayMeaning(option),
  ]);
  return [
    verb.summary,
    "",
    `Usage: ${usage(verb)}`,
    ...section(
      "Arguments",
      verb.args.map(({ name, summary }) => [name, summary]),
    ),
    ...section("Options", options),
    ...section(
      "Exit codes",
      verb.exits.map(([code, meaning]) => [`${code}`, meaning]),
    ),
    ...(verb.examples.length === 0 ? [] : ["", "Examples:", ...verb.examples.map((line) => `  ${line}`)]),
    "",
  ].join("\n");
}

export function usage({ name, args, options }: VerbSpec): string {
  const required = options.filter((option) => option.required === true);
  return [
    "discovery-sim",
    name,
    ...args.map((arg) => `${arg.name}…`),
    ...required.map((option) => `--${option.name} ${option.value?.name ?? ""}`),
    ...(options.length > required.length ? ["[options]"] : []),
  ].join(" ");
}

export function sayOption({ name, short, value }: OptionSpec): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  return `${letter}--${name}${value === undefined ? "" : ` ${value.name}`}`;
}

/** The sentence, then what the value may be and what it is without the option. */
export function sayMeaning({ summary, value, standard }: OptionSpec): string {
  const parts = [summary];
  if (value?.kind === "whole") parts.push(`${value.least} to ${value.most}.`);
  if (value?.kind === "choice") parts.push(`One of ${value.of.join(", ")}.`);
  if (standard !== undefined) parts.push(`Standard: ${standard}.`);
  return parts.join(" ");
}

function section(title: string, rows: readonly (readonly [string, string])[]): readonly string[] {
  if (rows.length === 0) return [];
  const widest = Math.max(...rows.map(([name]) => name.length));
  return ["", `${title}:`, ...rows.map(([name, about]) => `  ${name.padEnd(widest)}  ${about}`)];
}
