/** From words to an exit code. */
import { DiscoveryError, type Failure } from "../lib/error.ts";
import { clientFor } from "./connection.ts";
import type { Context, Platform } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { Input } from "./input.ts";
import { exitCodeOf, sayFailure } from "./output/failure.ts";
import { OUTPUTS, type OutputFormat } from "./output/format.ts";
import { COLOURS, type Palette, PLAIN } from "./output/palette.ts";
import { parse } from "./parse.ts";

export async function run(argv: readonly string[], platform: Platform): Promise<number> {
  const errors = paletteFor(platform, platform.stderr.isTty);
  const failed = (failure: Failure): number => {
    platform.stderr.write(`${sayFailure(failure, errors)}\n`);
    return exitCodeOf(failure);
  };
  if (argv[0] === "__complete") return await complete(argv.slice(1), platform);
  const parsed = parse(argv);
  if (!parsed.ok) return failed(parsed.failure);
  if (parsed.value.kind === "help") {
    const { help } = await import("./help.ts");
    const { words, asked } = parsed.value;
    (asked ? platform.stdout : platform.stderr).write(help(words));
    return asked ? EXIT.done : EXIT.usage;
  }
  const { spec, input } = parsed.value;
  const format = formatOf(input, platform);
  if (format === null) return failed(BAD_OUTPUT);
  try {
    const handler = await spec.load();
    return await handler(contextOf(input, platform, format, failed), input);
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

function formatOf(input: Input, { environment }: Platform): OutputFormat | null {
  const named = input.text("output") ?? environment["DISCOVERY_OUTPUT"] ?? "table";
  return OUTPUTS.find((output) => output === named) ?? null;
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
