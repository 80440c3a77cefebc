/** What the parts of a running agent say of themselves when Prometheus asks. */
import type { TransportCounters } from "../adapters/libp2p/observations.ts";
import type { Labels, MetricsRegistry } from "../adapters/metrics/registry.ts";
import { type Agent, PROTOCOL } from "../agent/agent.ts";
import type { Instant } from "../lib/instant.ts";
import { VERSION } from "./version.ts";

/** What the metrics read of the transport. */
export interface MeteredTransport {
  readonly counters: TransportCounters;
  readonly connected: { readonly peers: number; readonly connections: number };
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

const CONDITIONS = ["normal", "overloaded", "underloaded", "blind"] as const;
const MEMBER_STATES = ["alive", "suspect", "dead", "left"] as const;
const SPACES = ["ample", "low", "full"] as const;

export function meterAgent(registry: MetricsRegistry, agent: Agent, now: () => Instant): void {
  const { lrt, identity } = agent;
  registry.gauge("discovery_build_info", "The program that answers.", () => [
    { labels: { version: VERSION, protocol: `${PROTOCOL.min}-${PROTOCOL.max}` }, value: 1 },
  ]);
  registry.gauge("discovery_peers", "Members of the network as this host knows them, itself included.", () =>
    MEMBER_STATES.map((state) => ({
      labels: { state },
      value: agent.members().filter((member) => member.state === state).length,
    })),
  );
  registry.gauge(
    "discovery_host_cpu_usage_ratio",
    "CPU that VMs here want, as a share of the capacity.",
    () => lrt.monitor.total(now()).cpu / identity.capacity.cpu,
  );
  registry.gauge(
    "discovery_host_memory_usage_ratio",
    "Memory of VMs here, as a share of the capacity.",
    () => lrt.monitor.total(now()).memory / identity.capacity.memory,
  );
  registry.gauge("discovery_host_state", "The host's condition: one is 1.", () =>
    oneOf(CONDITIONS, lrt.condition.kind),
  );
  registry.gauge("discovery_disk_space", "Room for what must be durable: one is 1.", () =>
    oneOf(SPACES, lrt.space),
  );
  registry.gauge("discovery_host_vms", "Domains here.", () => lrt.inventory.all().length);
  registry.gauge("discovery_ops_running", "Operators' long work under way.", () =>
    agent.operations.running(),
  );
}

export function meterTransport(registry: MetricsRegistry, transport: MeteredTransport): void {
  const { counters } = transport;
  registry.gauge(
    "discovery_connections",
    "Open connections to peers.",
    () => transport.connected.connections,
  );
  registry.counted("discovery_messages_total", "Messages between agents, by lane and direction.", () =>
    lanes(counters, ({ messagesIn, messagesOut }) => ({ in: messagesIn, out: messagesOut }), "direction"),
  );
  registry.counted("discovery_message_bytes_total", "Their bytes as encoded, without framing.", () =>
    lanes(counters, ({ bytesIn, bytesOut }) => ({ in: bytesIn, out: bytesOut }), "direction"),
  );
  registry.counted("discovery_messages_dropped_total", "Messages that were not delivered, by reason.", () =>
    lanes(
      counters,
      ({ droppedFull, droppedExpired, droppedUnreachable, droppedOversize, droppedFlood, undecodable }) => ({
        full: droppedFull,
        expired: droppedExpired,
        unreachable: droppedUnreachable,
        oversize: droppedOversize,
        flood: droppedFlood,
        undecodable,
      }),
      "reason",
    ),
  );
  registry.counted("discovery_dials_total", "Addresses dialled, by result.", () => [
    { labels: { result: "answered" }, value: counters.dials - counters.dialsFailed },
    { labels: { result: "failed" }, value: counters.dialsFailed },
  ]);
  registry.counted(
    "discovery_handshakes_failed_total",
    "Connections of strangers, or with another cluster's key.",
    () => counters.handshakesFailed,
  );
  registry.counted(
    "discovery_peers_banned_total",
    "Peers that offended too often.",
    () => counters.peersBanned,
  );
}

/** Under the names that every program uses for them. */
export function meterProcess(registry: MetricsRegistry): void {
  const startedAt = Date.now() / 1000 - process.uptime();
  registry.counted("process_cpu_seconds_total", "User and system time.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  registry.gauge("process_start_time_seconds", "When the process started.", () => startedAt);
}

function oneOf(kinds: readonly string[], current: string): readonly Sample[] {
  return kinds.map((state) => ({ labels: { state }, value: state === current ? 1 : 0 }));
}

type LaneCounters = TransportCounters["lanes"][keyof TransportCounters["lanes"]];

function lanes(
  counters: TransportCounters,
  read: (lane: LaneCounters) => { readonly [kind: string]: number },
  label: string,
): readonly Sample[] {
  return Object.entries(counters.lanes).flatMap(([lane, counted]) =>
    Object.entries(read(counted)).map(([kind, value]) => ({ labels: { lane, [label]: kind }, value })),
  );
}
