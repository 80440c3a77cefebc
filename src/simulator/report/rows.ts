/** A run as a row of a table, for the page and for `docs/benchmarks.md`; each column with what it says. */
import { membershipOf } from "../evaluation/options.ts";
import type { Report } from "../evaluation/report.ts";
import { nameOf } from "./runs.ts";

interface Column {
  readonly title: string;
  readonly about: string;
  readonly cell: (report: Report) => string;
}

const ms = (seconds: number): string => (1000 * seconds).toFixed(0);
/** The central scheduler's orders and looks take no messages. */
const ofAgents = ({ options }: Report, value: string): string =>
  options.algorithm === "centralised" ? "–" : value;

export const COLUMNS: readonly Column[] = [
  {
    title: "run",
    about: "What sets it apart from the plain workload.",
    cell: ({ options, complete }) => nameOf(options) + (complete ? "" : " (partial)"),
  },
  {
    title: "membership",
    about:
      "How agents know of one another: modelled (heartbeats counted, not sent), real, or none (the central scheduler).",
    cell: ({ options }) => membershipOf(options),
  },
  { title: "seed", about: "What everything was drawn from.", cell: ({ options }) => options.seed },
  { title: "hosts", about: "Hosts.", cell: ({ options }) => String(options.hosts) },
  {
    title: "violations",
    about:
      "“52 of 71”: 71 times a host's guests wanted more than it has, and that ended; 52 of these ended while a plan for " +
      "that host was being carried out: these were handled. The others went by themselves, as loads fell. The columns up " +
      "to “apply” are about the handled ones.",
    cell: ({ violations: { handled, seconds } }) => `${handled.count} of ${seconds.count}`,
  },
  {
    title: "mean s",
    about: "How long they lasted, from the true onset, whatever anybody has noticed.",
    cell: ({ violations }) => violations.handled.mean.toFixed(2),
  },
  {
    title: "σ s",
    about: "Standard deviation.",
    cell: ({ violations }) => violations.handled.sigma.toFixed(2),
  },
  {
    title: "p50 s",
    about: "Half lasted no longer.",
    cell: ({ violations }) => violations.handled.p50.toFixed(2),
  },
  {
    title: "p99 s",
    about: "99 of a hundred lasted no longer.",
    cell: ({ violations }) => violations.handled.p99.toFixed(2),
  },
  {
    title: "detect s",
    about: "Mean: nobody does anything about it yet.",
    cell: ({ violations }) => violations.parts.detect.mean.toFixed(2),
  },
  {
    title: "wait ms",
    about: "Mean: the event waits: behind another, backing off, handed over.",
    cell: ({ violations }) => ms(violations.parts.wait.mean),
  },
  {
    title: "build ms",
    about: "Mean: a partition grows.",
    cell: ({ violations }) => ms(violations.parts.build.mean),
  },
  {
    title: "compute ms",
    about: "Mean: its solver runs.",
    cell: ({ violations }) => ms(violations.parts.compute.mean),
  },
  {
    title: "apply s",
    about: "Mean: its plan is checked and carried out.",
    cell: ({ violations }) => violations.parts.apply.mean.toFixed(2),
  },
  { title: "one migration s", about: "Median.", cell: ({ migrations }) => migrations.seconds.p50.toFixed(2) },
  {
    title: "hosts/partition",
    about: "Median and p99 of the partitions (or rounds) that moved something.",
    cell: ({ partitions: { hosts } }) => `${hosts.p50} (p99 ${hosts.p99})`,
  },
  {
    title: "wasted %",
    about: "Partitions (or rounds) that moved nothing.",
    cell: ({ partitions }) => partitions.wastedPercent.toFixed(1),
  },
  {
    title: "messages/event",
    about: "Of the partition lane, all hosts, by the events raised.",
    cell: (report) => ofAgents(report, report.traffic.perEvent.messages.toFixed(1)),
  },
  {
    title: "bytes/event",
    about: "The same.",
    cell: (report) => ofAgents(report, report.traffic.perEvent.bytes.toFixed(0)),
  },
  {
    title: "messages/host·s",
    about: "Everything sent, modelled heartbeats and what hypervisors say to one another included.",
    cell: ({ traffic }) => traffic.perHostAndSecond.messages.toFixed(2),
  },
  {
    title: "bytes/host·s",
    about: "The same.",
    cell: ({ traffic }) => traffic.perHostAndSecond.bytes.toFixed(0),
  },
  {
    title: "migrations",
    about: "Done, and failed.",
    cell: ({ migrations: { done, failed } }) => `${done}${failed > 0 ? `, ${failed} failed` : ""}`,
  },
  {
    title: "across sites %",
    about: "Of those done.",
    cell: ({ options, migrations }) => (options.sites > 1 ? migrations.acrossPercent.toFixed(1) : "–"),
  },
  {
    title: "s/VM·h",
    about: "Time over a limit, all hosts together, per hour of a VM.",
    cell: ({ violations }) => violations.secondsPerVmHour.toFixed(2),
  },
  {
    title: "kWh",
    about: "If hosts without VMs sleep.",
    cell: ({ kilowattHours }) => kilowattHours.toFixed(1),
  },
];

export const TITLES = COLUMNS.map(({ title }) => title);

export function rowOf(report: Report): readonly string[] {
  return COLUMNS.map(({ cell }) => cell(report));
}
