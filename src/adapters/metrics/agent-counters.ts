/** What happens in an agent, counted. Labels are kinds and outcomes, never names of hosts or VMs. */
import type { Notification } from "../../agent/notifications.ts";
import type { MetricsRegistry } from "./registry.ts";

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
const DECISIONS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const HOSTS = [1, 2, 3, 4, 6, 8, 16, 32, 64];
const LAG_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

type Ended = Extract<Notification, { kind: "partition-ended" }>;
type Answered = Extract<Notification, { kind: "partition-searched" }>;
type ActionEnded = Extract<Notification, { kind: "action-ended" }>;

export class AgentCounters {
  readonly #events;
  readonly #decisions;
  readonly #durations;
  readonly #hosts;
  readonly #solves;
  readonly #solverDecisions;
  readonly #solving;
  readonly #migrations;
  readonly #migrating;
  readonly #lapses;
  readonly #operations;
  readonly #members;
  readonly #lag;
  #inFlight = 0;

  constructor(registry: MetricsRegistry) {
    this.#events = registry.counter(
      "discovery_scheduler_events_total",
      "Events raised, by what caused them.",
    );
    this.#decisions = registry.counter(
      "discovery_scheduler_decisions_total",
      "Partitions led here, by outcome.",
    );
    this.#durations = registry.histogram(
      "discovery_scheduler_duration_seconds",
      "What a partition spent on each part of its event.",
      SECONDS,
    );
    this.#hosts = registry.histogram("discovery_scheduler_partition_hosts", "Hosts per partition.", HOSTS);
    this.#solves = registry.counter(
      "discovery_solver_solves_total",
      "Answers of the solver, by status; effort: whether a part of a solution was asked for.",
    );
    this.#solverDecisions = registry.histogram(
      "discovery_solver_decisions",
      "Decisions per answer of the solver.",
      DECISIONS,
    );
    this.#solving = registry.histogram(
      "discovery_solver_duration_seconds",
      "How long an answer of the solver was waited for.",
      SECONDS,
    );
    this.#migrations = registry.counter(
      "discovery_migrations_total",
      "Migrations away from here, by result.",
    );
    this.#migrating = registry.histogram(
      "discovery_migration_duration_seconds",
      "How long migrations away from here took.",
      SECONDS,
    );
    registry.gauge("discovery_migrations_inflight", "Migrations from or to here now.", () => this.#inFlight);
    this.#lapses = registry.counter(
      "discovery_lease_expirations_total",
      "Bookings whose leader went silent.",
    );
    this.#operations = registry.counter("discovery_ops_total", "Operators' long work, by kind and result.");
    this.#members = registry.counter(
      "discovery_membership_changes_total",
      "What became of members, by kind.",
    );
    this.#lag = registry.histogram(
      "discovery_event_loop_lag_seconds",
      "How late the event loop came to a timer, sampled once a second.",
      LAG_SECONDS,
    );
  }

  lag(ms: number): void {
    this.#lag.observe(ms / 1000);
  }

  count(notification: Notification): void {
    switch (notification.kind) {
      case "event-raised":
        return this.#events.add({ trigger: notification.event.cause.kind });
      case "partition-searched":
        return this.#solved(notification);
      case "partition-ended":
        return this.#ended(notification);
      case "action-started":
        if (notification.action === "migrate") this.#inFlight += 1;
        return;
      case "action-ended":
        return this.#actionEnded(notification);
      case "booking-ended":
        if (notification.why === "lapsed") this.#lapses.add();
        return;
      case "member":
        return this.#members.add({ change: notification.change.kind });
      case "operation": {
        const { kind, state } = notification.operation;
        if (state !== "running") this.#operations.add({ kind, result: state });
      }
    }
  }

  #solved({ status, bestEffort, decisions, durationMs }: Answered): void {
    this.#solves.add({ status, effort: bestEffort ? "best" : "full" });
    this.#solverDecisions.observe(decisions);
    this.#solving.observe(durationMs / 1000);
  }

  #ended({ outcome, times, hosts }: Ended): void {
    this.#decisions.add({ outcome: outcome.kind });
    this.#hosts.observe(hosts.length);
    const { waitMs, buildMs, computeMs, applyMs } = times;
    const parts = { wait: waitMs, build: buildMs, compute: computeMs, apply: applyMs };
    for (const [part, ms] of Object.entries(parts)) this.#durations.observe(ms / 1000, { part });
  }

  #actionEnded({ action, outcome, role }: ActionEnded): void {
    if (action !== "migrate") return;
    this.#inFlight = Math.max(0, this.#inFlight - 1);
    if (role !== "source") return;
    this.#migrations.add({ result: outcome.kind });
    if (outcome.kind === "done") this.#migrating.observe(outcome.durationMs / 1000);
  }
}
