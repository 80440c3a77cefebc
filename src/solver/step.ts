import type { ActionKind } from "../model/plan.ts";

/** An action in dense indices; -1 is no host. */
export interface Step {
  readonly kind: ActionKind;
  readonly vm: number;
  readonly from: number;
  readonly to: number;
}
