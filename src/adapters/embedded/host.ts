/**
 * The embedded hypervisor in real time: a shell round the pure model (`hypervisor/embedded`) with the host's
 * clock and a side channel to the other embedded hosts of this machine. Its guests live in this process: when
 * it ends, its host has lost power.
 */
import { createHash, randomUUID } from "node:crypto";
import type { HypervisorCommand } from "../../hypervisor/command.ts";
import { EmbeddedHypervisor } from "../../hypervisor/embedded/embedded-hypervisor.ts";
import type { EmbeddedEffect, EmbeddedInput, WorldControl } from "../../hypervisor/embedded/input.ts";
import {
  DEFAULT_SETTINGS,
  type EmbeddedSettings,
  type GuestBehaviour,
  type InitialDomain,
} from "../../hypervisor/embedded/settings.ts";
import { present } from "../../lib/assert.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import type { Resources } from "../../model/resources.ts";
import type { Stamp, VmId } from "../../model/virtual-machine.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { ClockPort, HypervisorPort, HypervisorSink } from "../../ports/ports.ts";
import { SideChannel } from "./side-channel.ts";

export interface EmbeddedHostConfig {
  /** Of the side channel on the loopback; 0: any free one. */
  readonly port: number;
  readonly capacity: Resources;
  readonly settings?: Partial<EmbeddedSettings>;
  /** Guests that run from the beginning. */
  readonly domains?: readonly ConfiguredDomain[];
}

/** Absent fields are as for a domain that somebody defined by hand: persistent, without a stamp. */
export interface ConfiguredDomain extends Partial<GuestBehaviour> {
  readonly name: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  /** Absent: made of the name, so that it is the same at every start. */
  readonly vm?: VmId;
  readonly persistent?: boolean;
  readonly stamp?: Stamp;
}

export interface EmbeddedHostDependencies {
  readonly clock: Pick<ClockPort, "now" | "at">;
  readonly sink: HypervisorSink;
}

export class EmbeddedHost implements HypervisorPort {
  readonly #config: EmbeddedHostConfig;
  readonly #clock: Pick<ClockPort, "now" | "at">;
  readonly #sink: HypervisorSink;
  readonly #channel: SideChannel;
  #model: EmbeddedHypervisor | null = null;
  #inputs: EmbeddedInput[] = [];
  #draining = false;
  #closed = false;
  #cancelWake: () => void = () => {};

  constructor(config: EmbeddedHostConfig, { clock, sink }: EmbeddedHostDependencies) {
    this.#config = config;
    this.#clock = clock;
    this.#sink = sink;
    this.#channel = new SideChannel({
      message: (from, message) => this.#input({ kind: "message", from, message }),
      closed: (peer) => this.#input({ kind: "closed", peer }),
    });
  }

  /** @returns the migration URI. The sink hears `connected` soon after. */
  async start(): Promise<string> {
    const { port, capacity, settings, domains = [] } = this.#config;
    const address = await this.#channel.start(port);
    const identity = { address, incarnation: randomUUID(), capacity };
    const all = { ...DEFAULT_SETTINGS, ...settings };
    this.#model = new EmbeddedHypervisor(
      identity,
      all,
      domains.map((domain) => configured(domain, all.guest)),
    );
    this.#input({ kind: "world", control: { kind: "connect" } });
    return address;
  }

  /** The host loses power: its guests end, nobody hears of them any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWake();
    await this.#channel.close();
  }

  run(operation: OperationId, command: HypervisorCommand): void {
    this.#input({ kind: "command", operation, command });
  }

  /** What the world does to this host; see `WorldControl`. */
  control(control: WorldControl): void {
    this.#input({ kind: "world", control });
  }

  /** milli-CPU that a guest, by id or name, wants from now on. Errors: not-found, invalid. */
  setLoad(guest: VmId | string, milliCpu: number): Result<null> {
    return this.#amount(guest, milliCpu, (vm) => ({ kind: "set-load", vm, load: milliCpu }));
  }

  /** MiB/s that a guest, by id or name, writes from now on. Errors: not-found, invalid. */
  setDirtyRate(guest: VmId | string, mibPerSecond: number): Result<null> {
    return this.#amount(guest, mibPerSecond, (vm) => ({
      kind: "set-dirty-rate",
      vm,
      dirtyRate: mibPerSecond,
    }));
  }

  /** Errors: not-found. */
  crashGuest(guest: VmId | string, how: "killed" | "panicked" = "killed"): Result<null> {
    return this.#onGuest(guest, (vm) => ({ kind: "crash", vm, how }));
  }

  #amount(guest: string, amount: number, control: (vm: VmId) => WorldControl): Result<null> {
    if (Number.isSafeInteger(amount) && amount >= 0) return this.#onGuest(guest, control);
    return fail({ code: "invalid", message: `${amount} is not a whole number from 0 up` });
  }

  #onGuest(guest: string, control: (vm: VmId) => WorldControl): Result<null> {
    const domain = this.#model?.domains().find(({ vm, name }) => vm === guest || name === guest);
    if (domain === undefined) return fail({ code: "not-found", message: `no guest ${guest} on this host` });
    this.control(control(domain.vm));
    return ok(null);
  }

  /** Nothing comes of a call from inside the call: inputs are taken together, later. */
  #input(input: EmbeddedInput): void {
    if (this.#closed) return;
    this.#inputs.push(input);
    if (this.#draining) return;
    this.#draining = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#draining = false;
    const model = present(this.#model, "a started host");
    const inputs = this.#inputs;
    this.#inputs = [];
    for (const input of inputs) {
      if (this.#closed) return;
      for (const effect of model.step(input, this.#clock.now())) this.#execute(effect);
    }
  }

  #execute(effect: EmbeddedEffect): void {
    switch (effect.kind) {
      case "completed":
        this.#sink.completed(effect.operation, effect.outcome);
        break;
      case "progressed":
        this.#sink.progressed(effect.operation, effect.progress);
        break;
      case "event":
        this.#sink.event(effect.event);
        break;
      case "send":
        this.#channel.send(effect.to, effect.message);
        break;
      case "wake-at":
        this.#wake(effect.at);
    }
  }

  #wake(at: Instant | null): void {
    this.#cancelWake();
    this.#cancelWake = at === null ? () => {} : this.#clock.at(at, () => this.#input({ kind: "wake" }));
  }
}

function configured(domain: ConfiguredDomain, guest: GuestBehaviour): InitialDomain {
  const { name, cpus, memory } = domain;
  return {
    vm: domain.vm ?? idOf(name),
    name,
    cpus,
    memory,
    persistent: domain.persistent ?? true,
    stamp: domain.stamp ?? null,
    load: domain.load ?? guest.load,
    dirtyRate: domain.dirtyRate ?? guest.dirtyRate,
    powerOffMs: powerOff(domain, guest),
  };
}

function powerOff(domain: ConfiguredDomain, guest: GuestBehaviour): Millis | null {
  return domain.powerOffMs === undefined ? guest.powerOffMs : domain.powerOffMs;
}

/** A UUID of RFC 9562's version 8 (own scheme) from a hash of the name. */
function idOf(name: string): VmId {
  const hex = createHash("sha256").update(name).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
