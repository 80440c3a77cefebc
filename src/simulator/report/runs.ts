/** The runs of a page: what tells them apart, and which of them can be compared by size. */
import { type EvaluationOptions, membershipOf, VMPLACES } from "../evaluation/options.ts";
import type { Report } from "../evaluation/report.ts";

export interface Run {
  /** Its row in the table, from 1. */
  readonly number: number;
  readonly report: Report;
  /** What tells it from the others of the page. */
  readonly label: string;
}

/** A trait of a run in words; those of agents do not apply to a central scheduler. */
type Traits = ReadonlyMap<string, string>;

function traitsOf(options: EvaluationOptions): Traits {
  const { load, sites, walk, wanLatencyMs, faults, migrationsPerHost, hosts, vms, durationMs } = options;
  const place = sites === 1 ? "one site" : `${sites} sites`;
  const central = options.algorithm === "centralised";
  const asked = sites === 1 && walk === "locality" ? "" : `, ${walk}`;
  return new Map<string, string>([
    ...(central ? [] : ([["membership", `${membershipOf(options)} membership`]] as const)),
    ["load", `N(${load.mean}, ${load.sigma})`],
    ["vms", `${tidy(vms / hosts)} VMs per host`],
    ["sites", central ? place : `${place}${asked}`],
    ...(sites === 1 ? [] : ([["wan", `${wanLatencyMs} ms between sites`]] as const)),
    ...(central ? [] : agentTraits(options)),
    ["failing", `${faults.failingPercent} % of hosts fail`],
    ["surge", `a site wants ${faults.siteSurgePercent} % more`],
    ["drained", `${faults.drained} hosts drained`],
    ["migrations", `${migrationsPerHost} at once per host`],
    ["duration", `${durationMs / 1000} s`],
    ["checkers", options.checkers ? "checked" : "not checked"],
  ]);
}

function agentTraits({ holdMs, windowMs, consolidate }: EvaluationOptions) {
  return [
    ["hold", `hold ${holdMs / 1000} s`],
    ["window", `window ${windowMs / 1000} s`],
    ["consolidate", consolidate ? "consolidating" : "not consolidating"],
  ] as const;
}

const tidy = (value: number): string => value.toFixed(1).replace(/\.0$/, "");

/** Traits that both have, and have different, in the words of the first. */
function differences(
  options: EvaluationOptions,
  from: EvaluationOptions,
): readonly (readonly [string, string])[] {
  const others = traitsOf(from);
  return [...traitsOf(options)].filter(([key, text]) => others.has(key) && others.get(key) !== text);
}

/** What sets a run apart from the plain one. */
export function nameOf(options: EvaluationOptions): string {
  const apart = differences(options, VMPLACES);
  const wan = options.sites > 1 && options.wanLatencyMs !== VMPLACES.wanLatencyMs;
  return [
    options.algorithm,
    ...apart.map(([, text]) => text),
    ...(wan ? [`${options.wanLatencyMs} ms between sites`] : []),
  ].join("; ");
}

/** @returns the runs with their numbers, and what sets all of them apart from the plain one. */
export function runsOf(reports: readonly Report[]): {
  readonly runs: readonly Run[];
  readonly common: readonly string[];
} {
  const parts = reports.map(({ options }) => nameOf(options).split("; "));
  const [first = []] = parts;
  const common =
    reports.length < 2 ? [] : first.slice(1).filter((text) => parts.every((all) => all.includes(text)));
  const seeds = new Set(reports.map(({ options }) => options.seed)).size > 1;
  const runs = reports.map((report, index) => {
    const { seed } = report.options;
    const own = parts[index]?.filter((text) => !common.includes(text)) ?? [];
    return { number: index + 1, report, label: [...own, ...(seeds ? [`seed ${seed}`] : [])].join("; ") };
  });
  return { runs, common };
}

/** With its number and its size, for legends and captions. */
export function sayRun({ number, report, label }: Run): string {
  return `#${number} ${label}, ${report.options.hosts} hosts`;
}

export function sayNumbers(runs: readonly Run[]): string {
  const numbers = runs.map(({ number }) => number).sort((a, b) => a - b);
  return numbers.map((number) => `#${number}`).join(", ");
}

export interface Compared {
  /** They differ in size, seed and algorithm only; from the smallest on. */
  readonly alike: readonly Run[];
  /** The others, each with what it has different. */
  readonly others: readonly { readonly run: Run; readonly why: string }[];
}

/** The largest class of runs that differ in nothing else than size, seed and algorithm. */
export function compared(runs: readonly Run[]): Compared {
  const alikeTo = ({ report: { options } }: Run): readonly Run[] =>
    runs.filter(({ report }) => differences(report.options, options).length === 0);
  const isPlain = ({ report: { options } }: Run): boolean => nameOf(options) === options.algorithm;
  const rank = (run: Run): number => 2 * alikeTo(run).length + (isPlain(run) ? 1 : 0);
  const agents = runs.filter(({ report }) => report.options.algorithm === "partition");
  const [base] = (agents.length > 0 ? agents : runs).toSorted((a, b) => rank(b) - rank(a));
  if (base === undefined) return { alike: [], others: [] };
  const alike = alikeTo(base).toSorted((a, b) => a.report.options.hosts - b.report.options.hosts);
  const others = runs.filter((run) => !alike.includes(run));
  return { alike, others: others.map((run) => ({ run, why: whyNot(run, base) })) };
}

function whyNot({ report }: Run, base: Run): string {
  return differences(report.options, base.report.options)
    .map(([, text]) => text)
    .join("; ");
}
