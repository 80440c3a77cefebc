/** `discoveryd`: one agent, from its configuration to its end. */
import { parseArgs } from "node:util";
import { readClusterKey } from "../adapters/libp2p/cluster-key.ts";
import { createLogger } from "../adapters/logging/logger.ts";
import { ServiceNotifier } from "../adapters/systemd/service-notifier.ts";
import { ConfigHolder, DEFAULT_FILE } from "../config/load.ts";
import { sayProblem, sayProblems } from "../config/problem.ts";
import { DiscoveryError, ERROR_CODES } from "../lib/error.ts";
import { compose, type Daemon } from "./compose.ts";
import { VERSION } from "./version.ts";

const USAGE = `Usage: discoveryd [--config FILE] [--check-config] [--version] [--help]

Runs the agent of this host. Its configuration is ${DEFAULT_FILE} and conf.d/*.yaml beside it;
environment variables (DISCOVERY_…) win over files. SIGTERM ends the agent. SIGHUP reads the
configuration again: log.level is taken over, what else has changed is named in the log and waits
for the next start. Neither touches a VM.
`;

/** Closing takes a few seconds at most; then the process ends anyway. */
const CLOSING_MS = 10_000;
const STATUS_MS = 10_000;
/** What SIGHUP takes over while the agent runs. */
const RELOADED = "log.level";
/** When what the start has left behind is collected: the first peers are known by then. */
const TIDY_MS = 10_000;

const options = readArguments();
const opened = ConfigHolder.open({
  ...(options.config === undefined ? {} : { file: options.config }),
  environment: process.env,
});
if (!opened.ok || opened.holder === undefined) {
  const problems = opened.ok ? [] : opened.problems;
  for (const line of sayProblems(problems)) process.stderr.write(`discoveryd: ${line}\n`);
  process.exit(ERROR_CODES.invalid.exit);
}
const holder = opened.holder;
for (const warning of holder.current.warnings)
  process.stderr.write(`discoveryd: warning: ${sayProblem(warning)}\n`);
if (options.check) {
  checkKey(holder.current.config.paths.clusterKey);
  process.stdout.write("the configuration is valid\n");
  process.exit(0);
}
await run();

async function run(): Promise<void> {
  const { config } = holder.current;
  const logger = createLogger({ level: config.log.level, host: config.host.name });
  const notifier = new ServiceNotifier(process.env, {
    helper: "systemd-notify",
    failed: (reason) => logger.write({ level: "warn", event: "systemd.silent", message: reason, fields: {} }),
  });
  let daemon: Daemon;
  try {
    daemon = await compose({ config, logger, fatal: (reason) => die(reason) });
  } catch (error) {
    giveUp(error);
  }
  logger.write({
    level: "info",
    event: "agent.started",
    message: `discoveryd ${VERSION} is up`,
    fields: { name: daemon.name, addresses: daemon.addresses, version: VERSION, pid: process.pid },
  });
  notifier.ready(daemon.status());
  notifier.watch(() => healthy());
  setTimeout(tidy, TIDY_MS).unref();
  const status = setInterval(() => notifier.status(daemon.status()), STATUS_MS);
  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    clearInterval(status);
    notifier.stopping(`stopping after ${signal}`);
    setTimeout(() => process.exit(1), CLOSING_MS).unref();
    await daemon.close();
    await notifier.close();
    logger.write({
      level: "info",
      event: "agent.stopped",
      message: `stopped after ${signal}`,
      fields: { signal },
    });
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(signal));
  process.on("SIGHUP", () => reload());

  let complained: string | null = null;
  function healthy(): boolean {
    const problem = daemon.problem();
    if (problem !== null && problem !== complained)
      logger.write({ level: "error", event: "agent.unhealthy", message: problem, fields: {} });
    complained = problem;
    return problem === null;
  }

  function reload(): void {
    const result = holder.reload();
    if (result.ok) {
      logger.setLevel(result.value.config.log.level);
      const waiting = holder.changed().filter((path) => path !== RELOADED);
      const later = waiting.length === 0 ? "" : `; at the next start: ${waiting.join(", ")}`;
      return logger.write({
        level: waiting.length === 0 ? "info" : "warn",
        event: "config.reloaded",
        message: `${RELOADED} is in force${later}`,
        fields: { waiting },
      });
    }
    const problems = result.problems.map(sayProblem);
    logger.write({
      level: "warn",
      event: "config.refused",
      message: "the old configuration stays in force",
      fields: { problems },
    });
  }

  function die(reason: string): void {
    logger.write({ level: "error", event: "agent.broken", message: reason, fields: {} });
    process.exit(1);
  }
}

/** An agent makes so little garbage afterwards that V8 would keep its start's for hours: some 10 MB. */
function tidy(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

/** The one file beside the configuration without which no agent starts. */
function checkKey(file: string): void {
  try {
    readClusterKey(file);
  } catch (error) {
    giveUp(error);
  }
}

function giveUp(error: unknown): never {
  if (!(error instanceof DiscoveryError)) throw error;
  const { message, reason, hint, code } = error.failure;
  for (const text of [message, reason, hint])
    if (text !== undefined) process.stderr.write(`discoveryd: ${text}\n`);
  process.exit(ERROR_CODES[code].exit);
}

function readArguments(): { readonly config: string | undefined; readonly check: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: "string", short: "c" },
        "check-config": { type: "boolean", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help || values.version) {
      process.stdout.write(values.help ? USAGE : `discoveryd ${VERSION}\n`);
      process.exit(0);
    }
    return { config: values.config, check: values["check-config"] };
  } catch (error) {
    process.stderr.write(`discoveryd: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(ERROR_CODES.invalid.exit);
  }
}
