import type { LrtConfig } from "../config.ts";
import { share } from "../monitoring/monitor.ts";
import { satisfies, whyResting } from "./problem.ts";
import type { NodeSnapshot, VmSnapshot } from "./snapshot.ts";

/** Why a VM cannot be put on a host as things are, with numbers; null: it could. Moves that make room are not considered. */
export function obstacle(vm: VmSnapshot, host: NodeSnapshot, config: LrtConfig): string | null {
  if (host.vms.some(({ id }) => id === vm.id)) return "it is there already";
  if (host.draining) return "the host is draining";
  if (!satisfies(host, vm.policy)) {
    const missing = Object.entries(vm.policy.require).find(([label, value]) => host.labels[label] !== value);
    return `the host lacks the label ${missing?.join("=")}`;
  }
  const near = host.vms.find(({ id }) => vm.policy.apart.includes(id));
  if (near !== undefined) return `it must be apart from ${near.name}`;
  return shortOf(vm, host, config);
}

function shortOf(vm: VmSnapshot, host: NodeSnapshot, config: LrtConfig): string | null {
  const used = host.vms.reduce(
    (sum, { demand }) => ({ cpu: sum.cpu + demand.cpu, memory: sum.memory + demand.memory }),
    {
      cpu: 0,
      memory: 0,
    },
  );
  const cpu = share(host.capacity.cpu, config.overloadPermille - config.marginPermille) - used.cpu;
  if (vm.demand.cpu > cpu) return `it wants ${vm.demand.cpu} mCPU, ${Math.max(0, cpu)} are free`;
  const memory = host.capacity.memory - used.memory;
  if (vm.demand.memory > memory) return `it needs ${vm.demand.memory} MiB, ${Math.max(0, memory)} are free`;
  const failed = vm.failed.find((move) => move.host === host.node);
  if (failed !== undefined)
    return `a move there failed (not tried again for ${Math.ceil(failed.forMs / 1000)} s)`;
  const resting = whyResting(vm);
  if (resting !== null) return resting;
  const left = vm.left.find((departure) => departure.host === host.node);
  if (left === undefined || left.agoMs >= config.cooldownMs) return null;
  return `it left that host ${Math.round(left.agoMs / 1000)} s ago (overload does not send it back so soon)`;
}
