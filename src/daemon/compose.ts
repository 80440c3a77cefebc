/**
 * The composition root: reads like a table of contents. What is opened here is closed in reverse order; guests are
 * never touched by either.
 */
import { availableParallelism, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BootClock } from "../adapters/clock/boot-clock.ts";
import { ControlSocket } from "../adapters/control-socket/control-socket.ts";
import { DEFAULT_LIMITS } from "../adapters/libp2p/settings.ts";
import { Libp2pTransport } from "../adapters/libp2p/transport.ts";
import { logEntry } from "../adapters/logging/log-entry.ts";
import type { Logger } from "../adapters/logging/logger.ts";
import { AgentCounters } from "../adapters/metrics/agent-counters.ts";
import { MetricsEndpoint } from "../adapters/metrics/endpoint.ts";
import { MetricsRegistry } from "../adapters/metrics/registry.ts";
import { SolverThread } from "../adapters/solver-worker/solver-thread.ts";
import { type OpenedJournal, SqliteJournal } from "../adapters/store/journal.ts";
import { Agent, KEY_JOINED_AT, PROTOCOL } from "../agent/agent.ts";
import type { Message } from "../agent/messages.ts";
import type { Notification } from "../agent/notifications.ts";
import type { Config } from "../config/schema.ts";
import { lrtConfigOf } from "../config/sections/lrt.ts";
import { membershipSettingsOf } from "../config/sections/membership.ts";
import { Driver } from "../driver/driver.ts";
import { present } from "../lib/assert.ts";
import { Random } from "../lib/random.ts";
import type { Resources } from "../model/resources.ts";
import { WireCodec } from "../wire/codec.ts";
import { EventFeed } from "./event-feed.ts";
import { loadGuest, type OpenedHypervisor, openHypervisor } from "./hypervisor.ts";
import { meterAgent, meterProcess, meterTransport } from "./metrics.ts";
import { Relay } from "./relay.ts";
import { Requests } from "./requests.ts";
import { VERSION } from "./version.ts";
import { Vitals } from "./vitals.ts";
import { watchedHypervisor, watchedJournal } from "./watched.ts";

/** A running agent process. */
export interface Daemon {
  readonly name: string;
  readonly addresses: readonly string[];
  /** One line for people: `4 hosts alive, 12 VMs managed here`. */
  status(): string;
  /** What is wrong with this process that a new start could mend, or null. */
  problem(): string | null;
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Something can never be right again in this process: it must end, and be started anew. */
  readonly fatal: (reason: string) => void;
}

const HEARTBEAT_MS = 15_000;
/** How long an agent that stops waits for guests that are leaving its host. */
const LEAVING_MS = 5_000;
/** A disk that takes longer keeps nobody: others hold this agent for dead then, not for one that has left. */
const WRITING_MS = 2_000;
const LOOK_MS = 20;

/** @throws DiscoveryError when a part cannot be opened; what was opened before it has then been closed. */
export async function compose({ config, logger, fatal }: ComposeOptions): Promise<Daemon> {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const part of closing.splice(0).reverse()) await part();
  };
  try {
    const clock = new BootClock();
    const registry = new MetricsRegistry();
    const counters = new AgentCounters(registry);
    const vitals = new Vitals({ now: () => performance.now(), lag: (ms) => counters.lag(ms) });
    const relay = new Relay(vitals);
    const feed = new EventFeed();

    const store = await openStore(config, relay, fatal);
    closing.push(() => store.journal.close());

    const transport = await openTransport(config, relay, logger);
    closing.push(() => transport.close());

    const capacity = capacityOf(config);
    const hypervisor = await openHypervisor(config, capacity, { clock, sink: relay, logger });
    closing.push(() => hypervisor.close());

    const failed = (error: string): void =>
      logger.error("solver.failed", "a defect in the solver", new Error(error));
    const solver = new SolverThread({ sink: relay, failed });
    closing.push(() => solver.close());

    const name = nameOf(config);
    const agent = makeAgent(config, name, capacity, transport, store);
    const requests = new Requests(relay);
    const observer = observe(agent, logger, feed, counters);
    meterAgent(registry, agent, () => clock.now());
    meterTransport(registry, transport);
    meterProcess(registry);
    const driver = new Driver(agent, {
      clock,
      transport,
      journal: watchedJournal(store.journal, vitals),
      hypervisor: watchedHypervisor(hypervisor.port, vitals),
      solver,
      replies: requests,
      observer,
    });
    relay.driver = driver;
    closing.push(async () => {
      driver.deliver({ kind: "stopping" });
      // Guests on their way to other hosts are called back, or go.
      await within(LEAVING_MS, () => agent.lrt.participant.departures() === 0);
      // What it says of its leave waits for its disk.
      await within(WRITING_MS, () => driver.idle);
      requests.close();
      driver.stop();
    });

    const metrics = () => registry.render();
    const sockets = openSockets(config, name, { requests, hypervisor, feed, logger, metrics });
    driver.start();
    relay.space(store.space);
    await hypervisor.start();
    await sockets.start();
    closing.push(() => sockets.close());
    if (config.metrics.enabled) {
      const { address, port } = config.metrics;
      const endpoint = await MetricsEndpoint.listen(address, port, metrics);
      closing.push(() => endpoint.close());
    }
    vitals.start();
    closing.push(() => vitals.stop());

    return {
      name,
      addresses: transport.addresses,
      status: () => statusLine(agent),
      problem: () => vitals.problem(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Looks again and again; takes so many milliseconds at the most. */
async function within(ms: number, over: () => boolean): Promise<void> {
  for (let waited = 0; waited < ms && !over(); waited += LOOK_MS) await setTimeout(LOOK_MS);
}

function openStore(config: Config, relay: Relay, fatal: ComposeOptions["fatal"]): Promise<OpenedJournal> {
  return SqliteJournal.open(config.paths.stateDir, {
    persisted: (id) => relay.persisted(id),
    space: (state) => relay.space(state),
    broken: (failure) => fatal(failure.message),
  });
}

function openTransport(config: Config, relay: Relay, logger: Logger): Promise<Libp2pTransport<Message>> {
  const { paths, network } = config;
  const { stateDir, identityKey, clusterKey } = paths;
  return Libp2pTransport.start<Message>(
    {
      identityFile: identityKey === "auto" ? join(stateDir, "identity.key") : identityKey,
      clusterKeyFile: clusterKey,
      listen: network.listen,
      protocol: PROTOCOL,
      version: VERSION,
      limits: DEFAULT_LIMITS,
    },
    {
      codec: new WireCodec(),
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
}

function makeAgent(
  config: Config,
  name: string,
  capacity: Resources,
  transport: Libp2pTransport<Message>,
  store: OpenedJournal,
): Agent {
  const settings = {
    lrt: lrtConfigOf(config.lrt),
    membership: membershipSettingsOf(config.membership, config.network.join),
  };
  const identity = {
    id: transport.id,
    name,
    addresses: transport.addresses,
    labels: config.host.labels,
    capacity,
    boot: store.bootCount,
    joinedAt: joinedAt(store),
    version: VERSION,
  };
  const random = new Random(`${transport.id}/${store.storeId}/${store.bootCount}`);
  return new Agent(settings, identity, random, store.rows);
}

function observe(agent: Agent, logger: Logger, feed: EventFeed, counters: AgentCounters) {
  return {
    notify: (notification: Notification): void => {
      counters.count(notification);
      const entry = logEntry(notification, (node) => agent.nameOf(node));
      logger.write(entry);
      feed.publish(entry);
    },
  };
}

interface Doors {
  readonly requests: Requests;
  readonly hypervisor: OpenedHypervisor;
  readonly feed: EventFeed;
  readonly logger: Logger;
  readonly metrics: () => string;
}

function openSockets(
  config: Config,
  host: string,
  { requests, hypervisor, feed, logger, metrics }: Doors,
): ControlSocket {
  const { control, paths } = config;
  return new ControlSocket(
    {
      host,
      version: VERSION,
      directory: paths.runtimeDir,
      adminGroup: control.adminGroup,
      readGroup: control.readGroup,
      requestTimeoutMs: control.requestTimeout,
      maxConnections: control.maxConnections,
      eventHistory: control.eventHistory,
      heartbeatMs: HEARTBEAT_MS,
    },
    {
      execute: (command, signal) =>
        command.type === "embedded.load"
          ? Promise.resolve(loadGuest(hypervisor, command))
          : requests.execute(command, signal),
      subscribe: (listener) => feed.subscribe(listener),
      metrics,
      wallClock: () => Date.now(),
      defect: (error) => logger.error("api.defect", "a request could not be answered", error),
    },
  );
}

function capacityOf({ host }: Config): Resources {
  const { cpus, memory } = host.capacity;
  return {
    cpu: cpus ?? availableParallelism() * 1000,
    memory: memory ?? Math.floor(totalmem() / 1_048_576),
  };
}

function nameOf({ host }: Config): string {
  return host.name === "auto" ? present(hostname().split(".")[0], "a hostname") : host.name;
}

/** When this host joined: written once, told until it leaves. */
function joinedAt({ rows, journal }: OpenedJournal): string {
  const known = rows.get(KEY_JOINED_AT);
  if (typeof known === "string") return known;
  const now = new Date().toISOString();
  journal.write(0, [{ key: KEY_JOINED_AT, value: now }]);
  return now;
}

function statusLine(agent: Agent): string {
  const alive = agent.members().filter(({ state }) => state === "alive").length;
  return `${alive} hosts alive, ${agent.lrt.inventory.managed().length} VMs managed here`;
}
