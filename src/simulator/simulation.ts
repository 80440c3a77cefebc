/**
 * A whole world from one seed: hosts, network, faults by script, checkers after every step. Same seed, same bytes.
 */
import type { AgentConfig } from "../agent/agent.ts";
import type { AgentInput } from "../agent/inputs.ts";
import type { Notification } from "../agent/notifications.ts";
import type { AgentEffect } from "../agent/turn.ts";
import { DEFAULT_SETTINGS, type EmbeddedSettings } from "../hypervisor/embedded/settings.ts";
import { Random } from "../lib/random.ts";
import type { CheckedWorld, Checker } from "./checkers/checker.ts";
import { EventQueue } from "./kernel/event-queue.ts";
import { line } from "./trace/line.ts";
import { type HostSpec, SimulatedHost, type Watcher } from "./world/host.ts";
import { type LinkSettings, Network } from "./world/network.ts";

export interface SimulationSpec {
  readonly seed: string;
  readonly hosts: readonly HostSpec[];
  readonly config: AgentConfig;
  readonly hypervisor?: Partial<EmbeddedSettings>;
  readonly linkOf?: (from: string, to: string) => LinkSettings;
  readonly checkers: readonly Checker[];
  /** Simulated milliseconds per solver decision, and at least one. */
  readonly msPerDecision?: number;
  /** Whether stories are kept (scenarios) or not (large runs). */
  readonly trace?: boolean;
}

export interface Violation {
  readonly at: number;
  readonly checker: string;
  readonly what: string;
}

/** A quiet local network. */
const LAN: LinkSettings = { latencyMs: 0.2, jitterMs: 0.3, loss: 0, duplication: 0 };
/** A run that violates an invariant is not worth going on with for long. */
const MAX_VIOLATIONS = 20;

export class Simulation implements CheckedWorld, Watcher {
  readonly queue = new EventQueue();
  readonly network: Network;
  readonly hosts: readonly SimulatedHost[];
  readonly violations: Violation[] = [];
  readonly story: string[] = [];
  readonly notifications: {
    readonly at: number;
    readonly host: string;
    readonly notification: Notification;
  }[] = [];
  readonly #spec: SimulationSpec;
  readonly #byId: ReadonlyMap<string, SimulatedHost>;
  /** Decides, before each effect, whether the process dies there: set by faults. */
  crashBefore: ((host: SimulatedHost, effect: AgentEffect) => boolean) | null = null;

  constructor(spec: SimulationSpec) {
    this.#spec = spec;
    const random = new Random(spec.seed);
    this.network = new Network(this.queue, random.fork("network"), spec.linkOf ?? (() => LAN));
    const world = {
      queue: this.queue,
      network: this.network,
      config: spec.config,
      hypervisor: { ...DEFAULT_SETTINGS, ...spec.hypervisor },
      watcher: this,
      random,
      seeds: spec.hosts.slice(0, 2).map(({ id }) => `sim://${id}`),
      solverCost: (decisions: number) => Math.max(1, Math.ceil(decisions * (spec.msPerDecision ?? 0.005))),
    };
    this.hosts = spec.hosts.map((host) => new SimulatedHost(host, world));
    this.#byId = new Map(this.hosts.map((host) => [host.id, host]));
  }

  get now(): number {
    return this.queue.now;
  }

  host(id: string): SimulatedHost | undefined {
    return this.#byId.get(id);
  }

  /** Powers every host on and starts its agent. */
  start(): void {
    for (const host of this.hosts) {
      host.powerOn(host.spec.domains);
      host.startAgent();
    }
  }

  /** Runs until the simulated time, or until too much is wrong. @returns whether nothing is wrong. */
  run(until: number): boolean {
    while (this.violations.length < MAX_VIOLATIONS && this.queue.step(until));
    return this.violations.length === 0;
  }

  /** Asks the checkers what must hold once everything has settled. */
  settled(): boolean {
    for (const checker of this.#spec.checkers) this.#check(checker, checker.settled?.(this));
    return this.violations.length === 0;
  }

  excuse(vms: readonly string[]): void {
    for (const checker of this.#spec.checkers) checker.excuse?.(vms);
  }

  tell(who: string, what: string): void {
    if (this.#spec.trace !== false)
      this.story.push(`${(this.now / 1000).toFixed(3).padStart(9)} ${who} ${what}`);
  }

  notified(host: SimulatedHost, notification: Notification): void {
    const text = line(notification, (node) => node);
    if (text !== null) this.tell(host.id, text);
    if (this.#spec.trace !== false) this.notifications.push({ at: this.now, host: host.id, notification });
    for (const checker of this.#spec.checkers)
      this.#check(checker, checker.notified?.(host, notification, this));
  }

  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): void {
    for (const checker of this.#spec.checkers)
      this.#check(checker, checker.stepped?.(host, input, effects, this));
  }

  beforeEffect(host: SimulatedHost, effect: AgentEffect): boolean {
    if (this.crashBefore?.(host, effect) === true) return false;
    for (const checker of this.#spec.checkers) this.#check(checker, checker.effect?.(host, effect, this));
    return true;
  }

  hypervisorStepped(host: SimulatedHost): void {
    for (const checker of this.#spec.checkers) this.#check(checker, checker.hypervisorStepped?.(host, this));
  }

  #check(checker: Checker, wrong: readonly string[] | undefined): void {
    for (const what of wrong ?? []) {
      this.violations.push({ at: this.now, checker: checker.name, what });
      this.tell("!", `${checker.name}: ${what}`);
    }
  }
}
