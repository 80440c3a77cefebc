import type { Instant, Millis } from "../../lib/instant.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { HypervisorFailureCode, HypervisorOutcome } from "../command.ts";
import type { EmbeddedChannelMessage } from "./channel.ts";
import { executes, type Guest } from "./guest.ts";
import { DONE, failed, type Host } from "./host.ts";
import { fitsDowntime, type MemoryCopy, nextRound, timeLeft } from "./memory-copy.ts";
import {
  account,
  createOutgoing,
  kibPerSecond,
  type MigrateCommand,
  type Outgoing,
  progressOf,
  usesLink,
} from "./outgoing-migration.ts";
import { maxMinShares } from "./sharing.ts";

/** What the source's other parts know of a guest that leaves. */
interface Departures {
  powersOffIn(guest: Guest, now: Instant): Millis | null;
  left(vm: VmId): void;
}

const LOST = "the connection was lost";

/** The source's side of migrations. */
export class OutgoingMigrations {
  readonly #host: Host;
  readonly #departures: Departures;
  readonly #byId = new Map<string, Outgoing>();
  #counter = 0;

  constructor(host: Host, departures: Departures) {
    this.#host = host;
    this.#departures = departures;
  }

  /** null: it began. */
  begin(operation: number, command: MigrateCommand, guest: Guest, now: Instant): HypervisorOutcome | null {
    const { identity, settings } = this.#host;
    if (guest.job !== "none") return failed("failed", "another migration job is already running");
    if (!executes(guest)) return failed("invalid", "the domain is not running");
    if (command.uri === identity.address)
      return failed("invalid", "the guest cannot migrate to its own host");
    guest.job = "migrating-out";
    const id = `${identity.address}/${identity.incarnation}/${++this.#counter}`;
    const outgoing = createOutgoing(id, operation, command, guest, settings.linkMibPerSecond, now);
    this.#byId.set(outgoing.id, outgoing);
    this.#prepare(outgoing, command.policy.timeoutMs, now);
    return null;
  }

  /** Adds an operation to those that hear how the migration of this guest ends; false: there is none. */
  join(operation: number, vm: VmId): boolean {
    const outgoing = this.#of(vm);
    outgoing?.operations.push(operation);
    return outgoing !== undefined;
  }

  /** null: there is none. */
  abort(vm: VmId, now: Instant): HypervisorOutcome | null {
    const outgoing = this.#of(vm);
    if (outgoing === undefined) return null;
    if (outgoing.phase === "finishing") return failed("failed", "the migration is too far to abort");
    this.#fail(outgoing, "aborted", "canceled by client", now);
    return DONE;
  }

  message(from: string, message: EmbeddedChannelMessage, now: Instant): void {
    const outgoing = this.#byId.get(message.migration);
    if (outgoing?.to !== from) {
      if (message.kind === "prepared")
        this.#host.send(from, { kind: "cancel", migration: message.migration });
      return;
    }
    outgoing.heardAt = now;
    switch (message.kind) {
      case "prepared":
        this.#prepared(outgoing, message.ticket, message.share, now);
        return;
      case "share":
        this.#shared(outgoing, message.share, now);
        return;
      case "pong":
        this.#shared(outgoing, message.share, now);
        this.#pong(outgoing, message.sequence, now);
        return;
      case "refused":
        if (outgoing.phase !== "finishing") this.#fail(outgoing, message.code, message.message, now);
        return;
      case "finished":
        this.#finished(outgoing, message.runs, now);
        return;
    }
  }

  closed(peer: string, now: Instant): void {
    for (const outgoing of this.#byId.values()) {
      if (outgoing.to !== peer || outgoing.phase === "finishing") continue;
      this.#fail(outgoing, "unreachable", "the connection to the destination was closed", now);
    }
  }

  disconnect(now: Instant): void {
    for (const outgoing of this.#byId.values()) {
      if (outgoing.phase === "finishing") this.#doubt(outgoing, now);
      else this.#fail(outgoing, "unknown", LOST, now);
    }
  }

  /** The guest ended here in the middle. Once `finish` is sent it may be there: nobody knows. */
  ended(vm: VmId, now: Instant): void {
    const outgoing = this.#of(vm);
    if (outgoing === undefined) return;
    const finishing = outgoing.phase === "finishing";
    this.#close(outgoing, now);
    if (!finishing) this.#host.send(outgoing.to, { kind: "cancel", migration: outgoing.id });
    this.#complete(outgoing, finishing ? "unknown" : "failed", "the domain is not running");
  }

  /** Accounts for what was copied and written so far, before what the guest does changes. */
  settle(vm: VmId, now: Instant): void {
    const outgoing = this.#of(vm);
    if (outgoing !== undefined) account(outgoing, now);
  }

  #prepare(outgoing: Outgoing, timeoutMs: Millis, now: Instant): void {
    const { id, guest } = outgoing;
    const { vm, name, cpus, memory, stamp } = guest;
    const shell = { vm, name, cpus, memory, stamp, persistent: outgoing.persistent };
    this.#host.send(outgoing.to, { kind: "prepare", migration: id, shell });
    this.#keepAlive(outgoing, now);
    if (timeoutMs <= 0) return;
    this.#host.agenda.set(`limit/${id}`, now + timeoutMs, (then) => {
      this.#fail(outgoing, "aborted", "the migration timed out", then);
    });
  }

  #keepAlive(outgoing: Outgoing, now: Instant): void {
    const { agenda, settings } = this.#host;
    agenda.set(`ping/${outgoing.id}`, now + settings.pingMs, (then) => {
      if (then - outgoing.heardAt >= settings.keepAliveMs) {
        return this.#fail(outgoing, "unreachable", "the destination does not answer", then);
      }
      if (outgoing.phase !== "preparing") {
        this.#ping(outgoing, outgoing.sequence);
        this.#progress(outgoing, then);
      }
      this.#keepAlive(outgoing, then);
    });
  }

  #ping(outgoing: Outgoing, sequence: number): void {
    this.#host.send(outgoing.to, { kind: "ping", migration: outgoing.id, sequence });
  }

  #prepared(outgoing: Outgoing, ticket: string, share: number, now: Instant): void {
    if (outgoing.phase !== "preparing") return;
    outgoing.phase = "copying";
    outgoing.ticket = ticket;
    outgoing.theirShare = share;
    outgoing.copy.settledAt = now;
    this.#allocate(now);
  }

  #shared(outgoing: Outgoing, share: number, now: Instant): void {
    if (outgoing.phase === "preparing" || share === outgoing.theirShare) return;
    outgoing.theirShare = share;
    this.#allocate(now);
  }

  /** Shares this host's link among the migrations that use it. */
  #allocate(now: Instant): void {
    const using = [...this.#byId.values()].filter(usesLink);
    const demands = using.map(({ limit, theirShare }) => Math.min(limit, theirShare));
    const shares = maxMinShares(demands, kibPerSecond(this.#host.settings.linkMibPerSecond));
    using.forEach((outgoing, i) => {
      const rate = Math.max(1, shares[i] ?? 0);
      if (rate === outgoing.copy.rate) return;
      account(outgoing, now);
      outgoing.copy.rate = rate;
      if (outgoing.phase !== "syncing") this.#copyOn(outgoing, now);
    });
  }

  #copyOn(outgoing: Outgoing, now: Instant): void {
    this.#host.agenda.set(`copy/${outgoing.id}`, now + timeLeft(outgoing.copy), (then) =>
      this.#copied(outgoing, then),
    );
  }

  #copied(outgoing: Outgoing, now: Instant): void {
    account(outgoing, now);
    if (outgoing.copy.remaining > 0) {
      this.#copyOn(outgoing, now);
      return;
    }
    if (outgoing.phase === "switching") {
      this.#finish(outgoing, now);
      return;
    }
    nextRound(outgoing.copy);
    outgoing.copy.rounds += 1;
    this.#progress(outgoing, now);
    if (this.#mayPause(outgoing.copy)) this.#sync(outgoing);
    else this.#copyOn(outgoing, now);
  }

  #mayPause(copy: MemoryCopy): boolean {
    const { maxDowntimeMs, maxRounds } = this.#host.settings;
    return copy.rounds >= maxRounds || fitsDowntime(copy, maxDowntimeMs);
  }

  #sync(outgoing: Outgoing): void {
    outgoing.phase = "syncing";
    outgoing.sequence += 1;
    this.#ping(outgoing, outgoing.sequence);
  }

  #pong(outgoing: Outgoing, sequence: number, now: Instant): void {
    if (outgoing.phase !== "syncing" || sequence !== outgoing.sequence) return;
    account(outgoing, now);
    nextRound(outgoing.copy);
    if (this.#mayPause(outgoing.copy)) this.#pause(outgoing, now);
    else outgoing.phase = "copying";
    this.#copyOn(outgoing, now);
  }

  #pause(outgoing: Outgoing, now: Instant): void {
    outgoing.phase = "switching";
    outgoing.guest.state = "paused";
    outgoing.guest.pauseReason = "migrating-out";
    this.#host.changed(outgoing.guest, "paused", now);
  }

  #finish(outgoing: Outgoing, now: Instant): void {
    const { id, guest, ticket, to } = outgoing;
    outgoing.phase = "finishing";
    const { stamp, load, dirtyRate, powerOffMs } = guest;
    const powersOffInMs = this.#departures.powersOffIn(guest, now);
    const handed = { stamp, load, dirtyRate, powerOffMs, powersOffInMs };
    this.#host.send(to, { kind: "finish", migration: id, ticket, guest: handed });
    this.#host.agenda.clear(`ping/${id}`);
    this.#host.agenda.clear(`limit/${id}`);
    this.#allocate(now);
    this.#host.agenda.set(`finish/${id}`, now + this.#host.settings.finishPatienceMs, (then) =>
      this.#fail(outgoing, "unreachable", "the destination did not say whether it has the guest", then),
    );
  }

  #finished(outgoing: Outgoing, runs: boolean, now: Instant): void {
    if (outgoing.phase !== "finishing") return;
    if (!runs) {
      this.#fail(outgoing, "failed", "the destination could not run the guest", now);
      return;
    }
    const { guest } = outgoing;
    this.#close(outgoing, now);
    this.#departures.left(guest.vm);
    if (outgoing.persistent) this.#host.remove(guest, "migrated-out", now);
    else this.#host.end(guest, "migrated-out", now);
    for (const operation of outgoing.operations) this.#host.complete(operation, DONE);
  }

  /** A daemon that is started anew does not know how it ended: the guest stays paused until somebody decides. */
  #doubt(outgoing: Outgoing, now: Instant): void {
    this.#close(outgoing, now);
    outgoing.guest.pauseReason = "post-migration";
    this.#host.changed(outgoing.guest, "paused", now);
    this.#complete(outgoing, "unknown", LOST);
  }

  /** The guest stays here and goes on. */
  #fail(outgoing: Outgoing, code: HypervisorFailureCode, message: string, now: Instant): void {
    const { guest, id, to } = outgoing;
    this.#close(outgoing, now);
    this.#host.send(to, { kind: "cancel", migration: id });
    if (guest.pauseReason === "migrating-out") this.#goOn(guest, now);
    this.#complete(outgoing, code, message);
  }

  #goOn(guest: Guest, now: Instant): void {
    if (!guest.suspended && !guest.stalled) {
      this.#host.unpause(guest, now);
      return;
    }
    guest.pauseReason = guest.stalled ? "other" : "user";
    this.#host.changed(guest, "paused", now);
  }

  #close(outgoing: Outgoing, now: Instant): void {
    this.#byId.delete(outgoing.id);
    outgoing.guest.job = "none";
    for (const timer of ["copy", "ping", "limit", "finish"])
      this.#host.agenda.clear(`${timer}/${outgoing.id}`);
    this.#allocate(now);
  }

  #complete(outgoing: Outgoing, code: HypervisorFailureCode, message: string): void {
    for (const operation of outgoing.operations) this.#host.complete(operation, failed(code, message));
  }

  #progress(outgoing: Outgoing, now: Instant): void {
    account(outgoing, now);
    const progress = progressOf(outgoing, now);
    for (const operation of outgoing.operations) {
      this.#host.effect({ kind: "progressed", operation, progress });
    }
  }

  #of(vm: VmId): Outgoing | undefined {
    for (const outgoing of this.#byId.values()) if (outgoing.guest.vm === vm) return outgoing;
    return undefined;
  }
}
