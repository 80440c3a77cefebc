/** `discovery-sim`: worlds in virtual time. Each verb has a folder; it is loaded when it is asked for. */
import packageJson from "../../package.json" with { type: "json" };
import { DiscoveryError } from "../lib/error.ts";
import { EXIT, sayFailure } from "./command-line/failure.ts";
import { sayReason } from "./command-line/files.ts";
import { overview, verbHelp } from "./command-line/help.ts";
import { parse } from "./command-line/parse.ts";
import { VERBS } from "./command-line/verbs.ts";

/** Who reads no more of a pipe is told nothing; what is full or gone is said, on the other stream. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? EXIT.brokenPipe);
  process.stderr.write(sayFailure({ code: "failed", message: `the output is lost: ${sayReason(error)}` }));
  process.exit(EXIT.usage);
});
process.stderr.on("error", () => {});

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parse(argv, VERBS);
  if (!parsed.ok) {
    process.stderr.write(sayFailure(parsed.failure));
    return EXIT.usage;
  }
  switch (parsed.value.kind) {
    case "version":
      process.stdout.write(`discovery-sim ${packageJson.version}\n`);
      return EXIT.done;
    case "help": {
      const { verb, wanted } = parsed.value;
      (wanted ? process.stdout : process.stderr).write(verb === null ? overview(VERBS) : verbHelp(verb));
      return wanted ? EXIT.done : EXIT.usage;
    }
    case "verb": {
      const { verb, input } = parsed.value;
      try {
        return await (await verb.load()).main(input);
      } catch (error) {
        if (!(error instanceof DiscoveryError)) throw error;
        process.stderr.write(sayFailure(error.failure));
        return EXIT.usage;
      }
    }
  }
}
