import type { Instant } from "../../lib/instant.ts";
import type { Stamp, VmSpec } from "../../model/virtual-machine.ts";
import type { DomainCause, HypervisorCommand, HypervisorOutcome } from "../command.ts";
import type { EmbeddedChannelMessage } from "./channel.ts";
import { createGuest, domainOf, type Guest, isShell } from "./guest.ts";
import { DONE, failed, type Host } from "./host.ts";
import { IncomingMigrations } from "./incoming.ts";
import type { WorldControl } from "./input.ts";
import { OutgoingMigrations } from "./outgoing.ts";
import { Stops } from "./stops.ts";
import { World } from "./world.ts";

type GuestCommand = Exclude<HypervisorCommand, { readonly kind: "list" | "inspect" | "start" }>;
type OtherControl = Exclude<WorldControl, { readonly kind: "connect" | "disconnect" | "stall" | "unstall" }>;

const NO_MIGRATION = failed("invalid", "no migration of the domain is under way");

/** The control daemon: takes commands and messages, and loses them with its connection. */
export class Commands {
  readonly #host: Host;
  readonly #stops: Stops;
  readonly #outgoing: OutgoingMigrations;
  readonly #incoming: IncomingMigrations;
  readonly #world: World;
  readonly #starting = new Set<number>();
  /** Questions about domains whose answers are on their way. */
  readonly #reading = new Set<number>();

  constructor(host: Host) {
    this.#host = host;
    this.#stops = new Stops(host, (guest, now) => this.#end(guest, "stopped", now));
    this.#outgoing = new OutgoingMigrations(host, this.#stops);
    this.#incoming = new IncomingMigrations(host, (guest, powersOffInMs, now) => {
      if (powersOffInMs !== null) this.#stops.carry(guest, powersOffInMs, now);
    });
    this.#world = new World(host, this.#outgoing, (guest, cause, now) => this.#end(guest, cause, now));
    host.resumed = (guest, now) => this.#stops.resumed(guest, now);
  }

  run(operation: number, command: HypervisorCommand, now: Instant): void {
    const outcome = this.#host.connected
      ? this.#outcome(operation, command, now)
      : failed("unknown", "the hypervisor is not connected");
    if (outcome !== null) this.#host.complete(operation, outcome);
  }

  message(from: string, message: EmbeddedChannelMessage, now: Instant): void {
    switch (message.kind) {
      case "prepare":
      case "ping":
      case "finish":
      case "cancel":
        this.#incoming.message(from, message, now);
        return;
      default:
        this.#outgoing.message(from, message, now);
        return;
    }
  }

  closed(peer: string, now: Instant): void {
    this.#outgoing.closed(peer, now);
    this.#incoming.closed(peer, now);
  }

  connect(now: Instant): void {
    const host = this.#host;
    host.connected = true;
    const { capacity, identity } = host;
    const info = { description: "embedded", migrationUri: identity.address, capacity };
    host.event({ kind: "connected", info });
    host.usage.restart(now);
  }

  disconnect(reason: string, now: Instant): void {
    const host = this.#host;
    if (!host.connected) return;
    host.event({ kind: "disconnected", reason });
    host.connected = false;
    host.agenda.clear("sample");
    for (const operation of this.#starting) this.#answerStart(operation, failed("unknown", reason));
    for (const operation of this.#reading) this.#answerReading(operation, failed("unknown", reason));
    this.#stops.disconnect();
    this.#outgoing.disconnect(now);
    this.#incoming.disconnect(now);
  }

  world(control: OtherControl, now: Instant): void {
    switch (control.kind) {
      case "set-capacity":
        this.#host.capacity = control.capacity;
        this.#host.usage.touch(now);
        return;
      case "set-usage-readable":
        this.#host.usage.setReadable(control.readable, now);
        return;
      case "set-reading-ms":
        this.#host.readingMs = control.readingMs;
        return;
      default:
        this.#world.control(control, now);
        return;
    }
  }

  /** null: the operation is completed later. */
  #outcome(operation: number, command: HypervisorCommand, now: Instant): HypervisorOutcome | null {
    if (command.kind === "list")
      return this.#read(operation, { ok: true, domains: this.#host.guests().map(domainOf) }, now);
    if (command.kind === "start") return this.#start(operation, command.spec, command.stamp, now);
    const guest = this.#host.guest(command.vm);
    if (command.kind === "inspect")
      return this.#read(operation, { ok: true, domain: guest === undefined ? null : domainOf(guest) }, now);
    if (guest === undefined) return failed("no-such-domain", `no domain ${command.vm}`);
    return this.#onGuest(operation, command, guest, now);
  }

  #read(operation: number, answer: HypervisorOutcome, now: Instant): HypervisorOutcome | null {
    const { agenda, readingMs } = this.#host;
    if (readingMs === 0) return answer;
    this.#reading.add(operation);
    agenda.set(`read/${operation}`, now + readingMs, () => this.#answerReading(operation, answer));
    return null;
  }

  #answerReading(operation: number, answer: HypervisorOutcome): void {
    this.#host.agenda.clear(`read/${operation}`);
    this.#reading.delete(operation);
    this.#host.complete(operation, answer);
  }

  #start(operation: number, spec: VmSpec, stamp: Stamp, now: Instant): HypervisorOutcome | null {
    const host = this.#host;
    const refusal = this.#refusal(spec);
    if (refusal !== null) return refusal;
    const { id: vm, name, cpus, memory } = spec;
    const guest = createGuest({ vm, name, cpus, memory, persistent: false, stamp }, host.settings.guest);
    host.add(guest);
    host.changed(guest, "started", now);
    if (host.settings.startMs === 0) return DONE;
    this.#starting.add(operation);
    host.agenda.set(`start/${operation}`, now + host.settings.startMs, () =>
      this.#answerStart(operation, DONE),
    );
    return null;
  }

  #answerStart(operation: number, outcome: HypervisorOutcome): void {
    this.#host.agenda.clear(`start/${operation}`);
    this.#starting.delete(operation);
    this.#host.complete(operation, outcome);
  }

  #refusal({ id, name, cpus, memory }: VmSpec): HypervisorOutcome | null {
    const sizes = [cpus, memory];
    if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
      return failed("invalid", "cpus and memory are positive whole numbers");
    }
    if (this.#host.taken(id, name)) return failed("exists", `a domain ${name} or ${id} is already here`);
    return this.#host.memoryFits(memory) ? null : failed("failed", "cannot allocate its memory");
  }

  #onGuest(operation: number, command: GuestCommand, guest: Guest, now: Instant): HypervisorOutcome | null {
    switch (command.kind) {
      case "stop":
        if (guest.state === "shutoff") return DONE;
        this.#stops.request(operation, guest, command.graceMs, now);
        return null;
      case "resume":
        return this.#resume(guest, now);
      case "destroy":
        if (guest.state !== "shutoff") this.#end(guest, "stopped", now);
        return DONE;
      case "migrate":
        return this.#outgoing.begin(operation, command, guest, now);
      case "await-migration":
        return this.#outgoing.join(operation, command.vm) ? null : NO_MIGRATION;
      case "abort-migration":
        return this.#outgoing.abort(command.vm, now) ?? NO_MIGRATION;
      case "stamp":
        return this.#stamp(guest, command.stamp, now);
    }
  }

  #resume(guest: Guest, now: Instant): HypervisorOutcome {
    if (guest.state === "running") return DONE;
    if (guest.pauseReason !== "user" && guest.pauseReason !== "post-migration") {
      return failed("invalid", "the domain is not paused for anybody to resume");
    }
    this.#outgoing.settle(guest.vm, now);
    this.#host.unpause(guest, now);
    return DONE;
  }

  #stamp(guest: Guest, stamp: Stamp | null, now: Instant): HypervisorOutcome {
    if (isShell(guest)) return failed("invalid", "the domain is still migrating in");
    guest.stamp = stamp;
    this.#host.changed(guest, "changed", now);
    return DONE;
  }

  #end(guest: Guest, cause: DomainCause, now: Instant): void {
    if (isShell(guest)) this.#incoming.end(guest.vm, now);
    else {
      this.#outgoing.ended(guest.vm, now);
      this.#host.end(guest, cause, now);
    }
    this.#stops.ended(guest.vm);
  }
}
