import type { DomainCause, HypervisorEvent } from "../../hypervisor/command.ts";
import type { Domain } from "../../hypervisor/domain.ts";
import { byText } from "../../lib/order.ts";
import type { VmId } from "../../model/virtual-machine.ts";

/**
 * What runs on this host, as the hypervisor told it. It is listed anew at every connection and kept current by
 * events in between; it is never written down: the hypervisor is the truth.
 *
 * A listing is not one look: the set of domains is taken, then each is read, which can take seconds, and events overtake
 * its answer. Whatever was told since it was asked for is newer than what it says of that domain, and stands.
 *
 * `version` grows with every change of the set of domains or of their states, whoever caused it: a plan made
 * on an older version is refused and made again.
 */
export class Inventory {
  #domains = new Map<VmId, Domain>();
  #version: number;
  #listed = false;
  /** What has changed since the listing that is under way was asked for; null: none is. */
  #since: Map<VmId, Domain | null> | null = null;

  /** @param first versions start here; it grows over restarts so that a plan made before one is refused. */
  constructor(first = 0) {
    this.#version = first;
  }

  /** Whether a listing has been received since the hypervisor last connected. */
  get listed(): boolean {
    return this.#listed;
  }

  get version(): number {
    return this.#version;
  }

  get(vm: VmId): Domain | undefined {
    return this.#domains.get(vm);
  }

  /** Every domain, by id. */
  all(): Domain[] {
    return [...this.#domains.values()].sort((a, b) => byText(a.vm, b.vm));
  }

  /** Domains that carry our stamp. */
  managed(): Domain[] {
    return this.all().filter((domain) => domain.stamp !== null);
  }

  disconnected(): void {
    this.#listed = false;
    this.#since = null;
    this.#version++;
  }

  /** A listing is asked for now; `list` takes its answer. */
  listing(): void {
    this.#since = new Map();
  }

  /**
   * Takes a full listing for the truth, but for what has changed since it was asked for; returns the ids that came or went
   * against what was known.
   */
  list(domains: readonly Domain[]): { readonly appeared: VmId[]; readonly vanished: VmId[] } {
    const next = new Map(domains.map((domain) => [domain.vm, domain]));
    for (const [vm, domain] of this.#since ?? []) put(next, vm, domain);
    this.#since = null;
    const appeared = [...next.keys()].filter((vm) => !this.#domains.has(vm)).sort(byText);
    const vanished = [...this.#domains.keys()].filter((vm) => !next.has(vm)).sort(byText);
    if (!this.#listed || appeared.length > 0 || vanished.length > 0 || this.#differs(next)) this.#version++;
    this.#domains = next;
    this.#listed = true;
    return { appeared, vanished };
  }

  /** Applies one domain's change; before the first listing it is kept until that is answered (null: no news yet). */
  change({ vm, domain, cause }: Extract<HypervisorEvent, { kind: "domain-changed" }>): DomainCause | null {
    if (this.#listed) this.set(vm, domain);
    else this.#since?.set(vm, domain);
    return this.#listed ? cause : null;
  }

  /** Replaces what is known of one domain (null: gone). */
  set(vm: VmId, domain: Domain | null): void {
    this.#since?.set(vm, domain);
    const before = this.#domains.get(vm);
    put(this.#domains, vm, domain);
    if (runs(before) !== runs(domain ?? undefined)) this.#version++;
  }

  #differs(next: ReadonlyMap<VmId, Domain>): boolean {
    return [...next].some(([vm, domain]) => runs(domain) !== runs(this.#domains.get(vm)));
  }
}

function put(domains: Map<VmId, Domain>, vm: VmId, domain: Domain | null): void {
  if (domain === null) domains.delete(vm);
  else domains.set(vm, domain);
}

/** What the scheduler cares about in a domain, as a comparable word. */
function runs(domain: Domain | undefined): string {
  if (domain === undefined) return "absent";
  return `${domain.state}/${domain.pauseReason ?? ""}/${domain.stamp === null ? "foreign" : domain.stamp.generation}`;
}
