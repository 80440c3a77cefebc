/**
 * What libvirt's lifecycle events mean. One event does not say enough: `stopped/failed` is a crash, or an incoming
 * migration that came to nothing; `stopped/shutdown` is the guest's own wish, or a QEMU that somebody terminated. So a
 * little is remembered of each domain:
 *
 *   (none) ── started/migrated ──► incoming ── suspended/paused ──► (none)      migrated-in
 *                                     └────── stopped/* ──► (none)              migration-in-failed
 *   (none) ── shutdown/host ──► terminated ── stopped/shutdown ──► (none)       crashed
 *
 * Numbers and sequences were observed with libvirt 9.0.0.
 */
import type { DomainCause } from "../../../hypervisor/command.ts";
import type { Domain } from "../../../hypervisor/domain.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import { LifecycleDetail, LifecycleEvent } from "../index.ts";

const { started, suspended, stopped, shutdown } = LifecycleDetail;

export class Lifecycle {
  readonly #incoming = new Set<VmId>();
  readonly #terminated = new Set<VmId>();
  /** How many events each domain that is here has had. */
  readonly #counts = new Map<VmId, number>();

  /** Events were lost: only what is seen from now on counts. */
  reset(): void {
    this.#incoming.clear();
    this.#terminated.clear();
    this.#counts.clear();
  }

  /** How much has been heard of a domain; for `saw`. */
  heard(vm: VmId): number {
    return this.#counts.get(vm) ?? 0;
  }

  /**
   * A domain was read: it may be a shell whose beginning was not heard. `asOf` is what had been heard before it was
   * read: when more has been heard since, the reading is old.
   */
  saw({ vm, pauseReason }: Domain, asOf: number): void {
    if (pauseReason === "migrating-in" && this.heard(vm) === asOf) this.#incoming.add(vm);
  }

  /** null: nothing that anybody needs to know. `ends`: the domain's process is no more. */
  meaning(
    vm: VmId,
    event: number,
    detail: number,
  ): { readonly cause: DomainCause; readonly ends: boolean } | null {
    this.#counts.set(vm, this.heard(vm) + 1);
    switch (event) {
      case LifecycleEvent.started:
        if (detail === started.migrated) this.#incoming.add(vm);
        return going(detail === started.migrated ? "changed" : "started");
      case LifecycleEvent.resumed:
        this.#incoming.delete(vm);
        return going("resumed");
      case LifecycleEvent.suspended:
        return going(this.#suspended(vm, detail));
      case LifecycleEvent.pmSuspended:
        return going("paused");
      case LifecycleEvent.shutdown:
        if (detail === shutdown.host) this.#terminated.add(vm);
        return null;
      case LifecycleEvent.stopped:
        return { cause: this.#stopped(vm, detail), ends: true };
      case LifecycleEvent.undefined:
        return { cause: "changed", ends: true };
      default:
        return going("changed"); // defined, crashed (its end, if it ends, is told by itself)
    }
  }

  #suspended(vm: VmId, detail: number): DomainCause {
    if (detail === suspended.migrated) return "changed";
    const arrived = detail === suspended.paused && this.#incoming.delete(vm);
    return arrived ? "migrated-in" : "paused";
  }

  #stopped(vm: VmId, detail: number): DomainCause {
    const incoming = this.#incoming.delete(vm);
    const terminated = this.#terminated.delete(vm);
    this.#counts.delete(vm);
    if (incoming) return "migration-in-failed";
    switch (detail) {
      case stopped.migrated:
        return "migrated-out";
      case stopped.crashed:
      case stopped.failed:
        return "crashed";
      case stopped.shutdown:
        return terminated ? "crashed" : "stopped";
      default:
        return "stopped";
    }
  }
}

const going = (cause: DomainCause) => ({ cause, ends: false });
