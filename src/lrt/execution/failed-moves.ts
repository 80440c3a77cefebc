import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { LrtConfig } from "../config.ts";
import type { Inventory } from "../monitoring/inventory.ts";
import type { VmSnapshot } from "../scheduling/snapshot.ts";

interface Failures {
  count: number;
  readonly until: Map<NodeId, Instant>;
}

/** A VM remembers this many hosts, the latest. */
const MAX_REMEMBERED = 8;

/**
 * Where the VMs that are here could not be moved to: a guest that writes faster than its link carries fails again and
 * again, and what a plan moves out of its way would wander for ever. Each failure of a VM makes the pause longer,
 * 1 s × 2ⁿ up to 5 min, until it has left. Not durable: a restart may try again.
 */
export class FailedMoves {
  readonly #config: LrtConfig;
  readonly #byVm = new Map<VmId, Failures>();

  constructor(config: LrtConfig) {
    this.#config = config;
  }

  /** VMs of which something is remembered. */
  get size(): number {
    return this.#byVm.size;
  }

  of(vm: VmId, now: Instant): VmSnapshot["failed"] {
    const hosts = [...(this.#byVm.get(vm)?.until ?? [])];
    return hosts.filter(([, until]) => now < until).map(([host, until]) => ({ host, forMs: until - now }));
  }

  record(vm: VmId, host: NodeId, now: Instant): void {
    const { backoffMs, backoffMaxMs } = this.#config;
    const failures = this.#recent(vm, now);
    const pause = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(failures.count, 20));
    failures.count++;
    failures.until.delete(host);
    failures.until.set(host, now + pause);
    const oldest = failures.until.keys().next().value;
    if (failures.until.size > MAX_REMEMBERED && oldest !== undefined) failures.until.delete(oldest);
    this.#byVm.set(vm, failures);
  }

  /** Forgets VMs that are no longer here. */
  keepOnly(inventory: Inventory): void {
    for (const vm of this.#byVm.keys()) if (inventory.get(vm) === undefined) this.#byVm.delete(vm);
  }

  /** After the longest pause without a failure it begins anew. */
  #recent(vm: VmId, now: Instant): Failures {
    const known = this.#byVm.get(vm);
    const last = Math.max(...(known?.until.values() ?? []));
    return known === undefined || now - last > this.#config.backoffMaxMs
      ? { count: 0, until: new Map() }
      : known;
  }
}
