/** A run as a row of a table, for the page and for `docs/benchmarks.md`. */
import type { EvaluationOptions } from "../evaluation/options.ts";
import type { Report } from "../evaluation/report.ts";

export const TITLES = [
  "run",
  "hosts",
  "violations",
  "mean s",
  "σ s",
  "p50 s",
  "p99 s",
  "detect s",
  "build ms",
  "compute ms",
  "apply s",
  "one migration s",
  "hosts/partition",
  "wasted %",
  "messages/event",
  "bytes/host·s",
  "migrations",
  "across sites %",
  "s/VM·h",
  "kWh",
] as const;

/** Of violations and their parts: those about which something was done; means, but for `one migration`, a median. */
export function rowOf({
  options,
  violations,
  partitions,
  migrations,
  traffic,
  ...rest
}: Report): readonly string[] {
  const { handled, parts } = violations;
  const ms = (seconds: number): string => (1000 * seconds).toFixed(0);
  return [
    nameOf(options) + (rest.complete ? "" : " (partial)"),
    String(options.hosts),
    `${handled.count} of ${violations.seconds.count}`,
    handled.mean.toFixed(2),
    handled.sigma.toFixed(2),
    handled.p50.toFixed(2),
    handled.p99.toFixed(2),
    parts.detect.mean.toFixed(2),
    ms(parts.build.mean + parts.wait.mean),
    ms(parts.compute.mean),
    parts.apply.mean.toFixed(2),
    migrations.seconds.p50.toFixed(2),
    `${partitions.hosts.p50} (p99 ${partitions.hosts.p99})`,
    partitions.wastedPercent.toFixed(1),
    traffic.perEvent.messages.toFixed(1),
    traffic.perHostAndSecond.bytes.toFixed(0),
    `${migrations.done}${migrations.failed > 0 ? `, ${migrations.failed} failed` : ""}`,
    options.sites > 1 ? migrations.acrossPercent.toFixed(1) : "–",
    violations.secondsPerVmHour.toFixed(2),
    rest.kilowattHours.toFixed(1),
  ];
}

/** What sets a run apart from the plain one. */
export function nameOf(options: EvaluationOptions): string {
  const { algorithm, membership, load, sites, walk, faults, holdMs, consolidate } = options;
  const { failingPercent, siteSurgePercent, drained } = faults;
  return [
    algorithm,
    ...(algorithm === "partition" && membership === "real" ? ["real membership"] : []),
    ...(load.mean === 60 ? [] : [`N(${load.mean}, ${load.sigma})`]),
    ...(sites === 1 ? [] : [`${sites} sites, ${walk}`]),
    ...(holdMs === 0 ? [] : [`hold ${holdMs / 1000} s`]),
    ...(failingPercent === 0 ? [] : [`${failingPercent} % of hosts fail`]),
    ...(siteSurgePercent === 0 ? [] : [`a site wants ${siteSurgePercent} % more`]),
    ...(drained === 0 ? [] : [`${drained} hosts drained`]),
    ...(consolidate ? ["consolidating"] : []),
  ].join("; ");
}
