import { sortedEntries } from "../../lib/order.ts";
import type { VeName } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { Guests } from "./guests.ts";

export interface Report {
  readonly ve: VeName;
  readonly vms: readonly { readonly id: VmId; readonly state: string }[];
}

/** Which VEs' homes are to be told of their VMs here: those where something changed, or all of them. */
export class Reports {
  readonly #guests: Guests;
  /** What was last told, by VE. */
  readonly #told = new Map<VeName, string>();

  constructor(guests: Guests) {
    this.#guests = guests;
  }

  /** VEs whose homes have been told of guests here. */
  get size(): number {
    return this.#told.size;
  }

  due(all: boolean): Report[] {
    const here = this.#guests.byVe();
    for (const ve of this.#told.keys()) if (!here.has(ve)) here.set(ve, []);
    const due = sortedEntries(here).filter(([ve, vms]) => all || this.#told.get(ve) !== JSON.stringify(vms));
    for (const [ve, vms] of due) {
      // A VE that has left this host is told so once; if that is lost, its home asks.
      if (vms.length === 0) this.#told.delete(ve);
      else this.#told.set(ve, JSON.stringify(vms));
    }
    return due.map(([ve, vms]) => ({ ve, vms }));
  }
}
