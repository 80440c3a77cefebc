/** discoveryctl as an operator runs it: a process, its exit code and what it says. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { AgentProcess } from "../../../scripts/demo-cluster.ts";

const PROGRAM = new URL("../../../bin/discoveryctl", import.meta.url).pathname;
const LIMIT_MS = 120_000;

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CtlOptions {
  /** Standard input. */
  readonly input?: string;
  /** Another user, by name, and of no group that matters: root only. */
  readonly user?: string;
}

/** Runs it against the agent, or against a socket folder. Resolves at its end, whatever the exit code. */
export function discoveryctl(
  at: AgentProcess | string,
  args: readonly string[],
  { input = "", user }: CtlOptions = {},
): Promise<Told> {
  const sockets = typeof at === "string" ? at : join(at.directory, "run");
  const as =
    user === undefined ? [] : ["setpriv", `--reuid=${user}`, "--regid=65534", "--clear-groups", "--"];
  const [command = "", ...rest] = [...as, PROGRAM, ...args];
  const env = { ...process.env, DISCOVERY_SOCKET: sockets, NO_COLOR: "1" };
  const child = spawn(command, rest, { env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {}).end(input);
  const alarm = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  return new Promise((resolve) =>
    child.once("close", (code) => {
      clearTimeout(alarm);
      resolve({ code, stdout, stderr });
    }),
  );
}
