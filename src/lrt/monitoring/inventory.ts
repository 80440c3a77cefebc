import type { DomainCause, HypervisorEvent } from "../../hypervisor/command.ts";
import type { Domain } from "../../hypervisor/domain.ts";
import { byText } from "../../lib/order.ts";
import type { VmId } from "../../model/virtual-machine.ts";

/**
 * What runs on this host, as the hypervisor told it. It is listed anew at every connection and kept current by
 * events in between; it is never written down: the hypervisor is the truth.
 *
 * `version` grows with every change of the set of domains or of their states, whoever caused it: a plan made
 * on an older version is refused and made again.
 */
export class Inventory {
  #domains = new Map<VmId, Domain>();
  #version: number;
  #listed = false;

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
    this.#version++;
  }

  /** Takes a full listing for the truth; returns the ids that came or went against what was known. */
  list(domains: readonly Domain[]): { readonly appeared: VmId[]; readonly vanished: VmId[] } {
    const next = new Map(domains.map((domain) => [domain.vm, domain]));
    const appeared = [...next.keys()].filter((vm) => !this.#domains.has(vm)).sort(byText);
    const vanished = [...this.#domains.keys()].filter((vm) => !next.has(vm)).sort(byText);
    if (!this.#listed || appeared.length > 0 || vanished.length > 0 || this.#differs(next)) this.#version++;
    this.#domains = next;
    this.#listed = true;
    return { appeared, vanished };
  }

  /** Applies one domain's change; events before the first listing are ignored, the listing has them. */
  change(event: Extract<HypervisorEvent, { kind: "domain-changed" }>): DomainCause | null {
    if (!this.#listed) return null;
    this.set(event.vm, event.domain);
    return event.cause;
  }

  /** Replaces what is known of one domain (null: gone). */
  set(vm: VmId, domain: Domain | null): void {
    const before = this.#domains.get(vm);
    if (domain === null) this.#domains.delete(vm);
    else this.#domains.set(vm, domain);
    if (runs(before) !== runs(domain ?? undefined)) this.#version++;
  }

  #differs(next: ReadonlyMap<VmId, Domain>): boolean {
    return [...next].some(([vm, domain]) => runs(domain) !== runs(this.#domains.get(vm)));
  }
}

/** What the scheduler cares about in a domain, as a comparable word. */
function runs(domain: Domain | undefined): string {
  if (domain === undefined) return "absent";
  return `${domain.state}/${domain.pauseReason ?? ""}/${domain.stamp === null ? "foreign" : domain.stamp.generation}`;
}
