import type { Millis } from "../lib/instant.ts";
import type { NodeId } from "../model/node.ts";
import type { OperationName } from "../model/operation.ts";
import type { ObservedState, VeName } from "../model/virtual-environment.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Change } from "./lifecycle/difference.ts";
import type { VmState } from "./lifecycle/record.ts";
import type { Wanted } from "./lifecycle/table.ts";

/** What a verb that may change a VE answers: whether it did, and the operation in which it goes on. */
export interface VeAnswer {
  readonly name: VeName;
  readonly generation: number;
  readonly changed: boolean;
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
  /** null: there is nothing to wait for. */
  readonly operation: OperationName | null;
}

export interface VeView {
  readonly name: VeName;
  readonly handler: string;
  readonly home: NodeId;
  readonly generation: number;
  readonly desired: Wanted;
  readonly observed: ObservedState;
  /** Why it is not quite as it should be; null: it is. */
  readonly degraded: string | null;
  readonly adopted: boolean;
  readonly priority: number;
  readonly labels: { readonly [label: string]: string };
  readonly vms: readonly VeVmView[];
  /** Why its waiting VMs have no host yet, as the scheduler last said. */
  readonly waitingFor: string | null;
  readonly operation: OperationName | null;
  /** The next home's id while the record moves there. */
  readonly movingTo: NodeId | null;
}

export interface VeVmView {
  readonly name: string;
  readonly id: VmId;
  readonly handler: string;
  readonly domain: string;
  /** `unknown`: its host does not answer; it may be running, and is started nowhere else. */
  readonly state: VmState | "unknown";
  readonly host: NodeId | null;
  readonly note: string | null;
  /** Since its host last confirmed it; null: not since this home started. */
  readonly heardAgoMs: Millis | null;
}
