/** A process inside a host's namespaces, as its parent outside sees it. */
import type { ChildProcess } from "node:child_process";

export interface HostExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class HostProcess {
  /** Standard streams; its pid is that of the wrapper (nsenter), so signal through `kill`. */
  readonly child: ChildProcess;
  /** The process itself, as the machine numbers it. */
  readonly pid: number;
  readonly exited: Promise<HostExit>;

  constructor(child: ChildProcess, pid: number, exited: Promise<HostExit>) {
    this.child = child;
    this.pid = pid;
    this.exited = exited;
  }

  /** False when it is gone. A continued process needs its wrapper continued too: that one stops along with it. */
  kill(signal: NodeJS.Signals): boolean {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return false;
    try {
      process.kill(this.pid, signal);
      if (signal === "SIGCONT") this.child.kill(signal);
      return true;
    } catch {
      return false;
    }
  }
}
