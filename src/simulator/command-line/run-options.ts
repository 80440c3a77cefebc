/** What `run` takes, with the bounds of each. */
import { VMPLACES } from "../evaluation/options.ts";
import type { OptionSpec, ValueSpec } from "./spec.ts";

const whole = (name: string, least: number, most: number): ValueSpec => ({
  kind: "whole",
  name,
  least,
  most,
});
const choice = (name: string, ...of: readonly string[]): ValueSpec => ({ kind: "choice", name, of });

const MOST_SITES = 256;

export const RUN_OPTIONS: readonly OptionSpec[] = [
  {
    name: "seed",
    summary: "What everything is drawn from.",
    value: whole("N", 0, Number.MAX_SAFE_INTEGER),
    standard: Number(VMPLACES.seed),
  },
  { name: "hosts", summary: "Hosts.", value: whole("H", 2, 16_384), standard: VMPLACES.hosts },
  {
    name: "vms",
    summary: "VMs, dealt out to the hosts in turn; without it ten for each host.",
    value: whole("V", 1, 1_000_000),
  },
  {
    name: "duration",
    summary: "Simulated seconds.",
    value: whole("S", 1, 86_400),
    standard: VMPLACES.durationMs / 1000,
  },
  {
    name: "algorithm",
    summary: "The agents' partitions, or one solver for all hosts every 30 s.",
    value: choice("A", "partition", "centralised"),
    standard: VMPLACES.algorithm,
  },
  {
    name: "workload",
    summary: "Loads drawn from N(60, 20) %, or, heavy, from N(63, 20) %.",
    value: choice("W", "vmplaces", "vmplaces-heavy"),
    standard: "vmplaces",
  },
  {
    name: "membership",
    summary: "Heartbeats counted, or the agents' own; centralised has none.",
    value: choice("M", "modelled", "real"),
    standard: VMPLACES.membership,
  },
  {
    name: "sites",
    summary: "Sites that the hosts lie on, at most as many as hosts.",
    value: whole("N", 1, MOST_SITES),
    standard: VMPLACES.sites,
  },
  {
    name: "wan-latency",
    summary: "Milliseconds between two sites, one way; of several sites only.",
    value: whole("MS", 0, 60_000),
    standard: VMPLACES.wanLatencyMs,
  },
  {
    name: "walk",
    summary: "In which order neighbours are asked; of partitions only.",
    value: choice("W", "locality", "random"),
    standard: VMPLACES.walk,
  },
  {
    name: "hold",
    summary: "Seconds that an overload must last before it counts; of partitions only.",
    value: whole("S", 0, 3600),
    standard: VMPLACES.holdMs / 1000,
  },
  {
    name: "window",
    summary: "Seconds over which usage is averaged; of partitions only.",
    value: whole("S", 0, 3600),
    standard: VMPLACES.windowMs / 1000,
  },
  {
    name: "migrations-per-host",
    summary: "Migrations of a host at once, in and out together.",
    value: whole("N", 1, 64),
    standard: VMPLACES.migrationsPerHost,
  },
  { name: "consolidate", summary: "Empty hosts that have little to do; of partitions only." },
  {
    name: "faults",
    summary:
      "Of these, with commas between: failing=PERCENT of the hosts lose power once; site-surge=PERCENT more is wanted by the first site's guests for a while; drained=HOSTS at once (of partitions only).",
    value: { kind: "text", name: "LIST" },
  },
  { name: "no-checkers", summary: "Invariants are not watched." },
  {
    name: "measured",
    summary: "Add what the run itself took of the machine: no two runs give the same.",
  },
];
