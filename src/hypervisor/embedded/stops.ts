import type { Instant, Millis } from "../../lib/instant.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { HypervisorOutcome } from "../command.ts";
import { executes, type Guest } from "./guest.ts";
import { DONE, failed, type Host } from "./host.ts";

interface Stop {
  readonly operations: number[];
  /** Its guest was ready to power off while it was paused: it will as soon as it runs. */
  overdue: boolean;
}

/** Guests that were asked to power off, and who waits for it. */
export class Stops {
  readonly #host: Host;
  readonly #end: (guest: Guest, now: Instant) => void;
  readonly #stops = new Map<VmId, Stop>();

  constructor(host: Host, end: (guest: Guest, now: Instant) => void) {
    this.#host = host;
    this.#end = end;
  }

  request(operation: number, guest: Guest, graceMs: Millis, now: Instant): void {
    const { agenda } = this.#host;
    const stop = this.#stops.get(guest.vm);
    if (stop !== undefined) stop.operations.push(operation);
    else this.#press(guest, [operation], guest.powerOffMs, now);
    const grace = `grace/${guest.vm}`;
    const at = Math.min(agenda.at(grace) ?? Number.MAX_SAFE_INTEGER, now + graceMs);
    agenda.set(grace, at, (then) => this.#end(guest, then));
  }

  /** A guest arrived that was asked to power off before it left. */
  carry(guest: Guest, inMs: Millis, now: Instant): void {
    this.#press(guest, [], inMs, now);
  }

  /** How soon the guest will be off; null: it was not asked, or will not. */
  powersOffIn(guest: Guest, now: Instant): Millis | null {
    if (this.#stops.get(guest.vm)?.overdue === true) return 0;
    const at = this.#host.agenda.at(`off/${guest.vm}`);
    return at === null ? null : Math.max(0, at - now);
  }

  resumed(guest: Guest, now: Instant): void {
    if (this.#stops.get(guest.vm)?.overdue === true) this.#powerOff(guest, now);
  }

  /** The guest is no more. */
  ended(vm: VmId): void {
    this.#settle(vm, DONE);
  }

  /** The guest went elsewhere; it powers off there. */
  left(vm: VmId): void {
    this.#settle(vm, failed("no-such-domain", "the domain migrated away while it was being stopped"));
  }

  /** Nobody waits any more, and nobody destroys what does not power off; guests still do. */
  disconnect(): void {
    for (const [vm, stop] of this.#stops) {
      this.#host.agenda.clear(`grace/${vm}`);
      for (const operation of stop.operations.splice(0)) {
        this.#host.complete(operation, failed("unknown", "the connection was lost"));
      }
    }
  }

  #press(guest: Guest, operations: number[], inMs: Millis | null, now: Instant): void {
    this.#stops.set(guest.vm, { operations, overdue: false });
    if (inMs === null) return;
    this.#host.agenda.set(`off/${guest.vm}`, now + inMs, (then) => this.#powerOff(guest, then));
  }

  #powerOff(guest: Guest, now: Instant): void {
    const stop = this.#stops.get(guest.vm);
    if (executes(guest)) this.#end(guest, now);
    else if (stop !== undefined) stop.overdue = true;
  }

  #settle(vm: VmId, outcome: HypervisorOutcome): void {
    this.#host.agenda.clear(`off/${vm}`);
    this.#host.agenda.clear(`grace/${vm}`);
    const stop = this.#stops.get(vm);
    this.#stops.delete(vm);
    for (const operation of stop?.operations ?? []) this.#host.complete(operation, outcome);
  }
}
