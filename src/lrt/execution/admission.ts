/** What an order must meet before it is written down: here it is said why it does not, in words for people. */
import type { Domain } from "../../hypervisor/domain.ts";
import type { Instant } from "../../lib/instant.ts";
import { seconds } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { ActionKey, ActionOrder, BookingToken } from "../messages.ts";
import type { Inventory } from "../monitoring/inventory.ts";
import type { BookingDesk } from "../scheduling/booking.ts";
import type { EventId } from "../scheduling/event.ts";
import { memoryOf } from "./open-action.ts";
import type { PastOrders } from "./past-orders.ts";

/** Time left on a lease below which nothing new is started: the destination waits as long as the lease. */
const START_MARGIN_MS = seconds(5);

export interface AdmissionDependencies {
  readonly capacity: Resources;
  readonly inventory: Inventory;
  readonly desk: () => BookingDesk;
  readonly past: PastOrders;
  /** Whether this node has heard of that one: a guest goes to nobody whom its host does not know. */
  readonly knows: (node: NodeId) => boolean;
  /** Whether an event is this node's and is over: nothing is done for it any more. */
  readonly over: (event: EventId) => boolean;
  /** Whether the guest is on its way here, and does not run yet. */
  readonly arriving: (vm: VmId) => boolean;
  /** Memory promised to guests that are on their way here. */
  readonly promised: () => number;
}

export class Admission {
  readonly #deps: AdmissionDependencies;
  #closed = false;
  /** Orders of the plan that this node has agreed to last → the rules that their guests, which were here, had then. */
  #agreed: ReadonlyMap<ActionKey, string> = new Map();

  constructor(deps: AdmissionDependencies) {
    this.#deps = deps;
  }

  /** Nothing is let in any more. */
  close(): void {
    this.#closed = true;
  }

  /** A plan is agreed to: what is here is as it says. */
  agree(orders: readonly ActionOrder[]): void {
    this.#agreed = new Map(
      orders.flatMap(({ key, vm }) => {
        const domain = this.#deps.inventory.get(vm);
        return domain === undefined ? [] : [[key, rulesOf(domain)] as const];
      }),
    );
  }

  /** Of a guest that is to come here. */
  arrival(order: ActionOrder, token: BookingToken, now: Instant): string | null {
    return this.#refusal(order, token, now) ?? this.#occupied(order);
  }

  /** Of a guest that is to start here or to leave; `held`: it is still on its way here. */
  start(order: ActionOrder, token: BookingToken, now: Instant, held: boolean): string | null {
    return this.#refusal(order, token, now) ?? this.#stranger(order) ?? (held ? null : this.#missing(order));
  }

  /** Room for a guest that is to come. */
  room(order: ActionOrder): string | null {
    const { capacity, inventory, promised } = this.#deps;
    let left = capacity.memory - promised() - memoryOf(order);
    for (const domain of inventory.all()) if (domain.state !== "shutoff") left -= domain.memory;
    return left < 0 ? `${-left} MiB of memory are missing` : null;
  }

  #refusal(order: ActionOrder, token: BookingToken, now: Instant): string | null {
    if (this.#closed) return "the agent is stopping";
    if (this.#deps.past.has(order.key)) return "this order has been given up";
    if (this.#deps.over(order.event)) return "the event that it is for is over";
    if (!this.#deps.desk().holds(token, now, START_MARGIN_MS)) return "the booking is over";
    return this.#deps.inventory.listed ? null : "the hypervisor is not connected";
  }

  /** What ends an earlier arrival (it may destroy that copy) must never meet a later one. */
  #occupied({ vm, name }: ActionOrder): string | null {
    return this.#deps.arriving(vm) ? `an earlier copy of ${name} is still to be cleared away here` : null;
  }

  /** Whoever looks for the guest later asks its host's circle: it must have the next one in it. */
  #stranger({ what }: ActionOrder): string | null {
    if (what.kind !== "migrate" || this.#deps.knows(what.to)) return null;
    return `${what.to} is not known here yet`;
  }

  #missing(order: ActionOrder): string | null {
    const domain = this.#deps.inventory.get(order.vm);
    if (order.what.kind === "run") return domain === undefined ? null : `${order.name} is already here`;
    if (domain === undefined) return `${order.name} is not here`;
    if (domain.stamp === null) return `${order.name} is not managed`;
    if ((this.#agreed.get(order.key) ?? rulesOf(domain)) !== rulesOf(domain))
      return `the rules of ${order.name} are not what they were when the plan was made`;
    return domain.state === "running" && domain.job === "none"
      ? null
      : `${order.name} is ${domain.state}, job ${domain.job}`;
  }
}

/** Where it may be, and beside whom, to be compared. */
function rulesOf({ stamp }: Domain): string {
  return JSON.stringify([stamp?.policy.apart ?? [], Object.entries(stamp?.policy.require ?? {}).sort()]);
}
