/** What one evaluation is: everything that its outcome depends on. */
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../lrt/config.ts";

export type Algorithm = "partition" | "centralised";

export interface EvaluationOptions {
  readonly seed: string;
  readonly hosts: number;
  readonly vms: number;
  readonly durationMs: number;
  readonly algorithm: Algorithm;
  /** The central scheduler has none: it knows every host. */
  readonly membership: "real" | "modelled" | "none";
  /** Percent of a virtual processor. */
  readonly load: { readonly mean: number; readonly sigma: number };
  /** Mean time between two changes of one VM's load. */
  readonly loadPeriodMs: number;
  readonly sites: number;
  /** Between sites, one way. */
  readonly wanLatencyMs: number;
  readonly walk: LrtConfig["walk"];
  readonly holdMs: number;
  readonly windowMs: number;
  /** At once, in and out together: more share a link, and none of them ends sooner. */
  readonly migrationsPerHost: number;
  /** Whether hosts with little to do are emptied. */
  readonly consolidate: boolean;
  readonly faults: FaultOptions;
  readonly checkers: boolean;
}

export interface FaultOptions {
  /** So many percent of the hosts lose power once, at an instant of their own. */
  readonly failingPercent: number;
  /** All guests of the first site want so many percent more, for the middle third of the run. */
  readonly siteSurgePercent: number;
  /** So many hosts are drained at once, after a third of the run. */
  readonly drained: number;
}

export const NO_FAULTS: FaultOptions = { failingPercent: 0, siteSurgePercent: 0, drained: 0 };

/** The VMPlaceS workload; no hold and no averaging, so that a violation lasts no longer than it must. */
export const VMPLACES: EvaluationOptions = {
  seed: "23",
  hosts: 128,
  vms: 1280,
  durationMs: 1_800_000,
  algorithm: "partition",
  membership: "modelled",
  load: { mean: 60, sigma: 20 },
  loadPeriodMs: 300_000,
  sites: 1,
  wanLatencyMs: 20,
  walk: "locality",
  holdMs: 0,
  windowMs: 0,
  migrationsPerHost: 1,
  consolidate: false,
  faults: NO_FAULTS,
  checkers: true,
};

export function lrtConfigOf(options: EvaluationOptions): LrtConfig {
  const { holdMs, windowMs, walk, migrationsPerHost, consolidate } = options;
  return { ...DEFAULT_LRT_CONFIG, holdMs, windowMs, walk, migrationsPerHost, consolidate };
}

/** What agents know of one another by; reports of older versions say `modelled` of the central scheduler, too. */
export function membershipOf({ algorithm, membership }: EvaluationOptions): EvaluationOptions["membership"] {
  return algorithm === "centralised" ? "none" : membership;
}
