/** What-if edits of a problem: a host dies, hosts are drained, VMs arrive. */
import type { Problem, ProblemVm } from "../problem.ts";

export interface Edits {
  /** Hosts that are gone: what ran there waits to be run elsewhere. */
  readonly hostDown?: readonly string[];
  /** Hosts to be emptied. */
  readonly drain?: readonly string[];
  readonly addVms?: readonly ProblemVm[];
}

export function edited(problem: Problem, { hostDown = [], drain = [], addVms = [] }: Edits): Problem {
  const down = new Set(hostDown);
  const rules =
    drain.length > 0 ? [...problem.rules, { kind: "offline", hosts: drain } as const] : problem.rules;
  return {
    ...problem,
    hosts: problem.hosts.map((host) => (down.has(host.id) ? { ...host, online: false } : host)),
    vms: [...problem.vms.map((vm) => (down.has(vm.host ?? "") ? orphaned(vm) : vm)), ...addVms],
    rules,
  };
}

function orphaned(vm: ProblemVm): ProblemVm {
  const { pinned: _, ...rest } = vm;
  return { ...rest, state: "waiting", host: null };
}
