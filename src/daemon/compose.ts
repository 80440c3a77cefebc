/**
 * The composition root: reads like a table of contents. What is opened here is closed in reverse order; guests are
 * never touched by either.
 */
import { availableParallelism, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { BootClock } from "../adapters/clock/boot-clock.ts";
import { ControlSocket } from "../adapters/control-socket/index.ts";
import { DEFAULT_LIMITS } from "../adapters/libp2p/settings.ts";
import { Libp2pTransport } from "../adapters/libp2p/transport.ts";
import { logEntry } from "../adapters/logging/log-entry.ts";
import type { Logger } from "../adapters/logging/logger.ts";
import { SolverThread } from "../adapters/solver-worker/solver-thread.ts";
import { SqliteJournal } from "../adapters/store/journal.ts";
import { Agent, PROTOCOL } from "../agent/agent.ts";
import type { Notification } from "../agent/notifications.ts";
import { type Config, lrtConfigOf, membershipConfigOf } from "../config/index.ts";
import { Driver } from "../driver/driver.ts";
import { present } from "../lib/assert.ts";
import { Random } from "../lib/random.ts";
import { messageCodec } from "../wire/index.ts";
import { EventFeed } from "./event-feed.ts";
import { openHypervisor } from "./hypervisor.ts";
import { Relay } from "./relay.ts";
import { Requests } from "./requests.ts";
import { VERSION } from "./version.ts";

/** A running agent process. */
export interface Daemon {
  readonly agent: Agent;
  readonly addresses: readonly string[];
  /** One line for people: `4 hosts, 12 VMs`. */
  status(): string;
  /** Whether the agent still works: for the watchdog. */
  healthy(): boolean;
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Something can never be right again in this process: it must end, and be started anew. */
  readonly fatal: (reason: string) => void;
}

/** @throws DiscoveryError when a part cannot be opened; what was opened before it has then been closed. */
export async function compose({ config, logger, fatal }: ComposeOptions): Promise<Daemon> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const part of closing.splice(0).reverse()) await part();
  };
  try {
    return await open(config, logger, fatal, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  config: Config,
  logger: Logger,
  fatal: (reason: string) => void,
  closing: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Daemon> {
  const { paths, network } = config;
  const relay = new Relay();
  const clock = new BootClock();
  const feed = new EventFeed({ history: config.control.eventHistory });

  const store = await SqliteJournal.open(paths.stateDir, {
    persisted: (id) => relay.persisted(id),
    space: (state) =>
      logger.write({
        level: state === "ample" ? "info" : "error",
        event: "disk.space",
        message: `room on the disk: ${state}`,
        fields: { state },
      }),
    broken: (failure) => fatal(failure.message),
  });
  closing.push(() => store.journal.close());

  const transport = await Libp2pTransport.start(
    {
      identityFile: paths.identityKey === "auto" ? join(paths.stateDir, "identity.key") : paths.identityKey,
      clusterKeyFile: paths.clusterKey,
      listen: network.listen,
      protocol: PROTOCOL,
      version: VERSION,
      limits: DEFAULT_LIMITS,
    },
    {
      codec: messageCodec,
      sink: relay,
      report: ({ event, ...fields }) =>
        logger.write({
          level: "debug",
          event: `transport.${event}`,
          message: fields.reason ?? event,
          fields,
        }),
    },
  );
  closing.push(() => transport.close());

  const capacity = {
    cpu: config.host.capacity.cpus === "auto" ? availableParallelism() * 1000 : config.host.capacity.cpus,
    memory:
      config.host.capacity.memory === "auto"
        ? Math.floor(totalmem() / 1_048_576)
        : config.host.capacity.memory,
  };
  const hypervisor = await openHypervisor(config, capacity, { clock, sink: relay, logger });
  closing.push(() => hypervisor.close());

  const solver = new SolverThread({
    sink: relay,
    failed: (error) => logger.error("solver.failed", "the solver failed: this is a defect", new Error(error)),
  });
  closing.push(() => solver.close());

  const name =
    config.host.name === "auto" ? present(hostname().split(".")[0], "a hostname") : config.host.name;
  const agent = new Agent(
    {
      lrt: lrtConfigOf(config.lrt),
      membership: { ...membershipConfigOf(config.membership), seeds: network.join },
    },
    {
      id: transport.id,
      name,
      addresses: transport.addresses,
      labels: config.host.labels,
      capacity,
      boot: store.bootCount,
      joinedAt: joinedAt(store.rows, store.journal),
      version: VERSION,
    },
    new Random(`${transport.id}/${store.bootCount}`),
    store.rows,
  );
  const requests = new Requests(relay);
  closing.push(async () => requests.close());
  const observer = {
    notify: (notification: Notification): void => {
      const entry = logEntry(notification, (node) => agent.nameOf(node));
      logger.write(entry);
      feed.publish(entry, notification);
    },
  };
  const journal = store.journal;
  const driver = new Driver(agent, {
    clock,
    transport,
    journal,
    hypervisor: hypervisor.port,
    solver,
    replies: requests,
    observer,
  });
  closing.push(async () => {
    driver.deliver({ kind: "stopping" });
    driver.stop();
  });

  const sockets = new ControlSocket(config, {
    execute: (command, signal) => hypervisor.intercept(command) ?? requests.execute(command, signal),
    events: feed,
    version: VERSION,
    host: name,
  });
  relay.driver = driver;
  driver.start();
  await hypervisor.start();
  await sockets.listen();
  closing.push(() => sockets.close());

  return {
    agent,
    addresses: transport.addresses,
    status: () => statusLine(agent),
    healthy: () => driver.dropped === 0,
    close,
  };
}

/** When this host first joined: written once, told ever after. */
function joinedAt(rows: ReadonlyMap<string, unknown>, journal: SqliteJournal): string {
  const known = rows.get("daemon/joined-at");
  if (typeof known === "string") return known;
  const now = new Date().toISOString();
  journal.write(0, [{ key: "daemon/joined-at", value: now }]);
  return now;
}

function statusLine(agent: Agent): string {
  const alive = agent.members().filter(({ state }) => state === "alive").length;
  return `${alive} hosts alive, ${agent.lrt.inventory.managed().length} VMs managed here`;
}
