import type { NodeId } from "../model/node.ts";
import type { VeName } from "../model/virtual-environment.ts";
import type { Stamp, VmId } from "../model/virtual-machine.ts";
import type { VeManifest } from "./lifecycle/manifest.ts";
import type { VeRecord } from "./lifecycle/record.ts";

/**
 * What users ask of VEs. Any agent takes them; the VE's home carries them out. Answers: `VeAnswer` of `apply`,
 * `start`, `stop`, `delete` and `adopt`; `VeView` of `show`, the answering agent's own `VeView[]` of `list`,
 * `VeManifest` of `export`.
 */
export type VeCommand =
  | {
      readonly type: "ve.apply";
      readonly manifest: VeManifest;
      /** Refused as a conflict unless the VE is at this generation; 0: it must not exist. */
      readonly ifGeneration?: number;
      readonly allowRestart?: boolean;
      /** Only says what would change. */
      readonly dryRun?: boolean;
      readonly reason?: string;
    }
  /** The VEs whose home the asked agent is: a list of all is a question to everybody. */
  | { readonly type: "ve.list" }
  | { readonly type: "ve.show"; readonly name: VeName }
  | { readonly type: "ve.export"; readonly name: VeName }
  | { readonly type: "ve.start"; readonly name: VeName; readonly reason?: string }
  | { readonly type: "ve.stop"; readonly name: VeName; readonly graceMs?: number; readonly reason?: string }
  | { readonly type: "ve.delete"; readonly name: VeName; readonly graceMs?: number; readonly reason?: string }
  /** Makes running, unmanaged domains (by name or id) of the host that executes it a VE, untouched. */
  | {
      readonly type: "ve.adopt";
      readonly name: VeName;
      /** A host's name or id; absent: the agent that was asked. */
      readonly host?: string;
      readonly domains: readonly string[];
      readonly reason?: string;
    };

/** What VETs ask of one another; accepted from peers only. */
export type VetCommand =
  /** Does your agent hold, or is it creating, a record of it? `claim`: I may create it. Answer: `HoldsAnswer`. */
  | { readonly type: "vet.holds"; readonly name: VeName; readonly claim: boolean }
  /**
   * Take this record over. `number` counts the sender's transfers; `floor`: its oldest one still open to you; `told`: members
   * that know where it is, whatever becomes of it.
   */
  | {
      readonly type: "vet.transfer";
      readonly record: VeRecord;
      readonly number: number;
      readonly floor: number;
      readonly told: readonly NodeId[];
    }
  /** Which is your oldest transfer to me that you have not seen acknowledged, or your next one? Answer: its number. */
  | { readonly type: "vet.floor" }
  /** Whom do you know, and do you hold something that would rather be mine? Answer: `CircleAnswer`. */
  | { readonly type: "vet.circle" }
  /** Host → home, unasked: these VMs of your VE are here (all of them, each time). A hint: the home then asks. */
  | {
      readonly type: "vet.report";
      readonly ve: VeName;
      readonly life: string;
      readonly vms: readonly { readonly id: VmId; readonly state: string }[];
    }
  /** Home → host: what do you know of these VMs? Answer: `LookAnswer`. */
  | { readonly type: "vet.look"; readonly vms: readonly VmId[] }
  /** Home → host: stop it; answered when that has begun. `not-found`: it is not there. */
  | {
      readonly type: "vet.stop-vm";
      readonly ve: VeName;
      readonly vm: VmId;
      /** Only what an earlier generation started: this order may come late, when the VM runs anew. */
      readonly before: number;
      readonly graceMs: number;
    }
  /** Home → host: write this stamp, or (null) remove ours; answered when that is done. */
  | {
      readonly type: "vet.stamp-vm";
      readonly ve: VeName;
      readonly vm: VmId;
      readonly stamp: Stamp | null;
    }
  /** Host → home: make these running domains of mine a VE. */
  | {
      readonly type: "vet.adopt-into";
      readonly name: VeName;
      readonly domains: readonly AdoptedDomain[];
      readonly reason: string;
    };

/** A running domain offered for adoption by its host. */
export interface AdoptedDomain {
  readonly id: VmId;
  readonly name: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
}

/** What a host knows of a VM now. */
export type Sight =
  /** `generation`: of its stamp; null: it has none. */
  | { readonly kind: "here"; readonly state: string; readonly generation: number | null }
  /** Not here, but an action or a booking of this host may still bring it. */
  | { readonly kind: "expected" }
  /** It was here and may live on elsewhere: an outgoing migration was under way, or it was never seen to run here. */
  | { readonly kind: "left" }
  /** It was here, and its guest ended here. */
  | { readonly kind: "ended" }
  /** Not here, and never seen in this agent's life. */
  | { readonly kind: "absent" };

export interface LookAnswer {
  /** False: the hypervisor is not connected, and nothing can be said. */
  readonly listed: boolean;
  /** Names an unbroken memory: equal lives, nothing was forgotten in between. */
  readonly life: string;
  /** Grows whenever one of the asked VMs comes or goes here. */
  readonly version: number;
  /** Whom that agent knows (`Membership.circle`). */
  readonly circle: string;
  /** By VM, in the order in which they were asked for. */
  readonly sights: readonly Sight[];
}
