import type { Instant } from "../../lib/instant.ts";
import type { DomainCause } from "../command.ts";
import { executes, type Guest } from "./guest.ts";
import type { Host } from "./host.ts";
import type { WorldControl } from "./input.ts";
import type { OutgoingMigrations } from "./outgoing.ts";

type GuestControl = Extract<WorldControl, { readonly vm: string }>;

/** What guests do of themselves and what is done to them, seen from their host. */
export class World {
  readonly #host: Host;
  readonly #outgoing: OutgoingMigrations;
  readonly #end: (guest: Guest, cause: DomainCause, now: Instant) => void;

  constructor(
    host: Host,
    outgoing: OutgoingMigrations,
    end: (guest: Guest, cause: DomainCause, now: Instant) => void,
  ) {
    this.#host = host;
    this.#outgoing = outgoing;
    this.#end = end;
  }

  control(control: GuestControl, now: Instant): void {
    const guest = this.#host.guest(control.vm);
    if (guest === undefined) return;
    this.#outgoing.settle(guest.vm, now);
    switch (control.kind) {
      case "set-load":
        guest.load = control.load;
        this.#host.usage.touch(now);
        return;
      case "set-dirty-rate":
        guest.dirtyRate = control.dirtyRate;
        return;
      case "set-power-off":
        guest.powerOffMs = control.powerOffMs;
        return;
      case "crash":
        control.how === "killed" ? this.#kill(guest, now) : this.#panic(guest, now);
        return;
      case "power-off":
        if (executes(guest)) this.#end(guest, "stopped", now);
        return;
      case "suspend":
        this.#suspend(guest, now);
        return;
      case "stall-guest":
        this.#stall(guest, now);
        return;
      case "unstall-guest":
        this.#unstall(guest, now);
        return;
    }
  }

  #kill(guest: Guest, now: Instant): void {
    if (guest.state !== "shutoff") this.#end(guest, "crashed", now);
  }

  /** A panic during a migration goes unseen: the domain arrives, "running", with a dead guest in it. */
  #panic(guest: Guest, now: Instant): void {
    if (!executes(guest)) return;
    guest.load = 0;
    guest.dirtyRate = 0;
    if (guest.job === "migrating-out") {
      this.#host.usage.touch(now);
      return;
    }
    guest.state = "crashed";
    this.#host.changed(guest, "crashed", now);
  }

  #stall(guest: Guest, now: Instant): void {
    if (!executes(guest)) return;
    guest.stalled = true;
    guest.state = "paused";
    guest.pauseReason = "other";
    this.#host.changed(guest, "paused", now);
  }

  /** Its migration may have paused it, too: that one lets it go on. */
  #unstall(guest: Guest, now: Instant): void {
    guest.stalled = false;
    if (guest.pauseReason === "other") this.#host.unpause(guest, now);
  }

  #suspend(guest: Guest, now: Instant): void {
    if (!executes(guest)) return;
    guest.suspended = true;
    guest.state = "paused";
    guest.pauseReason = "user";
    this.#host.changed(guest, "paused", now);
  }
}
