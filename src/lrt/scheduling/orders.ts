import { assert, present } from "../../lib/assert.ts";
import type { Action, Plan } from "../../model/plan.ts";
import type { ActionOrder, PartitionRef } from "../messages.ts";
import type { TravellingEvent } from "./event.ts";
import type { NodeSnapshot } from "./snapshot.ts";

export interface OrderContext {
  readonly ref: PartitionRef;
  readonly snapshots: readonly NodeSnapshot[];
  readonly events: readonly TravellingEvent[];
  readonly reason: string;
}

/** A plan's actions as orders that their hosts can carry out and remember, by action id. */
export function ordersOf(plan: Plan, context: OrderContext): Map<number, ActionOrder> {
  return new Map(plan.actions.map((action) => [action.id, orderOf(action, context)]));
}

function orderOf(action: Action, context: OrderContext): ActionOrder {
  const key = `${context.ref.pid}@${context.ref.partitionEpoch}/${action.id}`;
  const base = { key, vm: action.vm, reason: context.reason };
  const to = present(action.to, "an action's destination");
  if (action.kind === "run") return { ...base, ...running(action, to, context) };
  assert(action.kind === "migrate", `the agent carries out run and migrate, not ${action.kind}`);
  return { ...base, ...migrating(action, to, context) };
}

function running(
  action: Action,
  to: string,
  { events }: OrderContext,
): Pick<ActionOrder, "name" | "what" | "event"> {
  for (const { id, cause } of events) {
    const vm = cause.kind === "arrival" ? cause.vms.find(({ spec }) => spec.id === action.vm) : undefined;
    if (vm === undefined) continue;
    const { spec, stamp, demand } = vm;
    return { name: spec.name, event: id, what: { kind: "run", to, spec, stamp, cpu: demand.cpu } };
  }
  throw new Error(`no event asked for ${action.vm}`);
}

function migrating(
  action: Action,
  to: string,
  context: OrderContext,
): Pick<ActionOrder, "name" | "what" | "event"> {
  const from = present(action.from, "a migration's source");
  const source = context.snapshots.find(({ node }) => node === from);
  // The second leg of a pivot starts where the first one ends: the VM is still in its first host's snapshot.
  const everywhere = context.snapshots.flatMap(({ vms }) => vms);
  const vm = present(
    source?.vms.find(({ id }) => id === action.vm) ?? everywhere.find(({ id }) => id === action.vm),
    action.vm,
  );
  const { demand, policy, adopted, left } = vm;
  const event = context.events.find(({ origin }) => origin === from) ?? context.events[0];
  return {
    name: vm.name,
    event: present(event, "the partition's event").id,
    what: {
      kind: "migrate",
      from,
      to,
      memory: demand.memory,
      cpu: demand.cpu,
      policy: policy.migration,
      adopted,
      left,
    },
  };
}
