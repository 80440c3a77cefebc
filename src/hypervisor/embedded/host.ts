import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { DomainCause, HypervisorEvent, HypervisorFailureCode, HypervisorOutcome } from "../command.ts";
import { Agenda } from "./agenda.ts";
import type { EmbeddedChannelMessage } from "./channel.ts";
import { domainOf, type Guest, isActive, shutOff } from "./guest.ts";
import type { EmbeddedEffect } from "./input.ts";
import type { EmbeddedIdentity, EmbeddedSettings } from "./settings.ts";
import { UsageSampler } from "./usage.ts";

export const DONE: HypervisorOutcome = { ok: true };

export function failed(code: HypervisorFailureCode, message: string): HypervisorOutcome {
  return { ok: false, failure: { code, message } };
}

/** What the parts of one embedded hypervisor share: the guests, the agenda and the effects of this step. */
export class Host {
  readonly identity: EmbeddedIdentity;
  readonly settings: EmbeddedSettings;
  readonly agenda = new Agenda();
  readonly usage: UsageSampler;
  capacity: Resources;
  connected = false;
  /** From a question about domains to its answer, which says what was there at the question. */
  readingMs: Millis = 0;
  /** Grows whenever a guest comes, goes, or is in another state. */
  revision = 0;
  /** Called when a paused guest goes on. */
  resumed: (guest: Guest, now: Instant) => void = () => {};
  readonly #guests = new Map<VmId, Guest>();
  #ordered: readonly Guest[] | null = null;
  #effects: EmbeddedEffect[] = [];

  constructor(identity: EmbeddedIdentity, settings: EmbeddedSettings) {
    this.identity = identity;
    this.settings = settings;
    this.capacity = identity.capacity;
    this.usage = new UsageSampler(this);
  }

  guest(vm: VmId): Guest | undefined {
    return this.#guests.get(vm);
  }

  /** In the order of their ids. */
  guests(): readonly Guest[] {
    this.#ordered ??= [...this.#guests.values()].sort((a, b) => byText(a.vm, b.vm));
    return this.#ordered;
  }

  taken(vm: VmId, name: string): boolean {
    return this.#guests.has(vm) || this.guests().some((guest) => guest.name === name);
  }

  memoryFits(memory: number): boolean {
    let used = memory;
    for (const guest of this.#guests.values()) if (isActive(guest)) used += guest.memory;
    return used <= this.capacity.memory;
  }

  add(guest: Guest): void {
    this.#guests.set(guest.vm, guest);
    this.#ordered = null;
    this.revision++;
  }

  /** Its process is no more: a persistent domain stays, shut off. */
  end(guest: Guest, cause: DomainCause, now: Instant): void {
    if (!guest.persistent) {
      this.remove(guest, cause, now);
      return;
    }
    shutOff(guest);
    this.changed(guest, cause, now);
  }

  remove(guest: Guest, cause: DomainCause, now: Instant): void {
    shutOff(guest);
    this.#guests.delete(guest.vm);
    this.#ordered = null;
    this.revision++;
    this.usage.touch(now);
    this.event({ kind: "domain-changed", vm: guest.vm, domain: null, cause });
  }

  changed(guest: Guest, cause: DomainCause, now: Instant): void {
    this.revision++;
    this.usage.touch(now);
    this.event({ kind: "domain-changed", vm: guest.vm, domain: domainOf(guest), cause });
  }

  unpause(guest: Guest, now: Instant): void {
    guest.state = "running";
    guest.pauseReason = null;
    guest.suspended = false;
    guest.stalled = false;
    this.changed(guest, "resumed", now);
    this.resumed(guest, now);
  }

  /** Events are lost while nobody is connected. */
  event(event: HypervisorEvent): void {
    if (this.connected) this.#effects.push({ kind: "event", event });
  }

  complete(operation: number, outcome: HypervisorOutcome): void {
    this.#effects.push({ kind: "completed", operation, outcome });
  }

  send(to: string, message: EmbeddedChannelMessage): void {
    this.#effects.push({ kind: "send", to, message });
  }

  effect(effect: EmbeddedEffect): void {
    this.#effects.push(effect);
  }

  takeEffects(): readonly EmbeddedEffect[] {
    const effects = this.#effects;
    if (effects.length === 0) return NO_EFFECTS;
    this.#effects = [];
    return effects;
  }
}

const NO_EFFECTS: readonly EmbeddedEffect[] = [];
