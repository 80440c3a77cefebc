/** What an evaluation found: the same bytes for the same options and the same sources. */
import type { Simulation, Violation } from "../simulation.ts";
import type { EvaluationOptions } from "./options.ts";
import type { MigrationRecord, PartitionRecord, Partitions, StoryLine } from "./partitions.ts";
import { percentiles, rounded, type Summary, summary } from "./statistics.ts";
import type { Phase, Truth, ViolationRecord } from "./truth.ts";

export interface Measured {
  readonly simulatedMs: number;
  readonly loadChanges: number;
  readonly heartbeats: Traffic | null;
}

interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

export interface Report {
  readonly options: EvaluationOptions;
  readonly complete: boolean;
  readonly simulatedSeconds: number;
  readonly steps: number;
  readonly loadChanges: number;
  readonly wrong: readonly Violation[];
  readonly violations: ViolationReport;
  readonly partitions: PartitionReport;
  readonly migrations: MigrationReport;
  readonly traffic: TrafficReport;
  readonly kilowattHours: number;
  readonly story: readonly StoryLine[];
  /** Partitions that held one of the first hosts, for a picture: hosts by number. */
  readonly map: readonly MapEntry[];
}

export interface ViolationReport {
  /** Ended ones, seconds from the true onset to the true end. */
  readonly seconds: Summary;
  /** Of those, the ones about which something was done: others went by themselves. */
  readonly handled: Summary;
  readonly distribution: readonly number[];
  /** Mean seconds of each part of the handled ones, and the median. */
  readonly parts: { readonly [phase in Phase]: { readonly mean: number; readonly p50: number } };
  readonly open: number;
  readonly secondsPerVmHour: number;
}

export interface PartitionReport {
  readonly events: { readonly [kind: string]: number };
  readonly outcomes: { readonly [outcome: string]: number };
  /** Hosts of the partitions that moved something. */
  readonly hosts: Summary;
  readonly seconds: Summary;
  /** Those that moved nothing, of a hundred. */
  readonly wastedPercent: number;
  /** Hosts that were told to drain, and the seconds it took those that are empty. */
  readonly drains: { readonly asked: number; readonly seconds: Summary };
}

export interface MigrationReport {
  readonly seconds: Summary;
  readonly done: number;
  readonly failed: number;
  readonly acrossSites: number;
  readonly acrossPercent: number;
}

export interface TrafficReport {
  readonly lanes: { readonly [lane: string]: Traffic };
  /** Membership that was modelled: counted, not sent. */
  readonly modelled: Traffic | null;
  /** Of the partition lane. */
  readonly perEvent: Traffic;
  readonly perHostAndSecond: Traffic;
}

export interface MapEntry {
  readonly from: number;
  readonly to: number;
  readonly hosts: readonly number[];
  readonly outcome: string;
}

const PHASES: readonly Phase[] = ["detect", "wait", "build", "compute", "apply"];
/** Of more hosts no picture would show a line each. */
export const MAPPED_HOSTS = 128;

export function reportOf(
  options: EvaluationOptions,
  measured: Measured,
  simulation: Simulation,
  truth: Truth,
  partitions: Partitions,
): Report {
  const { simulatedMs } = measured;
  const vmHours = (options.vms * simulatedMs) / 3_600_000;
  return {
    options,
    complete: simulatedMs >= options.durationMs,
    simulatedSeconds: rounded(simulatedMs / 1000),
    steps: simulation.queue.executed,
    loadChanges: measured.loadChanges,
    wrong: simulation.violations,
    violations: violationsOf(truth, truth.violationMs(simulation.now) / 1000 / vmHours),
    partitions: partitionsOf(partitions),
    migrations: migrationsOf(partitions.migrations),
    traffic: trafficOf(options, measured, simulation, partitions),
    kilowattHours: rounded(truth.joules(simulation.now) / 3_600_000),
    story: partitions.story().map(({ at, ...rest }) => ({ at: rounded(at), ...rest })),
    map: mapOf(partitions.records, simulation),
  };
}

function violationsOf(truth: Truth, secondsPerVmHour: number): ViolationReport {
  const seconds = truth.violations.map(({ from, to }) => (to - from) / 1000);
  const handled = truth.violations.filter(isHandled);
  const parts = PHASES.map((phase) => {
    const { mean, p50 } = summary(handled.map((violation) => violation.parts[phase] / 1000));
    return [phase, { mean, p50 }] as const;
  });
  return {
    seconds: summary(seconds),
    handled: summary(handled.map(({ from, to }) => (to - from) / 1000)),
    distribution: percentiles(handled.map(({ from, to }) => (to - from) / 1000)),
    parts: Object.fromEntries(parts) as ViolationReport["parts"],
    open: truth.over().length,
    secondsPerVmHour: rounded(secondsPerVmHour),
  };
}

/** A plan was being carried out when it ended. */
function isHandled({ parts }: ViolationRecord): boolean {
  return parts.apply > 0;
}

function partitionsOf({ events, outcomes, records, draining, drained }: Partitions): PartitionReport {
  const useful = records.filter(({ migrations }) => migrations > 0);
  const wasted = records.length === 0 ? 0 : ((records.length - useful.length) * 100) / records.length;
  return {
    events: Object.fromEntries([...events].sort()),
    outcomes: Object.fromEntries([...outcomes].sort()),
    hosts: summary(useful.map(({ hosts }) => hosts.length)),
    seconds: summary(useful.map(({ from, to }) => (to - from) / 1000)),
    wastedPercent: rounded(wasted),
    drains: { asked: draining.size, seconds: summary(drained.map((ms) => ms / 1000)) },
  };
}

function migrationsOf(records: readonly MigrationRecord[]): MigrationReport {
  const done = records.filter((record) => record.done);
  const across = done.filter((record) => record.across).length;
  return {
    seconds: summary(done.map(({ from, to }) => (to - from) / 1000)),
    done: done.length,
    failed: records.length - done.length,
    acrossSites: across,
    acrossPercent: rounded(done.length === 0 ? 0 : (across * 100) / done.length),
  };
}

function trafficOf(
  { hosts }: EvaluationOptions,
  { heartbeats }: Measured,
  { network, now }: Simulation,
  { events }: Partitions,
): TrafficReport {
  const partition = network.traffic.get("partition") ?? { messages: 0, bytes: 0 };
  const raised = Math.max(
    1,
    [...events.values()].reduce((sum, count) => sum + count, 0),
  );
  const sent = { messages: network.sent, bytes: network.bytes };
  const all = heartbeats === null ? sent : added(sent, heartbeats);
  return {
    lanes: Object.fromEntries([...network.traffic].sort(([a], [b]) => (a < b ? -1 : 1))),
    modelled: heartbeats,
    perEvent: divided(partition, raised),
    perHostAndSecond: divided(all, Math.max(1, (hosts * now) / 1000)),
  };
}

function mapOf(records: readonly PartitionRecord[], { hosts }: Simulation): readonly MapEntry[] {
  const shown = new Map(hosts.slice(0, MAPPED_HOSTS).map(({ id }, number) => [id, number]));
  return records
    .map(({ from, to, hosts: held, outcome }) => ({
      from: rounded(from / 1000),
      to: rounded(to / 1000),
      hosts: held.flatMap((host) => shown.get(host) ?? []),
      outcome,
    }))
    .filter((entry) => entry.hosts.length > 0);
}

function added(a: Traffic, b: Traffic): Traffic {
  return { messages: a.messages + b.messages, bytes: a.bytes + b.bytes };
}

function divided({ messages, bytes }: Traffic, by: number): Traffic {
  return { messages: rounded(messages / by), bytes: rounded(bytes / by) };
}
