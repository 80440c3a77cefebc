/** discoveryctl: the process round the program. */
import { readFileSync } from "node:fs";
import type { Platform } from "./context.ts";
import { run } from "./run.ts";

const INTERRUPTED = 130;
/** What a program gets that writes to a pipe nobody reads any more: that is no failure. */
const PIPE_CLOSED = 0;

const interrupt = new AbortController();
process.on("SIGINT", () => {
  if (interrupt.signal.aborted) process.exit(INTERRUPTED);
  interrupt.abort();
});
process.on("SIGTERM", () => interrupt.abort());
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => process.exit(code === "EPIPE" ? PIPE_CLOSED : 1));
}

const streamOf = (stream: NodeJS.WriteStream) => ({
  isTty: stream.isTTY === true,
  columns: stream.columns ?? 80,
  write: (text: string) => void stream.write(text),
});

async function ask(question: string): Promise<boolean> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(
      (await terminal.question(`${question} [y/N] `, { signal: interrupt.signal })).trim(),
    );
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}

/** No captured cloud is longer (the client reads no longer answer); what is cut off is refused by whoever reads it. */
const MAX_INPUT = 64 << 20;

/** As a stream: a pipe that has nothing yet is no error. */
async function readStdin(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > MAX_INPUT) break;
  }
  return text;
}

const platform: Platform = {
  environment: process.env,
  stdout: streamOf(process.stdout),
  stderr: streamOf(process.stderr),
  interrupted: interrupt.signal,
  now: () => Date.now(),
  readFile: (path) => readFileSync(path, "utf8"),
  readStdin,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : null,
};

process.exitCode = await run(process.argv.slice(2), platform);
