import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { Explanation } from "../../solver/solution.ts";
import type { TravellingEvent } from "./event.ts";
import type { NodeSnapshot } from "./snapshot.ts";

/** What people call what ids name. */
export interface Names {
  readonly node: (node: NodeId) => string;
  readonly vm: (vm: VmId) => string;
}

/** Domain names as members and events tell them; a VM that none of them knows keeps its id. */
export function domainNames(
  members: readonly NodeSnapshot[],
  events: readonly Pick<TravellingEvent, "cause">[],
): Names["vm"] {
  const arriving = events.flatMap(({ cause }) => (cause.kind === "arrival" ? cause.vms : []));
  const names = new Map([
    ...members.flatMap(({ vms }) => vms.map(({ id, name }) => [id, name] as const)),
    ...arriving.map(({ spec }) => [spec.id, spec.name] as const),
  ]);
  return (vm) => names.get(vm) ?? vm;
}

/** Why a partition acts, in words for people. */
export function reasonOf(
  { cause, origin }: Pick<TravellingEvent, "cause" | "origin">,
  nameOf: Names["node"],
): string {
  const name = nameOf(origin);
  switch (cause.kind) {
    case "overload":
      return `${name} is over its ${cause.resource} limit (${cause.wanted} wanted, ${cause.limit} allowed)`;
    case "underload":
      return `${name} could be emptied (${cause.wanted} mCPU wanted)`;
    case "arrival":
      return `VE ${cause.ve} starts`;
    case "drain":
      return `${name} is being drained`;
    case "violation":
      return `placement rule broken on ${name}: ${cause.rule}`;
    case "move":
      return "an operator asked for it";
  }
}

/** An explanation in a sentence for people, with numbers. */
export function tell(explanations: readonly Explanation[], names: Names): string {
  if (explanations.length === 0) return "no beneficial migration was found";
  return explanations.map((explanation) => sentence(explanation, names)).join("; ");
}

function sentence(explanation: Explanation, names: Names): string {
  const unit = (resource: string): string =>
    resource === "cpu" ? "mCPU" : resource === "memory" ? "MiB" : resource;
  switch (explanation.kind) {
    case "shortage": {
      const { resource, hosts, needed, available } = explanation;
      return `no beneficial migration: ${needed} ${unit(resource)} of ${resource} wanted on ${hosts.map(names.node).join(", ")}, ${available} available`;
    }
    case "too-large": {
      const { vm, resource, needed, largest } = explanation;
      return `VM ${names.vm(vm)} wants ${needed} ${unit(resource)} of ${resource}, the largest host has ${largest}`;
    }
    case "no-host": {
      const why = explanation.hosts.map(({ host, why }) => `${names.node(host)}: ${why}`).join(", ");
      return `no host can take ${explanation.vms.map(names.vm).join(", ")} (${why})`;
    }
    case "rule":
      return `${explanation.why} (${explanation.vms.map(names.vm).join(", ")} on ${explanation.hosts.map(names.node).join(", ")})`;
    case "no-order":
      return `no order of migrations exists: ${explanation.why} (${explanation.cycle.join(" → ")})`;
  }
}
