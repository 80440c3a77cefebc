import type { Rule } from "../model/constraint.ts";
import type { Labels, NodeId } from "../model/node.ts";
import type { VmId } from "../model/virtual-machine.ts";

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
}

/** What a plan should be cheap in; ties are broken by fewer actions. */
export type Objective = "memory" | "makespan" | "migrations" | "hosts" | "distance";

export interface Problem {
  readonly hosts: readonly ProblemHost[];
  readonly vms: readonly ProblemVm[];
  readonly rules: readonly Rule[];
  readonly objective: Objective;
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
}
