import { assert, present } from "../../lib/assert.ts";
import type { Millis } from "../../lib/instant.ts";
import { DEPARTURES_REMEMBERED } from "../../model/bounds.ts";
import type { NodeId } from "../../model/node.ts";
import type { Action, Plan } from "../../model/plan.ts";
import type { ActionOrder, PartitionRef } from "../messages.ts";
import type { TravellingEvent } from "./event.ts";
import type { NodeSnapshot } from "./snapshot.ts";

export interface OrderContext {
  readonly ref: PartitionRef;
  readonly snapshots: readonly NodeSnapshot[];
  readonly events: readonly TravellingEvent[];
  /** An event's cause in a sentence. */
  readonly reason: (event: TravellingEvent) => string;
}

type Parts = Pick<ActionOrder, "name" | "what" | "event" | "reason">;

/** A plan's actions as orders that their hosts can carry out and remember, by action id. */
export function ordersOf(plan: Plan, context: OrderContext): Map<number, ActionOrder> {
  return new Map(plan.actions.map((action) => [action.id, orderOf(action, plan, context)]));
}

function orderOf(action: Action, plan: Plan, context: OrderContext): ActionOrder {
  const key = `${context.ref.pid}@${context.ref.partitionEpoch}/${action.id}`;
  const base = { key, vm: action.vm };
  const to = present(action.to, "an action's destination");
  if (action.kind === "run") return { ...base, ...running(action, to, context) };
  assert(action.kind === "migrate", `the agent carries out run and migrate, not ${action.kind}`);
  return { ...base, ...migrating(action, to, plan, context) };
}

function running(action: Action, to: string, { events, reason }: OrderContext): Parts {
  for (const event of events) {
    const { cause, id } = event;
    const vm = cause.kind === "arrival" ? cause.vms.find(({ spec }) => spec.id === action.vm) : undefined;
    if (vm === undefined) continue;
    const { spec, stamp, demand } = vm;
    const what = { kind: "run", to, spec, stamp, cpu: demand.cpu } as const;
    return { name: spec.name, event: id, reason: reason(event), what };
  }
  throw new Error(`no event asked for ${action.vm}`);
}

function migrating(action: Action, to: string, plan: Plan, context: OrderContext): Parts {
  const from = present(action.from, "a migration's source");
  // The second leg of a pivot starts where the first one ends: the VM is still in its first host's snapshot.
  const home = present(
    context.snapshots.find(({ vms }) => vms.some(({ id }) => id === action.vm)),
    action.vm,
  );
  const vm = present(
    home.vms.find(({ id }) => id === action.vm),
    action.vm,
  );
  const { demand, policy, adopted } = vm;
  const left = [...vm.left, ...passedBefore(action, plan)].slice(-DEPARTURES_REMEMBERED);
  const event = causeOf(action.vm, home.node, context.events);
  return {
    name: vm.name,
    event: event.id,
    reason: context.reason(event),
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

/** Hosts that the VM leaves by this plan before the action: whoever takes it at the end must know of them, too. */
function passedBefore({ id, vm }: Action, plan: Plan): { readonly host: NodeId; readonly agoMs: Millis }[] {
  const earlier = plan.actions.filter((other) => other.vm === vm && other.id < id);
  return earlier.flatMap(({ from }) => (from === null ? [] : [{ host: from, agoMs: 0 }]));
}

/**
 * The event that moves a VM: an operator's word about it, the drain of the host it is on before the plan, another event
 * there, or the first. What moves it over a pivot is the same on both legs.
 */
function causeOf(vm: string, home: string, events: readonly TravellingEvent[]): TravellingEvent {
  const asked = events.find(({ cause }) => cause.kind === "move" && cause.vm === vm);
  const there = events.filter(({ origin }) => origin === home);
  const drained = there.find(({ cause }) => cause.kind === "drain");
  return present(asked ?? drained ?? there[0] ?? events[0], "the partition's event");
}
