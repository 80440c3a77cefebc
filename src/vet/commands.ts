import type { VeName } from "../model/virtual-environment.ts";
import type { Stamp, VmId } from "../model/virtual-machine.ts";
import type { VeManifest } from "./lifecycle/manifest.ts";
import type { VeRecord } from "./lifecycle/record.ts";

/** What users ask of VEs. Any agent takes them; the VE's home carries them out. */
export type VeCommand =
  | {
      readonly type: "ve.apply";
      readonly manifest: VeManifest;
      /** Refused as a conflict unless the VE is at this generation; 0: it must not exist. */
      readonly ifGeneration?: number;
      readonly allowRestart?: boolean;
      readonly dryRun?: boolean;
      readonly reason?: string;
    }
  | { readonly type: "ve.list" }
  | { readonly type: "ve.show"; readonly name: VeName }
  | { readonly type: "ve.export"; readonly name: VeName }
  | { readonly type: "ve.start"; readonly name: VeName; readonly reason?: string }
  | { readonly type: "ve.stop"; readonly name: VeName; readonly graceMs?: number; readonly reason?: string }
  | { readonly type: "ve.delete"; readonly name: VeName; readonly graceMs?: number; readonly reason?: string }
  /** Makes running, unmanaged domains of the host that executes it a VE, untouched. */
  | {
      readonly type: "ve.adopt";
      readonly name: VeName;
      readonly host?: string;
      readonly domains: readonly string[];
      readonly reason?: string;
    };

/** What VETs ask of one another; accepted from peers only. */
export type VetCommand =
  /** Does your agent hold, or is it creating, a record of that name? */
  | { readonly type: "vet.holds"; readonly name: VeName }
  /** Take this record over: you are its home now. */
  | { readonly type: "vet.transfer"; readonly record: VeRecord }
  /** Host → home: these VMs of your VE are here, in these states (all of them, each time). */
  | {
      readonly type: "vet.report";
      readonly ve: VeName;
      readonly vms: readonly { readonly id: VmId; readonly state: string }[];
    }
  /** Home → host. */
  | { readonly type: "vet.stop-vm"; readonly vm: VmId; readonly graceMs: number }
  | { readonly type: "vet.stamp-vm"; readonly vm: VmId; readonly stamp: Stamp | null }
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
