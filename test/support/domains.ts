import type { Domain } from "../../src/hypervisor/domain.ts";
import type { VmId } from "../../src/model/virtual-machine.ts";

/** As it would be after a journey over the wire or a stay on disk. */
export function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

export function domainOf(vm: VmId, name: string, cpus: number, memory: number): Domain {
  return {
    vm,
    name,
    state: "running",
    pauseReason: null,
    cpus,
    memory,
    persistent: false,
    stamp: null,
    job: "none",
  };
}
