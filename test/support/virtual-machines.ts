import type { InitialDomain } from "../../src/hypervisor/embedded/settings.ts";
import { DEFAULT_POLICY, type Stamp, type VmSpec } from "../../src/model/virtual-machine.ts";

/** The id of the n-th VM of a test. */
export function vmId(n: number): string {
  return `00000000-0000-4000-8000-${n.toString().padStart(12, "0")}`;
}

export function vmSpec(n: number, memory = 64, cpus = 1): VmSpec {
  return { id: vmId(n), name: `ve.vm-${n}`, cpus, memory, disks: [], nics: [] };
}

export function vmStamp(n: number): Stamp {
  return {
    ve: "ve",
    vm: `vm-${n}`,
    handler: `node-1-${n}`,
    generation: 1,
    adopted: false,
    policy: DEFAULT_POLICY,
  };
}

export function initialDomain(n: number, changes: Partial<InitialDomain> = {}): InitialDomain {
  const sizes = { cpus: 1, memory: 64, load: 100, dirtyRate: 0, powerOffMs: 1_000 };
  return { vm: vmId(n), name: `ve.vm-${n}`, persistent: false, stamp: vmStamp(n), ...sizes, ...changes };
}
