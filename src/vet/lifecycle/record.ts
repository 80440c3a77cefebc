import type { NodeId } from "../../model/node.ts";
import type { VeName } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { VeManifest } from "./manifest.ts";

/**
 * `waiting`: has no host, and is to get one. `assigned`: a host was written down and may start it. `running`: its
 * host said so. `stopping`: its host is to stop it. `stopped`: it is certain that it runs nowhere.
 *
 * That its host does not answer is no state of the record: it is seen when it is looked at (`unknown` in views),
 * and the record goes on to say what was last certain. Only `waiting` VMs are ever started.
 */
export type VmState = "waiting" | "assigned" | "running" | "stopping" | "stopped";

/** What a VE's home knows of one of its VMs. A record is never changed in place: a new object is a new fact. */
export interface VmRecord {
  /** Its name in the VE, e.g. `web-0`. */
  readonly name: string;
  readonly id: VmId;
  /** `<node>-<k>-<n>` (VMH). */
  readonly handler: string;
  /** The libvirt domain's name: `<ve>.<vm>`, or its own if it was adopted. */
  readonly domain: string;
  readonly state: VmState;
  /** Where it is, or was told to be; null when it waits or has stopped (an adopted one stays defined there). */
  readonly host: NodeId | null;
  /** The agent process on that host that is known to have seen it from then on (`LookAnswer.life`). */
  readonly life: string | null;
  /** What becomes of it once it has stopped: it stays so, waits for a host again, or leaves the VE. */
  readonly next: "stay" | "again" | "forget";
  /** Why it is as it is, if that was not asked for. */
  readonly note: string | null;
}

/** A VE's record: it lives with its home, and is only ever changed there. */
export interface VeRecord {
  readonly name: VeName;
  /** `<node>-<k>` (VEH): the creating agent and its durable counter. */
  readonly handler: string;
  /** VMs made so far: the next one's handler is `<handler>-<n>`. */
  readonly made: number;
  /** One up at every change of the manifest, its desired state included. */
  readonly generation: number;
  readonly manifest: VeManifest;
  readonly adopted: boolean;
  /** Being deleted: it goes when its last VM has. */
  readonly deleting: boolean;
  /** How long guests get to power off before they are ended. */
  readonly graceMs: number;
  /** By name. */
  readonly vms: readonly VmRecord[];
}

/** VMs that may be on a host. */
export const PLACED: ReadonlySet<VmState> = new Set(["assigned", "running", "stopping"]);

export function replaceVm(record: VeRecord, id: VmId, change: Partial<VmRecord> | null): VeRecord {
  const vms = record.vms.flatMap((vm) =>
    vm.id !== id ? [vm] : change === null ? [] : [{ ...vm, ...change }],
  );
  return { ...record, vms };
}
