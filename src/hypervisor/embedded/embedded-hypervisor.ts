/**
 * One host's hypervisor as a deterministic state machine: the simulator runs thousands of them in virtual
 * time, the agent process one in real time (`adapters/embedded`). Modelled on how libvirt 9.0 with QEMU was
 * seen to behave.
 *
 *   source        begin ─ preparing ─ copying ⇄ syncing ─ switching ─ finishing ─ gone
 *                   every step but the last ↘ fails: the guest runs on      ↘ nobody knows: paused,
 *                                                                             post-migration
 *   destination   prepare ─ shell (paused, migrating-in) ─ finish ─ whole, paused until `resume`
 *                                     ↘ cancelled, unheard for the keep-alive time, destroyed: gone
 *
 * Two generals: from the moment `finish` is sent only the destination can say whether it has the guest, and it
 * says so once. The source ends its copy on the answer "it is here". Without one, and on "it is not", it takes the
 * migration for a failure and lets the guest go on here, as libvirt does, whatever the destination has: which is why
 * guests arrive paused, and are resumed there only by somebody who knows that the migration ended well. When the
 * control daemon dies while it waits the guest stays paused here (`unknown`).
 *
 * Deviations from libvirt: memory must fit for a start as for a
 * migration. A sample is an instant's, not an average. Bandwidth shares follow changes at once, at the other
 * end of the link with a message's delay. The agent's death is not modelled: in the embedded world it is its
 * host's death.
 */
import { assert } from "../../lib/assert.ts";
import type { Instant } from "../../lib/instant.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { HypervisorCommand } from "../command.ts";
import type { Domain } from "../domain.ts";
import { Commands } from "./commands.ts";
import { createGuest, domainOf, executes } from "./guest.ts";
import { failed, Host } from "./host.ts";
import type { EmbeddedEffect, EmbeddedInput, WorldControl } from "./input.ts";
import type { EmbeddedIdentity, EmbeddedSettings, InitialDomain } from "./settings.ts";

type StallableInput = Exclude<EmbeddedInput, { readonly kind: "world" } | { readonly kind: "wake" }>;

/** What waits at a stalled daemon's door; more is turned away. */
const MAX_QUEUED = 1024;
const NOTHING: readonly EmbeddedEffect[] = [];

export class EmbeddedHypervisor {
  readonly #host: Host;
  readonly #commands: Commands;
  readonly #queued: StallableInput[] = [];
  #stalled = false;
  #now: Instant = 0;
  #wakeAt: Instant | null = null;

  /** It begins disconnected: hand in the world control `connect`. */
  constructor(
    identity: EmbeddedIdentity,
    settings: EmbeddedSettings,
    initial: readonly InitialDomain[] = [],
  ) {
    assert(settings.finishPatienceMs > settings.keepAliveMs, "a source is patient until the shell is gone");
    this.#host = new Host(identity, settings);
    this.#commands = new Commands(this.#host);
    for (const domain of initial) {
      assert(!this.#host.taken(domain.vm, domain.name), `initial domain ${domain.name} is named once`);
      this.#host.add(createGuest(domain, domain));
    }
  }

  /** `now` never goes back. */
  step(input: EmbeddedInput, now: Instant): readonly EmbeddedEffect[] {
    assert(now >= this.#now, "time does not go back");
    this.#now = now;
    this.#take(input, now);
    if (this.#stalled) return NOTHING;
    this.#host.agenda.run(now);
    this.#tellWake();
    return this.#host.takeEffects();
  }

  /** The VMs whose virtual processors run here at this instant: the truth, for checkers. */
  executing(): VmId[] {
    return this.#host
      .guests()
      .filter(executes)
      .map(({ vm }) => vm);
  }

  /** As long as it is the same, so is what executes here and in which state everything else is. */
  get revision(): number {
    return this.#host.revision;
  }

  executes(vm: VmId): boolean {
    const guest = this.#host.guest(vm);
    return guest !== undefined && executes(guest);
  }

  /** What `list` would answer. */
  domains(): Domain[] {
    return this.#host.guests().map(domainOf);
  }

  #take(input: EmbeddedInput, now: Instant): void {
    if (input.kind === "world") {
      this.#world(input.control, now);
      return;
    }
    if (input.kind === "wake") {
      this.#wakeAt = null;
      return;
    }
    if (this.#stalled) {
      this.#queue(input);
      return;
    }
    if (input.kind === "command") this.#commands.run(input.operation, input.command, now);
    else if (input.kind === "closed") this.#commands.closed(input.peer, now);
    else this.#commands.message(input.from, input.message, now);
  }

  #world(control: WorldControl, now: Instant): void {
    switch (control.kind) {
      case "connect":
        this.#commands.connect(now);
        return;
      case "disconnect":
        this.#abandonQueue();
        this.#commands.disconnect(control.reason, now);
        return;
      case "stall":
        this.#stalled = this.#host.connected;
        return;
      case "unstall":
        this.#unstall(now);
        return;
      default:
        this.#commands.world(control, now);
        return;
    }
  }

  #queue(input: StallableInput): void {
    if (this.#queued.length < MAX_QUEUED) this.#queued.push(input);
    else if (input.kind === "command") this.#lose(input.operation, input.command);
  }

  #lose(operation: number, command: HypervisorCommand): void {
    this.#host.complete(operation, failed("unknown", `${command.kind} was not answered`));
  }

  #unstall(now: Instant): void {
    this.#stalled = false;
    for (const input of this.#queued.splice(0)) this.#take(input, now);
  }

  #abandonQueue(): void {
    this.#stalled = false;
    for (const input of this.#queued.splice(0)) {
      if (input.kind === "command") this.#lose(input.operation, input.command);
    }
  }

  #tellWake(): void {
    const next = this.#host.agenda.next();
    if (next === this.#wakeAt) return;
    this.#wakeAt = next;
    this.#host.effect({ kind: "wake-at", at: next });
  }
}
