import type { Millis } from "../../lib/instant.ts";
import type { Labels, NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId, VmPolicy } from "../../model/virtual-machine.ts";

/** A VM as its host tells a partition's leader. */
export interface VmSnapshot {
  readonly id: VmId;
  /** Its domain name, for people. */
  readonly name: string;
  readonly demand: Resources;
  /** null: it may be moved; otherwise why it may not. */
  readonly pinned: string | null;
  readonly adopted: boolean;
  readonly policy: VmPolicy;
  /** Hosts it left lately, and how long ago. */
  readonly left: readonly { readonly host: NodeId; readonly agoMs: Millis }[];
  /** Hosts that it could not be moved to lately, and for how long that is not tried again. */
  readonly failed: readonly { readonly host: NodeId; readonly forMs: Millis }[];
  /** Several hosts could not get it: for how long it is moved by no condition to any. null: it may be. */
  readonly restsForMs: Millis | null;
}

/** A node as it tells a partition's leader when it joins; the plan is made on these and checked against them. */
export interface NodeSnapshot {
  readonly node: NodeId;
  readonly name: string;
  /** What the VMs told here, and others that come, can have: what is promised to guests on their way is not in it. */
  readonly capacity: Resources;
  readonly labels: Labels;
  readonly draining: boolean;
  /** The inventory version it was taken at. */
  readonly version: number;
  readonly vms: readonly VmSnapshot[];
}
