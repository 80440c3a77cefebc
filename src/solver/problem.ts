import type { Rule } from "../model/constraint.ts";
import type { Labels, NodeId } from "../model/node.ts";
import type { VmId } from "../model/virtual-machine.ts";

/** The resource that migrations copy. */
export const MEMORY = "memory";
/** The label whose difference makes a migration cross a link between sites. */
export const SITE = "site";

/** A quantity per resource name, in the resource's integer unit (cpu: milli-CPU, memory: MiB). */
export type Amounts = { readonly [resource: string]: number };

export interface ProblemHost {
  readonly id: NodeId;
  readonly capacity: Amounts;
  /** An offline host takes nothing and runs nothing, unless the plan may boot it (not yet). */
  readonly online: boolean;
  readonly labels: Labels;
  /** Migrations it bears at once, in plus out. Absent: `PlanLimits.migrationsPerHost`. */
  readonly concurrency?: number;
}

export type ProblemVmState = "running" | "waiting" | "sleeping";

export interface ProblemVm {
  readonly id: VmId;
  readonly state: ProblemVmState;
  /** What is wanted at the end; `running` for a waiting VM means: place it. */
  readonly desired: "running" | "sleeping" | "stopped";
  /** Where it runs, or where its suspended image is; null when it is waiting. */
  readonly host: NodeId | null;
  readonly demand: Amounts;
  /** Cost of moving it once. Absent: its memory, in MiB. */
  readonly cost?: number;
  /** A pinned VM never moves (it may still be counted, and stopped if that is desired). */
  readonly pinned?: boolean;
  /** Whether the plan may suspend and resume it where no live migration reaches its end. Absent: no. */
  readonly suspendable?: boolean;
}

/** What the plan's execution has to respect; durations are estimates made with these figures. */
export interface PlanLimits {
  /** Migrations a host bears at once, in plus out. Absent: 2. */
  readonly migrationsPerHost?: number;
  /** Migrations between two different sites (label `site`) at once. Absent: no limit. */
  readonly migrationsBetweenSites?: number;
  /** MiB/s that one migration gets. Absent: 100. */
  readonly bandwidthMibPerSecond?: number;
}

/** What a plan should be cheap in; ties are broken by fewer actions. */
export type Objective = "memory" | "makespan" | "migrations" | "hosts" | "distance";

export interface Problem {
  readonly hosts: readonly ProblemHost[];
  readonly vms: readonly ProblemVm[];
  readonly rules: readonly Rule[];
  readonly objective: Objective;
  readonly plan?: PlanLimits;
}

/** The caller's window into a running search: a wall-clock deadline, or a progress display, belongs to it. */
export interface Observer {
  /** Polled now and then; true ends the search with what it has. */
  readonly shouldStop?: () => boolean;
  /** A better executable plan was found. */
  readonly improved?: (point: {
    readonly decisions: number;
    readonly cost: number;
    readonly bound: number;
  }) => void;
}

/** When to stop. Counted, never timed: the same answer on every machine. */
export interface Limits {
  /** Placement decisions tried, over all phases. */
  readonly decisions: number;
  /** Dead ends of the complete search. Absent: as many as `decisions`. */
  readonly failures?: number;
  /** Stop at the first executable plan. */
  readonly firstPlan?: boolean;
  /** Seeds the search's random choices. Absent: 0. */
  readonly seed?: number;
  /**
   * When no viable configuration exists or is found: a plan that strictly reduces the violation (sum over
   * hosts of what exceeds capacity, plus waiting VMs, plus VMs on offline hosts) and creates none.
   */
  readonly bestEffort?: boolean;
  /** Not part of what determines the answer, unless it stops the search. */
  readonly observer?: Observer;
}
