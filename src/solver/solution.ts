import type { NodeId } from "../model/node.ts";
import type { Plan } from "../model/plan.ts";
import type { VmId } from "../model/virtual-machine.ts";

export interface TracePoint {
  readonly decisions: number;
  readonly cost: number;
  readonly bound: number;
}

/** Why no plan exists or none was found, for people and for `explain`; amounts in the resource's unit. */
export type Explanation =
  | {
      readonly kind: "shortage";
      readonly resource: string;
      readonly hosts: readonly NodeId[];
      readonly needed: number;
      readonly available: number;
    }
  | {
      readonly kind: "too-large";
      readonly vm: VmId;
      readonly resource: string;
      readonly needed: number;
      readonly largest: number;
    }
  | {
      readonly kind: "no-host";
      readonly vms: readonly VmId[];
      readonly hosts: readonly { readonly host: NodeId; readonly why: string }[];
    }
  | {
      readonly kind: "rule";
      readonly rules: readonly number[];
      readonly vms: readonly VmId[];
      readonly hosts: readonly NodeId[];
      readonly why: string;
    }
  | { readonly kind: "no-order"; readonly cycle: readonly VmId[]; readonly why: string };

interface Effort {
  readonly decisions: number;
  readonly failures: number;
  readonly trace: readonly TracePoint[];
}

/**
 * `optimal` and `feasible` carry a plan that ends in a viable configuration; `reduced` (only under
 * `bestEffort`) one that leaves less violation than it found; `infeasible` is a proof, `limit` is not.
 */
export type Solution = Effort &
  (
    | {
        readonly status: "optimal" | "feasible";
        readonly plan: Plan;
        /** Cost of the executable plan under the objective, pivots included. */
        readonly cost: number;
        /** No plan is cheaper than this. */
        readonly bound: number;
        /** Preferred rules that do not hold in the end; their weights are part of the cost. */
        readonly broken: readonly number[];
      }
    | {
        readonly status: "reduced";
        readonly plan: Plan;
        readonly cost: number;
        readonly violationBefore: number;
        readonly violationAfter: number;
        readonly explanation: readonly Explanation[];
      }
    | { readonly status: "infeasible"; readonly explanation: readonly Explanation[] }
    | { readonly status: "limit"; readonly explanation: readonly Explanation[] }
  );
