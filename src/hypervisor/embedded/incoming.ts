import { assert } from "../../lib/assert.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { EmbeddedChannelMessage, HandedGuest, RefusalCode, ShellSpec } from "./channel.ts";
import { createShell, type Guest, isShell } from "./guest.ts";
import type { Host } from "./host.ts";

interface Incoming {
  readonly id: string;
  readonly from: string;
  readonly ticket: string;
  readonly shell: Guest;
  heardAt: Instant;
}

type FinishMessage = Extract<EmbeddedChannelMessage, { readonly kind: "finish" }>;

/** More shells at a time than any link is good for. */
const MAX_SHELLS = 64;
/** How ended migrations ended, for late and repeated messages: far more than can end while one is in flight. */
const MAX_REMEMBERED = 256;

/**
 * The destination's side of migrations. A shell either gets its guest by `finish` or goes: cancelled, its
 * source unheard for the keep-alive time, destroyed here, or with the control daemon.
 */
export class IncomingMigrations {
  readonly #host: Host;
  readonly #arrived: (guest: Guest, powersOffInMs: Millis | null, now: Instant) => void;
  readonly #byId = new Map<string, Incoming>();
  /** Migration → whether its guest came here. */
  readonly #ended = new Map<string, boolean>();
  #counter = 0;

  constructor(host: Host, arrived: (guest: Guest, powersOffInMs: Millis | null, now: Instant) => void) {
    this.#host = host;
    this.#arrived = arrived;
  }

  message(from: string, message: EmbeddedChannelMessage, now: Instant): void {
    switch (message.kind) {
      case "prepare":
        this.#prepare(from, message.migration, message.shell, now);
        return;
      case "ping":
        this.#ping(from, message.migration, message.sequence, now);
        return;
      case "finish":
        this.#finish(from, message, now);
        return;
      case "cancel": {
        const incoming = this.#byId.get(message.migration);
        if (incoming?.from === from) this.#drop(incoming, now);
      }
    }
  }

  /** The shell is ended by somebody here. */
  end(vm: VmId, now: Instant): void {
    for (const incoming of this.#byId.values()) {
      if (incoming.shell.vm !== vm) continue;
      this.#drop(incoming, now);
      this.#refuse(incoming.from, incoming.id, "failed", "the domain was destroyed at the destination");
    }
  }

  closed(peer: string, now: Instant): void {
    for (const incoming of this.#byId.values()) if (incoming.from === peer) this.#drop(incoming, now);
  }

  disconnect(now: Instant): void {
    for (const incoming of this.#byId.values()) {
      this.#drop(incoming, now);
      this.#refuse(incoming.from, incoming.id, "unreachable", "the destination's connection was closed");
    }
  }

  #prepare(from: string, id: string, spec: ShellSpec, now: Instant): void {
    if (this.#byId.has(id) || this.#ended.has(id)) return;
    const refusal = this.#refusal(spec);
    if (refusal !== null) {
      this.#refuse(from, id, refusal.code, refusal.message);
      return;
    }
    const ticket = `${this.#host.identity.incarnation}/${++this.#counter}`;
    const incoming: Incoming = { id, from, ticket, shell: createShell(spec), heardAt: now };
    this.#byId.set(id, incoming);
    this.#host.add(incoming.shell);
    this.#host.changed(incoming.shell, "changed", now);
    this.#watch(incoming);
    this.#host.send(from, { kind: "prepared", migration: id, ticket, share: this.#share() });
    this.#shareAnew(id);
  }

  #refusal(spec: ShellSpec): { readonly code: RefusalCode; readonly message: string } | null {
    const host = this.#host;
    if (!host.connected) return { code: "unreachable", message: "connection refused" };
    if (host.taken(spec.vm, spec.name)) return { code: "exists", message: "the domain is already here" };
    if (!host.memoryFits(spec.memory)) return { code: "failed", message: "its memory does not fit" };
    if (this.#byId.size >= MAX_SHELLS) return { code: "failed", message: "too many incoming migrations" };
    return null;
  }

  #ping(from: string, id: string, sequence: number, now: Instant): void {
    const incoming = this.#byId.get(id);
    if (incoming?.from === from) {
      incoming.heardAt = now;
      this.#host.send(from, { kind: "pong", migration: id, sequence, share: this.#share() });
    } else if (this.#ended.get(id) !== true) {
      this.#refuse(from, id, "failed", "the destination has no such migration");
    }
  }

  /** A shell whose source was unheard too long is as good as gone, even if its timer is late. */
  #finish(from: string, { migration: id, ticket, guest }: FinishMessage, now: Instant): void {
    if (!this.#host.connected) return;
    const incoming = this.#byId.get(id);
    if (incoming?.from === from) {
      const late = now - incoming.heardAt >= this.#host.settings.keepAliveMs;
      if (late || incoming.ticket !== ticket) this.#drop(incoming, now);
      else this.#run(incoming, guest, now);
    }
    if (!this.#ended.has(id)) this.#remember(id, false);
    this.#host.send(from, { kind: "finished", migration: id, runs: this.#ended.get(id) === true });
  }

  #run(incoming: Incoming, handed: HandedGuest, now: Instant): void {
    const guest = incoming.shell;
    assert(isShell(guest), "only a shell receives a guest");
    this.#forget(incoming, true);
    guest.pauseReason = "user";
    guest.suspended = true;
    guest.job = "none";
    guest.stamp = handed.stamp;
    guest.load = handed.load;
    guest.dirtyRate = handed.dirtyRate;
    guest.powerOffMs = handed.powerOffMs;
    this.#host.changed(guest, "migrated-in", now);
    this.#arrived(guest, handed.powersOffInMs, now);
  }

  #drop(incoming: Incoming, now: Instant): void {
    this.#forget(incoming, false);
    this.#host.remove(incoming.shell, "migration-in-failed", now);
  }

  #forget(incoming: Incoming, arrived: boolean): void {
    this.#byId.delete(incoming.id);
    this.#host.agenda.clear(`shell/${incoming.id}`);
    this.#remember(incoming.id, arrived);
    this.#shareAnew(null);
  }

  #remember(id: string, arrived: boolean): void {
    this.#ended.set(id, arrived);
    if (this.#ended.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }

  #watch(incoming: Incoming): void {
    const { agenda, settings } = this.#host;
    agenda.set(`shell/${incoming.id}`, incoming.heardAt + settings.keepAliveMs, (now) => {
      if (now - incoming.heardAt >= settings.keepAliveMs) this.#drop(incoming, now);
      else this.#watch(incoming);
    });
  }

  /** KiB/s of the link for each migration in. */
  #share(): number {
    const link = this.#host.settings.linkMibPerSecond * 1024;
    return Math.max(1, Math.floor(link / Math.max(1, this.#byId.size)));
  }

  #shareAnew(except: string | null): void {
    for (const { id, from } of this.#byId.values()) {
      if (id !== except) this.#host.send(from, { kind: "share", migration: id, share: this.#share() });
    }
  }

  #refuse(to: string, migration: string, code: RefusalCode, message: string): void {
    this.#host.send(to, { kind: "refused", migration, code, message });
  }
}
