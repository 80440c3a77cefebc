import type { NodeId } from "./node.ts";
import type { VmId } from "./virtual-machine.ts";

/**
 * The placement rules as data, with the field's names and BtrPlace's meaning (Hermenier et al., TDSC 2013).
 * Each has an independent checker (`solver/checkers`) and a propagator (`solver/constraints`).
 */
export type Rule = PlacementRule | PlanRule;

interface RuleBase {
  /** A strict rule must hold; a preferred one is held when it costs less than its weight. Absent: strict. */
  readonly preferred?: { readonly weight: number };
  /** Continuous rules hold at every instant of the plan, discrete ones at its end. Absent: discrete. */
  readonly continuous?: boolean;
  /** What explanations call it. */
  readonly name?: string;
}

/** @param index its place in the list, by which it is called when it has no name */
export function ruleName({ kind, name }: Rule, index: number): string {
  return name ?? `rule ${index} (${kind})`;
}

/** At which level two hosts count as one: the host itself, or any label (`rack`, `site`, …). */
export type Level = "host" | { readonly label: string };

export type PlacementRule = RuleBase &
  (
    | { readonly kind: "spread"; readonly vms: readonly VmId[]; readonly level?: Level }
    | { readonly kind: "gather"; readonly vms: readonly VmId[]; readonly level?: Level }
    | { readonly kind: "ban"; readonly vms: readonly VmId[]; readonly hosts: readonly NodeId[] }
    | { readonly kind: "fence"; readonly vms: readonly VmId[]; readonly hosts: readonly NodeId[] }
    | { readonly kind: "root"; readonly vms: readonly VmId[] }
    | { readonly kind: "lonely"; readonly vms: readonly VmId[]; readonly level?: Level }
    | { readonly kind: "split"; readonly groups: readonly (readonly VmId[])[]; readonly level?: Level }
    | {
        readonly kind: "among";
        readonly vms: readonly VmId[];
        readonly hostGroups: readonly (readonly NodeId[])[];
      }
    | {
        readonly kind: "split-among";
        readonly groups: readonly (readonly VmId[])[];
        readonly hostGroups: readonly (readonly NodeId[])[];
      }
    | { readonly kind: "running-capacity"; readonly hosts: readonly NodeId[]; readonly max: number }
    | {
        readonly kind: "resource-capacity";
        readonly hosts: readonly NodeId[];
        readonly resource: string;
        readonly max: number;
      }
    | {
        readonly kind: "preserve";
        readonly vms: readonly VmId[];
        readonly resource: string;
        readonly amount: number;
      }
    | {
        readonly kind: "overbook";
        readonly hosts: readonly NodeId[];
        readonly resource: string;
        /** Virtual capacity = ⌊physical × numerator / denominator⌋. */
        readonly numerator: number;
        readonly denominator: number;
      }
    | { readonly kind: "max-online"; readonly hosts: readonly NodeId[]; readonly max: number }
    | { readonly kind: "quarantine"; readonly hosts: readonly NodeId[] }
    | { readonly kind: "offline"; readonly hosts: readonly NodeId[] }
    | { readonly kind: "online"; readonly hosts: readonly NodeId[] }
  );

export type PlanRule = RuleBase &
  (
    | { readonly kind: "no-delay"; readonly vms: readonly VmId[] }
    | { readonly kind: "serialize"; readonly vms: readonly VmId[] }
    | { readonly kind: "sync"; readonly vms: readonly VmId[] }
    | { readonly kind: "precedence"; readonly before: readonly VmId[]; readonly after: readonly VmId[] }
    | { readonly kind: "deadline"; readonly vms: readonly VmId[]; readonly atMs: number }
  );
