/** Running the machine's own tools (ip, virsh, iptables) from the bed: one promise per command, always with a deadline. */
import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** After this many milliseconds the command is killed and the promise rejects. Default 30 000. */
  readonly deadlineMs?: number;
  /** Written to the command's standard input. */
  readonly input?: string;
  /** Resolve whatever the exit code is. Default false: another code than 0 rejects. */
  readonly anyCode?: boolean;
}

/** Runs `command` and resolves with what it said. Rejects with a `CommandFailed` that quotes it. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(command, args, { stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {}).end(options.input ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  const line = [command, ...args].join(" ");
  const alarm = setTimeout(() => {
    child.kill("SIGKILL");
    reject(new CommandFailed(line, "no answer before the deadline", stderr));
  }, options.deadlineMs ?? 30_000);
  child.on("error", (cause) => reject(new CommandFailed(line, cause.message, stderr)));
  child.on("close", (code) => {
    clearTimeout(alarm);
    if (code !== 0 && options.anyCode !== true) reject(new CommandFailed(line, `exit ${code}`, stderr));
    else resolve({ code: code ?? -1, stdout, stderr });
  });
  return promise;
}

export class CommandFailed extends Error {
  readonly stderr: string;
  constructor(line: string, why: string, stderr: string) {
    super(`${line}: ${why}${stderr === "" ? "" : `: ${stderr.trim()}`}`);
    this.name = "CommandFailed";
    this.stderr = stderr;
  }
}

/**
 * Asks `question` again every 20 ms until it answers something else than undefined; rejects with `what` after the
 * deadline (milliseconds). An error of `question` ends the wait.
 */
export async function until<T>(
  what: string,
  question: () => T | undefined | Promise<T | undefined>,
  deadlineMs = 30_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await question();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
