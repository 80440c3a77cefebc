import type { NodeId } from "../../model/node.ts";
import type { DesiredState, VeName } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { VeManifest } from "./manifest.ts";

/** What a VE's home knows of one of its VMs. */
export interface VmRecord {
  /** Its name in the VE, e.g. `web-0`. */
  readonly name: string;
  readonly id: VmId;
  /** `<node>-<k>-<n>` (VMH). */
  readonly handler: string;
  /**
   * `waiting`: has no host. `assigned`: a host was written down and may start it. `running`: its host said so.
   * `stopping`: its host was told to stop it. `stopped`: its host said it is gone. `unknown`: its host does not
   * answer; it may be running, and is started nowhere else until its host has answered (or has been fenced).
   */
  readonly state: "waiting" | "assigned" | "running" | "stopping" | "stopped" | "unknown";
  readonly host: NodeId | null;
}

/** A VE's record: it lives with its home, and is only ever changed there. */
export interface VeRecord {
  readonly name: VeName;
  /** `<node>-<k>` (VEH): the creating agent and its durable counter. */
  readonly handler: string;
  /** One up at every change of the manifest. */
  readonly generation: number;
  readonly manifest: VeManifest;
  readonly desired: DesiredState;
  readonly adopted: boolean;
  /** By name. */
  readonly vms: readonly VmRecord[];
}
