/**
 * A VM that two members say they hold: what a migration in doubt leaves behind for a while (a whole copy, paused), or an
 * accident (the same domain defined on two hosts). A partition moves neither, and leaves both the room that they take.
 */
import { byText } from "../../lib/order.ts";
import type { Rule } from "../../model/constraint.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId, VmPolicy } from "../../model/virtual-machine.ts";
import type { NodeSnapshot, VmSnapshot } from "./snapshot.ts";

/** VMs that more than one member holds, with those hosts. */
export type Doubles = ReadonlyMap<VmId, readonly NodeSnapshot[]>;

/** A member as a plan sees it. */
export interface Member extends NodeSnapshot {
  /** Second copies, which are not among its `vms`: they stay, and take room of its capacity. */
  readonly copies: readonly VmSnapshot[];
}

/** In join order, but first those to be emptied: a host on which a copy stays cannot be, whichever of them it is. */
export function doublesOf(
  members: readonly NodeSnapshot[],
  emptied: ReadonlySet<NodeId> = new Set(),
): Doubles {
  const holders = new Map<VmId, NodeSnapshot[]>();
  const first = members.filter(({ node }) => emptied.has(node));
  for (const member of new Set([...first, ...members]))
    for (const { id } of member.vms) holders.set(id, [...(holders.get(id) ?? []), member]);
  return new Map([...holders].filter(([, hosts]) => hosts.length > 1).sort(([a], [b]) => byText(a, b)));
}

/** The members with each such VM once, on the first of its hosts, and pinned; elsewhere its room is taken. */
export function withoutDoubles(members: readonly NodeSnapshot[], doubles: Doubles): readonly Member[] {
  return members.map((member) => {
    const isCopy = ({ id }: VmSnapshot): boolean => (doubles.get(id)?.indexOf(member) ?? 0) > 0;
    const vms = member.vms.filter((vm) => !isCopy(vm)).map((vm) => pinnedIfDouble(vm, doubles.get(vm.id)));
    return { ...member, vms, copies: member.vms.filter(isCopy) };
  });
}

/** Nothing comes to a copy that it must be apart from. */
export function doubleRules(
  doubles: Doubles,
  policies: readonly (readonly [VmId, VmPolicy])[],
  hostOf: ReadonlyMap<VmId, NodeId>,
): Rule[] {
  const apartOf = new Map(policies.map(([vm, { apart }]) => [vm, apart]));
  return [...doubles].flatMap(([double, [, ...others]]): Rule[] => {
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
