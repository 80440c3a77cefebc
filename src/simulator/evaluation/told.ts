/** A report for people, on a terminal. */
import { nameOf } from "../report/runs.ts";
import { membershipOf } from "./options.ts";
import type { Cost } from "./progress.ts";
import type { Report } from "./report.ts";
import type { Summary } from "./statistics.ts";
import type { Phase } from "./truth.ts";

const MEMBERSHIPS = {
  modelled: "modelled: heartbeats counted, not sent",
  real: "real, settled",
  none: "none: the central scheduler knows every host",
} as const;

export function told(report: Report, cost: Cost | null): string {
  const { options, violations, partitions, migrations, traffic } = report;
  const rows: (readonly [string, string])[] = [
    ["what", `${nameOf(options)}; ${options.hosts} hosts, ${options.vms} VMs, seed ${options.seed}`],
    ["membership", MEMBERSHIPS[membershipOf(options)]],
    [
      "simulated",
      `${report.simulatedSeconds} s${report.complete ? "" : " (partial)"}, ${report.steps} events`,
    ],
    ["load changes", String(report.loadChanges)],
    ["violations", seconds(violations.seconds)],
    ["  handled", seconds(violations.handled)],
    ["  parts, mean", phases(report, "mean")],
    ["  parts, median", phases(report, "p50")],
    ["  open at end", String(violations.open)],
    ["  per VM-hour", `${violations.secondsPerVmHour} s`],
    ["events", counts(partitions.events)],
    ["partitions", counts(partitions.outcomes)],
    ["  hosts", sizes(partitions.hosts)],
    ["  wasted", `${partitions.wastedPercent} %`],
    [
      "  drained",
      `${partitions.drains.seconds.count} of ${partitions.drains.asked}; ${seconds(partitions.drains.seconds)}`,
    ],
    ["migrations", `${migrations.done} done, ${migrations.failed} failed; ${seconds(migrations.seconds)}`],
    ["  across sites", `${migrations.acrossSites} (${migrations.acrossPercent} %)`],
    ["per event", `${traffic.perEvent.messages} messages, ${traffic.perEvent.bytes} bytes`],
    [
      "per host and s",
      `${traffic.perHostAndSecond.messages} messages, ${traffic.perHostAndSecond.bytes} bytes`,
    ],
    ["energy", `${report.kilowattHours} kWh if hosts without VMs sleep`],
    ...report.wrong.map(
      ({ at, checker, what }) =>
        ["VIOLATED", `${at / 1000} s ${checker}: ${what.split("\n")[0] ?? ""}`] as const,
    ),
  ];
  if (cost !== null) rows.push(["took", costOf(cost)]);
  return `${rows.map(([name, value]) => `${name.padEnd(16)} ${value}`).join("\n")}\n`;
}

function seconds({ count, mean, sigma, p50, p90, p99 }: Summary): string {
  return `${count}: mean ${mean} s, σ ${sigma}, p50 ${p50}, p90 ${p90}, p99 ${p99}`;
}

function sizes({ mean, p50, p90, p99, max }: Summary): string {
  return `mean ${mean}, p50 ${p50}, p90 ${p90}, p99 ${p99}, most ${max}`;
}

function phases({ violations }: Report, which: "mean" | "p50"): string {
  const parts = Object.entries(violations.parts) as [Phase, { mean: number; p50: number }][];
  return parts.map(([phase, part]) => `${phase} ${part[which]}`).join(", ");
}

function counts(all: { readonly [name: string]: number }): string {
  const parts = Object.entries(all).map(([name, count]) => `${name} ${count}`);
  return parts.join(", ") || "none";
}

function costOf({ seconds: wall, cpuSeconds, eventsPerSecond, peakMib, peakKibPerHost }: Cost): string {
  return `${wall} s, ${cpuSeconds} s of processors, ${eventsPerSecond} events/s, ${peakMib} MiB (${peakKibPerHost} KiB a host)`;
}
