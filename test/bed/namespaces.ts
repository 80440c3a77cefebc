/**
 * Processes in a host's namespaces, made with util-linux: `startInit` makes the namespaces and their pid 1, `enter`
 * runs a further process in them.
 *
 *     this process ── unshare (holder) ── host-init.sh, pid 1 of the host
 *                  └─ nsenter (wrapper) ── the process
 *
 * A holder dies with the thread that made it (PR_SET_PDEATHSIG), pid 1 with its holder, and the rest with pid 1.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childrenOf } from "./processes.ts";
import { until } from "./run.ts";

const INIT = fileURLToPath(new URL("./host-init.sh", import.meta.url));
/** Writes the shell into the cgroups before "--", then becomes the command after it. */
const JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1"; shift; done; shift; exec "$@"';

export interface InitOptions {
  readonly host: string;
  readonly dir: string;
  /** The network namespace's file; the other namespaces are made. */
  readonly network: string;
  /** cgroup.procs files for the holder. */
  readonly holderGroups: readonly string[];
  /** cgroup.procs files of the host's root group. */
  readonly rootGroups: readonly string[];
  /** "name:type:options" of the cgroup file systems that the host mounts. */
  readonly mounts: readonly string[];
}

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: StdioOptions;
}

export interface HostExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Boots a host; resolves with its pid 1 (as the machine numbers it) when that one says that libvirtd runs. */
export async function startInit(options: InitOptions): Promise<number> {
  const { host, dir, network, holderGroups } = options;
  const unshare = [
    "unshare",
    "--mount",
    "--uts",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    INIT,
  ];
  const holder = ["setpriv", "--pdeathsig", "KILL", "nsenter", `--net=${network}`, ...unshare];
  const env = {
    ...process.env,
    BED_HOST: host,
    BED_DIR: dir,
    BED_ROOT: options.rootGroups.join(" "),
    BED_CGROUPS: options.mounts.join(" "),
  };
  const child = spawn("sh", ["-c", JOIN, "sh", ...holderGroups, "--", ...holder], {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await saysUp(host, child);
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  return childrenOf(child.pid ?? 0)[0] ?? 0;
}

/**
 * Runs a process in the namespaces of `init`, in the given cgroups. Not a promise: Node throws away what a process has
 * said when it ends before somebody listens.
 */
export function enter(
  init: number,
  groups: readonly string[],
  command: readonly string[],
  options: ExecOptions,
): HostProcess {
  const nsenter = ["nsenter", "-t", String(init), "-m", "-u", "-n", "-p", "-C", `--wd=${options.cwd ?? "/"}`];
  const inner = ["setpriv", "--pdeathsig", "KILL", "--", ...command];
  const child = spawn("sh", ["-c", JOIN, "sh", ...groups, "--", ...nsenter, "--", ...inner], {
    stdio: options.stdio ?? "pipe",
    env: options.env ?? process.env,
    detached: true,
  });
  return new HostProcess(child);
}

/** A process inside a host, as its parent outside sees it. It ends with the host's power, and with its wrapper. */
export class HostProcess {
  /** Standard streams. Its pid is the wrapper's: signal through `kill`. */
  readonly child: ChildProcess;
  /** Its streams may still hold something then. */
  readonly exited: Promise<HostExit>;
  /** The process itself, as the machine numbers it; undefined when it has ended before it was seen. */
  readonly started: Promise<number | undefined>;
  #over = false;

  constructor(child: ChildProcess) {
    this.child = child;
    this.exited = exitOf(child);
    void this.exited.then(() => (this.#over = true));
    const wrapper = child.pid ?? 0;
    const seen = () => childrenOf(wrapper)[0] ?? (this.#over ? null : undefined);
    this.started = until("a process inside a host starts", seen).then((pid) => pid ?? undefined);
  }

  /** Resolves with false when it is gone. A continued process needs its wrapper continued too: they stop together. */
  async kill(signal: NodeJS.Signals): Promise<boolean> {
    const pid = await this.started;
    if (pid === undefined || this.#over) return false;
    process.kill(pid, signal);
    if (signal === "SIGCONT") this.child.kill(signal);
    return true;
  }
}

function exitOf(child: ChildProcess): Promise<HostExit> {
  const { promise, resolve } = Promise.withResolvers<HostExit>();
  child.on("error", () => resolve({ code: -1, signal: null }));
  child.on("exit", (code, signal) => resolve({ code, signal }));
  return promise;
}

/** Resolves when the host's pid 1 says "up"; rejects with what it said otherwise. */
function saysUp(host: string, child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (/^up$/m.test(said)) resolve();
  });
  child.on("exit", (code) => reject(new Error(`${host} did not boot (exit ${code}): ${said.trim()}`)));
  return promise;
}
