/**
 * A VM that two members say they hold: what a migration in doubt leaves behind for a while (a whole copy, paused), or an
 * accident (the same domain defined on two hosts). A partition moves neither, and leaves both the room that they take.
 */
import { byText } from "../../lib/order.ts";
import type { Rule } from "../../model/constraint.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId, VmPolicy } from "../../model/virtual-machine.ts";
import type { NodeSnapshot, VmSnapshot } from "./snapshot.ts";

/** VMs that more than one member holds, with those hosts in join order. */
export function doublesOf(members: readonly NodeSnapshot[]): ReadonlyMap<VmId, readonly NodeSnapshot[]> {
  const holders = new Map<VmId, NodeSnapshot[]>();
  for (const member of members)
    for (const { id } of member.vms) holders.set(id, [...(holders.get(id) ?? []), member]);
  return new Map([...holders].filter(([, hosts]) => hosts.length > 1).sort(([a], [b]) => byText(a, b)));
}

/** The members with each such VM once, where it was found first, and pinned; elsewhere its room is taken. */
export function withoutDoubles(members: readonly NodeSnapshot[]): readonly NodeSnapshot[] {
  const doubles = doublesOf(members);
  if (doubles.size === 0) return members;
  return members.map((member) => {
    const copies = member.vms.filter(({ id }) => {
      const first = doubles.get(id)?.[0];
      return first !== undefined && first !== member;
    });
    const gone = new Set(copies.map(({ id }) => id));
    const vms = member.vms
      .filter(({ id }) => !gone.has(id))
      .map((vm) => pinnedIfDouble(vm, doubles.get(vm.id)));
    return { ...member, capacity: less(member.capacity, copies), vms };
  });
}

/** Nothing comes to a copy that it must be apart from. */
export function doubleRules(
  members: readonly NodeSnapshot[],
  policies: readonly (readonly [VmId, VmPolicy])[],
  hostOf: ReadonlyMap<VmId, NodeId>,
): Rule[] {
  const apartOf = new Map(policies.map(([vm, { apart }]) => [vm, apart]));
  return [...doublesOf(members)].flatMap(([double, [, ...others]]): Rule[] => {
    const hosts = others.map(({ node }) => node);
    const near = policies.filter(
      ([vm, { apart }]) => apart.includes(double) || apartOf.get(double)?.includes(vm),
    );
    const vms = near.map(([vm]) => vm).filter((vm) => vm !== double && !hosts.includes(hostOf.get(vm) ?? ""));
    return vms.length > 0
      ? [
          {
            kind: "ban",
            vms: vms.sort(byText),
            hosts,
            continuous: true,
            name: "a second copy there that it must be apart from",
          },
        ]
      : [];
  });
}

function pinnedIfDouble(vm: VmSnapshot, hosts: readonly NodeSnapshot[] | undefined): VmSnapshot {
  if (hosts === undefined) return vm;
  return { ...vm, pinned: `is on ${hosts.map(({ name }) => name).join(" and ")} at once` };
}

function less(capacity: NodeSnapshot["capacity"], copies: readonly VmSnapshot[]): NodeSnapshot["capacity"] {
  const taken = (of: "cpu" | "memory") => copies.reduce((sum, { demand }) => sum + demand[of], 0);
  return {
    cpu: Math.max(0, capacity.cpu - taken("cpu")),
    memory: Math.max(0, capacity.memory - taken("memory")),
  };
}
