import { type Instant, type Millis, minutes } from "../../lib/instant.ts";
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

/** However long moves of a VM have failed, one is tried again after so long. */
const LONGEST_MS = minutes(60);

/**
 * Where the VMs that are here could not be moved to: a guest that writes faster than its link carries fails again and
 * again, and what a plan moves out of its way would wander for ever. Each failure of a VM makes the pause longer,
 * 1 s × 2ⁿ up to an hour, until it has left: one tries again after as long as one has tried in vain, so that moves
 * which make room for nothing become ever rarer. Not durable: a restart may try again.
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

  /** Where two hosts have not got it, a third would hardly: it rests. null: it does not. */
  restOf(vm: VmId, now: Instant): Millis | null {
    const known = this.#byVm.get(vm);
    if (known === undefined || known.until.size < 2) return null;
    const until = latest(known);
    return now < until ? until - now : null;
  }

  record(vm: VmId, host: NodeId, now: Instant): void {
    const failures = this.#recent(vm, now);
    const pause = Math.min(LONGEST_MS, this.#config.backoffMs * 2 ** Math.min(failures.count, 20));
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
    return known === undefined || now - latest(known) > LONGEST_MS ? { count: 0, until: new Map() } : known;
  }
}

function latest({ until }: Failures): Instant {
  return Math.max(...until.values());
}
