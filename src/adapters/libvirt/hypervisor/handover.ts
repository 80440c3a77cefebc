/**
 * The last phase of a migration, from the moment when the source's processors stop. libvirt 9.0 that loses the destination
 * from then on (a network cut, a libvirtd that dies there) resumes the guest at the source, though it may run at the
 * destination already: it then runs twice. That was seen every time that it was tried. So after such an end the guest is
 * suspended here at once and the end is `unknown`: who has asked the destination may resume or destroy it. What stays
 * are the milliseconds between libvirt's resume and this suspend; the migration option `arrivePaused` leaves none.
 */
import type { HypervisorOutcome } from "../../../hypervisor/command.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import {
  type LibvirtConnection,
  type Domain as LibvirtDomain,
  DomainState as LibvirtState,
  LifecycleDetail,
  LifecycleEvent,
  PausedReason,
} from "../index.ts";
import { failed, messageOf } from "./failures.ts";

export class Handover {
  readonly #connection: LibvirtConnection;
  readonly #undone = new AbortController();
  #begun = false;

  private constructor(connection: LibvirtConnection, vm: VmId) {
    this.#connection = connection;
    connection.on("event", (event) => {
      if (event.kind !== "lifecycle" || event.dom.uuid !== vm) return;
      const { event: what, detail } = event;
      if (what === LifecycleEvent.suspended && detail === LifecycleDetail.suspended.migrated)
        this.#begun = true;
      if (what === LifecycleEvent.resumed && this.#begun) this.#undone.abort();
    });
  }

  /** Over the connection that also hears how the migration ends, so that the order is the daemon's. */
  static async watch(connection: LibvirtConnection, vm: VmId): Promise<Handover> {
    const handover = new Handover(connection, vm);
    await connection.subscribe("lifecycle");
    return handover;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Aborted when libvirt has resumed the guest here after all. */
  get undone(): AbortSignal {
    return this.#undone.signal;
  }

  /** It may have begun before it was watched. */
  async look(dom: LibvirtDomain): Promise<void> {
    const { state, reason } = await this.#connection.call("DomainGetState", { dom });
    if (state === LibvirtState.paused && reason === PausedReason.migration) this.#begun = true;
  }

  /** The guest may run at the destination: it is kept from running here until somebody knows. */
  async hold(dom: LibvirtDomain, why: string): Promise<HypervisorOutcome> {
    const doubt = `the destination was lost while it took the guest over, and may run it: ${why}`;
    try {
      await this.#connection.call("DomainSuspend", { dom });
      return failed("unknown", `${doubt}; it is suspended here`);
    } catch (error) {
      return failed("unknown", `${doubt}; it could not be suspended here: ${messageOf(error)}`);
    }
  }
}
