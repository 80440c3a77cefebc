import type {
  HypervisorCommand,
  HypervisorEvent,
  HypervisorOutcome,
  MigrationProgress,
} from "../../src/hypervisor/command.ts";
import type { EmbeddedChannelMessage } from "../../src/hypervisor/embedded/channel.ts";
import { EmbeddedHypervisor } from "../../src/hypervisor/embedded/embedded-hypervisor.ts";
import type { EmbeddedEffect, EmbeddedInput, WorldControl } from "../../src/hypervisor/embedded/input.ts";
import {
  DEFAULT_SETTINGS,
  type EmbeddedSettings,
  type InitialDomain,
} from "../../src/hypervisor/embedded/settings.ts";
import { assert, present } from "../../src/lib/assert.ts";
import { Heap } from "../../src/lib/heap.ts";
import type { Instant, Millis } from "../../src/lib/instant.ts";
import type { Resources } from "../../src/model/resources.ts";

/** One embedded host of a virtual world, with everything it said. */
export interface VirtualHost {
  readonly address: string;
  readonly capacity: Resources;
  model: EmbeddedHypervisor;
  up: boolean;
  boots: number;
  readonly outcomes: Map<number, HypervisorOutcome>;
  readonly progress: { readonly operation: number; readonly progress: MigrationProgress }[];
  readonly events: HypervisorEvent[];
  wakeAt: Instant | null;
}

/** How a message fares: the delay of each copy that arrives; none: lost. */
export type Channel = (from: string, to: string, message: EmbeddedChannelMessage) => readonly Millis[];

const PROMPT: Channel = () => [1];

/** Embedded hosts in virtual time, joined by a channel that tests shape. Same calls, same history. */
export class EmbeddedWorld {
  readonly settings: EmbeddedSettings;
  readonly hosts = new Map<string, VirtualHost>();
  /** Everything that was said, in order: two equal runs have equal histories. */
  readonly history: string[] = [];
  channel: Channel = PROMPT;
  /** Called after every step. */
  watch: () => void = () => {};
  now: Instant = 0;
  readonly #agenda = new Heap<{ readonly at: Instant; readonly deed: () => void }>((a, b) => a.at - b.at);
  #operations = 0;

  constructor(settings: Partial<EmbeddedSettings> = {}) {
    this.settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  add(name: string, capacity: Resources, initial: readonly InitialDomain[] = []): VirtualHost {
    const address = `embedded://${name}`;
    const identity = { address, incarnation: "1", capacity };
    const model = new EmbeddedHypervisor(identity, this.settings, initial);
    const log = { outcomes: new Map(), progress: [], events: [] };
    const host: VirtualHost = { address, capacity, model, up: true, boots: 1, ...log, wakeAt: null };
    this.hosts.set(address, host);
    this.world(host, { kind: "connect" });
    return host;
  }

  run(host: VirtualHost, command: HypervisorCommand): number {
    const operation = ++this.#operations;
    if (host.up) this.step(host, { kind: "command", operation, command });
    else host.outcomes.set(operation, { ok: false, failure: { code: "unknown", message: "host is down" } });
    return operation;
  }

  world(host: VirtualHost, control: WorldControl): void {
    if (host.up) this.step(host, { kind: "world", control });
  }

  /** Power off, without a word to anybody. */
  crash(host: VirtualHost): void {
    host.up = false;
    host.wakeAt = null;
    const identity = { address: host.address, incarnation: `${++host.boots}`, capacity: host.capacity };
    host.model = new EmbeddedHypervisor(identity, this.settings);
    this.watch();
  }

  boot(host: VirtualHost): void {
    if (host.up) return;
    host.up = true;
    this.world(host, { kind: "connect" });
  }

  /** Both ends notice that their channel broke. */
  close(a: VirtualHost, b: VirtualHost): void {
    for (const [host, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      if (host.up) this.step(host, { kind: "closed", peer: peer.address });
    }
  }

  at(at: Instant, deed: () => void): void {
    this.#agenda.push({ at, deed });
  }

  /** Lets virtual time pass. */
  advance(ms: Millis): void {
    this.runTo(this.now + ms);
  }

  runTo(end: Instant): void {
    for (let next = this.#agenda.peek(); next !== undefined && next.at <= end; next = this.#agenda.peek()) {
      this.#doNext();
    }
    this.now = Math.max(this.now, end);
  }

  /** @throws AssertionError when `condition` does not come about within `limit` virtual ms. */
  until(condition: () => boolean, limit: Millis = 600_000): void {
    const end = this.now + limit;
    while (!condition()) {
      const next = this.#agenda.peek();
      assert(next !== undefined && next.at <= end, "what the test waits for comes about");
      this.#doNext();
    }
  }

  outcome(host: VirtualHost, operation: number): HypervisorOutcome {
    this.until(() => host.outcomes.has(operation));
    return present(host.outcomes.get(operation), `outcome of ${operation}`);
  }

  /** Steps a host and executes its effects. */
  step(host: VirtualHost, input: EmbeddedInput): void {
    const effects = host.model.step(input, this.now);
    for (const effect of effects) this.#execute(host, effect);
    this.watch();
  }

  #doNext(): void {
    const next = present(this.#agenda.pop(), "something to do");
    this.now = Math.max(this.now, next.at);
    next.deed();
  }

  #execute(host: VirtualHost, effect: EmbeddedEffect): void {
    this.history.push(`${this.now} ${host.address} ${JSON.stringify(effect)}`);
    switch (effect.kind) {
      case "completed":
        assert(!host.outcomes.has(effect.operation), "an operation ends once");
        host.outcomes.set(effect.operation, effect.outcome);
        break;
      case "progressed":
        host.progress.push(effect);
        break;
      case "event":
        host.events.push(effect.event);
        break;
      case "send":
        for (const delay of this.channel(host.address, effect.to, effect.message)) {
          this.at(this.now + delay, () => this.#deliver(host.address, effect.to, effect.message));
        }
        break;
      case "wake-at":
        this.#wake(host, effect.at);
    }
  }

  #deliver(from: string, to: string, message: EmbeddedChannelMessage): void {
    const host = this.hosts.get(to);
    if (host?.up === true) this.step(host, { kind: "message", from, message });
  }

  #wake(host: VirtualHost, at: Instant | null): void {
    host.wakeAt = at;
    if (at === null) return;
    const { model } = host;
    this.at(at, () => {
      if (!host.up || host.model !== model || host.wakeAt !== at) return;
      host.wakeAt = null;
      this.step(host, { kind: "wake" });
    });
  }
}
