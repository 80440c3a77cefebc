import type { NodeId } from "../../model/node.ts";
import type { Explanation } from "../../solver/solution.ts";

/** An explanation in a sentence for people, with numbers. */
export function tell(explanations: readonly Explanation[], nameOf: (node: NodeId) => string): string {
  if (explanations.length === 0) return "no beneficial migration was found";
  return explanations.map((explanation) => sentence(explanation, nameOf)).join("; ");
}

function sentence(explanation: Explanation, nameOf: (node: NodeId) => string): string {
  const unit = (resource: string): string =>
    resource === "cpu" ? "mCPU" : resource === "memory" ? "MiB" : resource;
  switch (explanation.kind) {
    case "shortage": {
      const { resource, hosts, needed, available } = explanation;
      return `no beneficial migration: ${needed} ${unit(resource)} of ${resource} wanted on ${hosts.map(nameOf).join(", ")}, ${available} available`;
    }
    case "too-large": {
      const { vm, resource, needed, largest } = explanation;
      return `VM ${vm} wants ${needed} ${unit(resource)} of ${resource}, the largest host has ${largest}`;
    }
    case "no-host": {
      const why = explanation.hosts.map(({ host, why }) => `${nameOf(host)}: ${why}`).join(", ");
      return `no host can take ${explanation.vms.join(", ")} (${why})`;
    }
    case "rule":
      return `${explanation.why} (${explanation.vms.join(", ")} on ${explanation.hosts.map(nameOf).join(", ")})`;
    case "no-order":
      return `no order of migrations exists: ${explanation.why} (${explanation.cycle.join(" → ")})`;
  }
}
