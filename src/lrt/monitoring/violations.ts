import type { Domain } from "../../hypervisor/domain.ts";
import type { Labels } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";

export interface BrokenRule {
  readonly vms: readonly VmId[];
  readonly rule: string;
}

/** The first strict rule that this host can see broken on itself: two that must be apart, or a missing label. */
export function brokenRule(domains: readonly Domain[], labels: Labels): BrokenRule | null {
  const here = new Map(
    domains.filter(({ state }) => state === "running").map((domain) => [domain.vm, domain]),
  );
  for (const domain of here.values()) {
    const policy = domain.stamp?.policy;
    if (policy === undefined) continue;
    const close = policy.apart.find((other) => here.has(other));
    if (close !== undefined) {
      return { vms: [domain.vm, close], rule: `${domain.name} and ${here.get(close)?.name} must be apart` };
    }
    const missing = Object.entries(policy.require).find(([label, value]) => labels[label] !== value);
    if (missing !== undefined)
      return { vms: [domain.vm], rule: `${domain.name} requires ${missing[0]}=${missing[1]}` };
  }
  return null;
}
