/** From words to an exit code. */
import packageJson from "../../package.json" with { type: "json" };
import { DiscoveryError, type Failure, fail, ok, type Result } from "../lib/error.ts";
import { clientFor } from "./connection.ts";
import type { Context, Platform } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { Input } from "./input.ts";
import { isDocument, sayError } from "./output/document.ts";
import { exitCodeOf, sayFailure } from "./output/failure.ts";
import { OUTPUTS, type OutputFormat } from "./output/format.ts";
import { COLOURS, type Palette, PLAIN } from "./output/palette.ts";
import { parse } from "./parse.ts";
import type { CommandSpec } from "./spec.ts";

export async function run(argv: readonly string[], platform: Platform): Promise<number> {
  const errors = paletteFor(platform, platform.stderr.isTty);
  const asked = askedFormat(argv, platform);
  const failed = (failure: Failure): number => {
    platform.stderr.write(`${isDocument(asked) ? sayError(failure) : sayFailure(failure, errors)}\n`);
    return exitCodeOf(failure);
  };
  if (argv[0] === "__complete") return await complete(argv.slice(1), platform);
  const parsed = parse(argv);
  if (!parsed.ok) return failed(parsed.failure);
  if (parsed.value.kind === "help") {
    const { help } = await import("./help.ts");
    const { words, wanted } = parsed.value;
    (wanted ? platform.stdout : platform.stderr).write(help(words));
    return wanted ? EXIT.done : EXIT.usage;
  }
  if (parsed.value.kind === "version") {
    platform.stdout.write(`discoveryctl ${packageJson.version}\n`);
    return EXIT.done;
  }
  const { spec, input } = parsed.value;
  const format = formatOf(spec, input, platform);
  if (!format.ok) return failed(format.failure);
  try {
    const handler = await spec.load();
    return await handler(contextOf(input, platform, format.value, failed), input);
  } catch (cause) {
    if (cause instanceof DiscoveryError) return failed(cause.failure);
    throw cause;
  }
}

async function complete(words: readonly string[], platform: Platform): Promise<number> {
  const { candidates } = await import("./complete.ts");
  for (const word of await candidates(words, platform)) platform.stdout.write(`${word}\n`);
  return EXIT.done;
}

function contextOf(
  input: Input,
  platform: Platform,
  format: OutputFormat,
  failed: (failure: Failure) => number,
): Context {
  const { stdout, stderr } = platform;
  const timeoutMs = input.duration("timeout") ?? null;
  return {
    platform,
    client: clientFor(platform, input.text("socket"), timeoutMs),
    format,
    header: !input.flag("no-header"),
    watch: input.flag("watch"),
    strict: input.flag("strict"),
    timeoutMs,
    palette: paletteFor(platform, stdout.isTty),
    print: (text) => stdout.write(text),
    say: (text) => stderr.write(`${text}\n`),
    failed,
  };
}

/** What is asked for must be to be had; what the environment prefers is taken where it is. */
function formatOf(spec: CommandSpec, input: Input, { environment }: Platform): Result<OutputFormat> {
  const known = spec.outputs ?? OUTPUTS;
  const asked = input.text("output");
  const preferred = environment["DISCOVERY_OUTPUT"] ?? "table";
  if (asked === undefined && !isOutput(preferred)) return fail(BAD_OUTPUT);
  const format = known.find((output) => output === (asked ?? preferred));
  if (format !== undefined) return ok(format);
  if (asked === undefined) return ok(known[0]);
  const command = spec.words.join(" ");
  const message = `${command} has no output ${asked}`;
  return fail({ code: "invalid", message, hint: `-o takes ${known.join(", ")} here` });
}

function isOutput(text: string): text is OutputFormat {
  return (OUTPUTS as readonly string[]).includes(text);
}

/** What errors look like is to be known before the words are understood: they may be what is wrong. */
function askedFormat(argv: readonly string[], { environment }: Platform): OutputFormat {
  const option = /(?:^|\n)(?:-o=?|--output=?)\n?(json|yaml)(?:\n|$)/.exec(argv.join("\n"));
  const named = option?.[1] ?? environment["DISCOVERY_OUTPUT"] ?? "table";
  return isOutput(named) ? named : "table";
}

const BAD_OUTPUT: Failure = {
  code: "invalid",
  message: "DISCOVERY_OUTPUT is no form of output",
  hint: `set it to ${OUTPUTS.join(", ")}`,
};

/** https://no-color.org: set and not empty. */
function paletteFor({ environment }: Platform, isTty: boolean): Palette {
  const off = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return isTty && !off ? COLOURS : PLAIN;
}
