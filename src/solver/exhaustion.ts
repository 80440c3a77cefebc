/** What to say when every possibility was tried in vain. */
import type { Dense } from "./dense.ts";
import type { Explanation } from "./solution.ts";

/** @param nowhere not even a viable placement exists, whatever the order. */
export function explainExhaustion(dense: Dense, nowhere: boolean): readonly Explanation[] {
  const { rules, vms, hosts } = dense.problem;
  const strict = [...rules.keys()].filter((i) => rules[i]?.preferred === undefined);
  if (nowhere) {
    const why = "no placement satisfies the capacities and these rules together: all were tried";
    return [
      { kind: "rule", rules: strict, vms: vms.map((vm) => vm.id), hosts: hosts.map((host) => host.id), why },
    ];
  }
  const cycle = vms.filter((vm) => vm.state === "running" && vm.pinned !== true).map((vm) => vm.id);
  const why = "viable placements exist, but no order of steps reaches one: all were tried, pivots included";
  return [{ kind: "no-order", cycle, why }];
}
