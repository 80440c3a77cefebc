/**
 * Tells systemd how the service is: ready, stopping, a line of status, and signs of life. Node cannot write to a
 * Unix datagram socket, so the helper that systemd brings along does it; the unit needs NotifyAccess=all.
 * Source: sd_notify(3), systemd-notify(1). One helper runs at a time, for a bounded time; what has changed
 * meanwhile is told by the next. No failure here ever reaches the agent.
 */
import { execFile } from "node:child_process";

const HELPER_TIMEOUT = 2_000;
const MAX_STATUS_LENGTH = 256;

export interface ServiceEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

export interface NotifierDependencies {
  /** The helper's name or path. */
  readonly helper: string;
  /** Told once, when telling systemd fails for the first time. */
  readonly failed: (reason: string) => void;
}

export class ServiceNotifier {
  readonly #environment: ServiceEnvironment;
  readonly #dependencies: NotifierDependencies;
  /** What is still to be told: a later value of a variable replaces an earlier one. */
  #untold = new Map<string, string>();
  #telling = false;
  #complained = false;
  #watchdog: NodeJS.Timeout | undefined;
  #onTold: (() => void)[] = [];

  constructor(environment: ServiceEnvironment, dependencies: NotifierDependencies) {
    this.#environment = environment;
    this.#dependencies = dependencies;
  }

  /** The service is up; systemd starts what waits for it. */
  ready(status: string): void {
    this.#tell({ READY: "1", STATUS: status });
  }

  stopping(status: string): void {
    clearInterval(this.#watchdog);
    this.#tell({ STOPPING: "1", STATUS: status });
  }

  /** One line for `systemctl status`. */
  status(status: string): void {
    this.#tell({ STATUS: status });
  }

  /**
   * Gives a sign of life twice in each watchdog interval, as long as `healthy` says so; without them systemd
   * restarts the service.
   * @returns the interval of the signs in milliseconds, or null when no watchdog watches this process.
   */
  watch(healthy: () => boolean): number | null {
    const interval = watchdogInterval(this.#environment);
    if (interval === null) return null;
    this.#watchdog = setInterval(() => healthy() && this.#tell({ WATCHDOG: "1" }), interval);
    this.#watchdog.unref();
    return interval;
  }

  /** Stops the signs of life; resolves when all has been told. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    if (this.#telling) await new Promise<void>((resolve) => this.#onTold.push(resolve));
  }

  #tell(variables: { readonly [name: string]: string }): void {
    if (!this.#environment.NOTIFY_SOCKET) return;
    for (const [name, value] of Object.entries(variables)) this.#untold.set(name, oneLine(value));
    if (!this.#telling) this.#run();
  }

  #run(): void {
    const told = [...this.#untold].map(([name, value]) => `${name}=${value}`);
    this.#untold = new Map();
    this.#telling = told.length > 0;
    if (!this.#telling) {
      for (const done of this.#onTold.splice(0)) done();
      return;
    }
    const options = { timeout: HELPER_TIMEOUT, killSignal: "SIGKILL" } as const;
    execFile(this.#dependencies.helper, told, options, (error) => {
      if (error !== null) this.#complain(error.message);
      this.#run();
    });
  }

  #complain(reason: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#dependencies.failed(reason);
  }
}

/** Half of what systemd allows, if it is this process that it watches. */
function watchdogInterval({ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID }: ServiceEnvironment): number | null {
  const allowed = Number(WATCHDOG_USEC) / 1_000;
  if (!NOTIFY_SOCKET || !Number.isFinite(allowed) || allowed < 2) return null;
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid) return null;
  return Math.floor(allowed / 2);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, MAX_STATUS_LENGTH);
}
