/**
 * What libvirt's lifecycle events mean. One event does not say enough: `stopped/failed` is a crash, or an incoming
 * migration that came to nothing; `stopped/shutdown` is the guest's own wish, or a QEMU that somebody terminated. So a
 * little is remembered of each domain:
 *
 *   (none) ── started/migrated ──► incoming ── resumed/migrated ──► (none)      migrated-in
 *                                     └────── stopped/* ──► (none)              migration-in-failed
 *   (none) ── shutdown/host ──► terminated ── stopped/shutdown ──► (none)       crashed
 *
 * Numbers and sequences were observed with libvirt 9.0.0.
 */
import type { DomainCause } from "../../../hypervisor/command.ts";
import type { Domain } from "../../../hypervisor/domain.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import { LifecycleDetail, LifecycleEvent } from "../index.ts";

const { started, suspended, resumed, stopped, shutdown } = LifecycleDetail;

export class Lifecycle {
  readonly #incoming = new Set<VmId>();
  readonly #terminated = new Set<VmId>();

  /** Events were lost: only what is seen from now on counts. */
  reset(): void {
    this.#incoming.clear();
    this.#terminated.clear();
  }

  /** A domain was read, not told of: it may be a shell whose beginning was not heard. */
  saw({ vm, pauseReason }: Domain): void {
    if (pauseReason === "migrating-in") this.#incoming.add(vm);
  }

  /** null: nothing that anybody needs to know. `ends`: the domain's process is no more. */
  meaning(
    vm: VmId,
    event: number,
    detail: number,
  ): { readonly cause: DomainCause; readonly ends: boolean } | null {
    switch (event) {
      case LifecycleEvent.started:
        if (detail === started.migrated) this.#incoming.add(vm);
        return going(detail === started.migrated ? "changed" : "started");
      case LifecycleEvent.resumed:
        return going(this.#resumed(vm, detail));
      case LifecycleEvent.suspended:
        return going(detail === suspended.migrated ? "changed" : "paused");
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

  #resumed(vm: VmId, detail: number): DomainCause {
    const arrived = detail === resumed.migrated && this.#incoming.has(vm);
    this.#incoming.delete(vm);
    return arrived ? "migrated-in" : "resumed";
  }

  #stopped(vm: VmId, detail: number): DomainCause {
    const incoming = this.#incoming.delete(vm);
    const terminated = this.#terminated.delete(vm);
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
