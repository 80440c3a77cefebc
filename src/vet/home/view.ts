import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { OperationName } from "../../model/operation.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { VeRecord, VmRecord } from "../lifecycle/record.ts";
import { observedOf, wantedOf } from "../lifecycle/table.ts";
import type { VeView, VeVmView } from "../views.ts";

interface Seen {
  readonly home: NodeId;
  readonly now: Instant;
  readonly silence: (vm: VmRecord) => string | null;
  readonly heard: (vm: VmId) => Instant | null;
  readonly waitingFor: string | null;
  readonly operation: OperationName | null;
}

export function viewOf(record: VeRecord, seen: Seen): VeView {
  const vms = record.vms.map((vm) => viewOfVm(vm, seen));
  return {
    name: record.name,
    handler: record.handler,
    home: seen.home,
    generation: record.generation,
    desired: wantedOf(record),
    observed: observedOf(record),
    degraded: degradedBecause(record, vms),
    adopted: record.adopted,
    priority: record.manifest.priority,
    labels: record.manifest.labels,
    vms,
    waitingFor: seen.waitingFor,
    operation: seen.operation,
    movingTo: null,
  };
}

function viewOfVm(vm: VmRecord, { now, silence, heard }: Seen): VeVmView {
  const { name, id, handler, domain, state, host, note } = vm;
  const why = silence(vm);
  const at = heard(id);
  return {
    name,
    id,
    handler,
    domain,
    state: why === null ? state : "unknown",
    host,
    note: why ?? note,
    heardAgoMs: at === null ? null : now - at,
  };
}

function degradedBecause(record: VeRecord, vms: readonly VeVmView[]): string | null {
  const unknown = vms.find(({ state }) => state === "unknown");
  if (unknown !== undefined) return `${unknown.name} is unknown: ${unknown.note}`;
  const down = vms.find(({ state }) => state === "stopped");
  if (down === undefined || wantedOf(record) !== "running") return null;
  return `${down.name} is stopped${down.note === null ? "" : `: ${down.note}`}`;
}
