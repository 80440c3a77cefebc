import type { NodeId } from "../model/node.ts";
import type { VeName } from "../model/virtual-environment.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Turn } from "../ports/effects.ts";
import type { VmState } from "./lifecycle/record.ts";

/** What became true in the virtual environments tracker. */
export type VetNotification =
  | { readonly kind: "ve-created"; readonly ve: VeName; readonly adopted: boolean; readonly reason: string }
  | {
      readonly kind: "ve-changed";
      readonly ve: VeName;
      readonly generation: number;
      readonly verb: string;
      readonly reason: string;
    }
  | { readonly kind: "ve-deleted"; readonly ve: VeName }
  | { readonly kind: "ve-moving"; readonly ve: VeName; readonly to: NodeId }
  | { readonly kind: "ve-moved"; readonly ve: VeName; readonly to: NodeId }
  | { readonly kind: "ve-received"; readonly ve: VeName; readonly from: NodeId }
  | {
      readonly kind: "ve-vm";
      readonly ve: VeName;
      readonly vm: VmId;
      readonly name: string;
      /** What operators call it: `<ve>.<vm>`, or the name that an adopted one came with. */
      readonly domain: string;
      readonly from: VmState;
      readonly to: VmState | "gone";
      readonly host: NodeId | null;
      readonly note: string | null;
    };

export type VetTurn = Turn<never, VetNotification>;
