/**
 * A simulated host: a hypervisor and a disk, which live as long as the host is powered, and an agent process, which
 * may die and come back. The process is the very agent and driver of the daemon.
 */
import { Agent, type AgentConfig } from "../../agent/agent.ts";
import type { AgentInput } from "../../agent/inputs.ts";
import { laneOf, type Message } from "../../agent/messages.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import { Driver } from "../../driver/driver.ts";
import type { HypervisorCommand } from "../../hypervisor/command.ts";
import type { EmbeddedChannelMessage } from "../../hypervisor/embedded/channel.ts";
import { EmbeddedHypervisor } from "../../hypervisor/embedded/embedded-hypervisor.ts";
import type { EmbeddedEffect, EmbeddedInput, WorldControl } from "../../hypervisor/embedded/input.ts";
import type { EmbeddedSettings, InitialDomain } from "../../hypervisor/embedded/settings.ts";
import type { Result } from "../../lib/error.ts";
import type { Random } from "../../lib/random.ts";
import type { Labels, NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { Ports } from "../../ports/ports.ts";
import { solve } from "../../solver/index.ts";
import type { EventQueue } from "../kernel/event-queue.ts";
import { Disk } from "./disk.ts";
import type { Network } from "./network.ts";

export interface HostSpec {
  readonly id: NodeId;
  readonly labels: Labels;
  readonly capacity: Resources;
  readonly domains: readonly InitialDomain[];
}

/** What happens on hosts, for traces and checkers. */
export interface Watcher {
  notified(host: SimulatedHost, notification: Notification): void;
  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): void;
  /** Called before each effect; false kills the process there and then. */
  beforeEffect(host: SimulatedHost, effect: AgentEffect): boolean;
  /** The hypervisor has made a step: what executes where may have changed. */
  hypervisorStepped(host: SimulatedHost): void;
}

export interface HostWorld {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly config: AgentConfig;
  readonly hypervisor: EmbeddedSettings;
  readonly watcher: Watcher;
  readonly random: Random;
  readonly seeds: readonly string[];
  /** Simulated milliseconds that a solver run takes. */
  readonly solverCost: (decisions: number) => number;
}

interface Process {
  readonly agent: Agent;
  readonly driver: Driver;
  alive: boolean;
}

const ADDRESS = "sim://";

export class SimulatedHost {
  readonly spec: HostSpec;
  readonly disk: Disk;
  readonly #world: HostWorld;
  readonly #random: Random;
  /** The host's boot-time clock against the world's. */
  #bootedAt: number;
  #hypervisor: EmbeddedHypervisor | null = null;
  #incarnation = 0;
  #process: Process | null = null;
  #wake: (() => void) | null = null;
  /** Hypervisor operations of all processes: a dead process's completions go nowhere. */
  readonly #operations = new Map<number, { readonly process: Process; readonly operation: OperationId }>();
  #nextOperation = 1;
  readonly #replies = new Map<string, (result: Result<unknown>) => void>();
  #nextRequest = 1;

  constructor(spec: HostSpec, world: HostWorld) {
    this.spec = spec;
    this.#world = world;
    this.#random = world.random.fork(`host/${spec.id}`);
    this.#bootedAt = -this.#random.int(1_000, 100_000_000);
    const disk = this.#random.fork("disk");
    this.disk = new Disk(world.queue, () => 1 + disk.int(0, 3));
    world.network.attach(spec.id, {
      up: () => this.#hypervisor !== null,
      deliver: (from, lane, bytes) => this.#deliver(from, lane, bytes),
    });
  }

  get id(): NodeId {
    return this.spec.id;
  }

  get powered(): boolean {
    return this.#hypervisor !== null;
  }

  get agent(): Agent | null {
    return this.#process?.agent ?? null;
  }

  /** VMs whose processors run here now. */
  executing(): string[] {
    return this.#hypervisor?.executing() ?? [];
  }

  domains() {
    return this.#hypervisor?.domains() ?? [];
  }

  now(): number {
    return Math.floor(this.#world.queue.now) - this.#bootedAt;
  }

  /** Boots the host: its hypervisor comes up, with `domains` running; its agent is started by `startAgent`. */
  powerOn(domains: readonly InitialDomain[] = []): void {
    if (this.#hypervisor !== null) return;
    if (this.#incarnation > 0)
      this.#bootedAt = Math.floor(this.#world.queue.now) - this.#random.int(1_000, 60_000);
    const { id, capacity } = this.spec;
    const identity = { address: `${ADDRESS}${id}`, incarnation: `${id}.${++this.#incarnation}`, capacity };
    this.#hypervisor = new EmbeddedHypervisor(identity, this.#world.hypervisor, domains);
    this.control({ kind: "connect" });
  }

  /** Power-off: agent and guests are gone at once. */
  powerOff(): void {
    this.killAgent();
    this.#hypervisor = null;
    this.#wake?.();
    this.#world.watcher.hypervisorStepped(this);
  }

  startAgent(): void {
    if (this.#hypervisor === null || this.#process !== null) return;
    const process = this.#makeProcess();
    this.#process = process;
    process.driver.start();
    this.control({ kind: "connect" });
  }

  /** kill -9 of the agent; guests and their migrations go on. */
  killAgent(): void {
    const process = this.#process;
    if (process === null) return;
    this.#process = null;
    process.alive = false;
    process.driver.stop();
    this.#replies.clear();
  }

  control(control: WorldControl): void {
    this.#hypervisorStep({ kind: "world", control });
  }

  /** An operator's command on this host's socket. */
  command(command: Parameters<Agent["execute"]>[0], answered: (result: Result<unknown>) => void): void {
    const request = `request-${this.#nextRequest++}`;
    this.#replies.set(request, answered);
    this.#process?.driver.deliver({ kind: "command", request, command: command as never });
  }

  #makeProcess(): Process {
    const { queue, config, watcher, seeds } = this.#world;
    const { id, labels, capacity } = this.spec;
    const boot = this.disk.nextBoot();
    const identity = {
      id,
      name: id,
      addresses: [`${ADDRESS}${id}`],
      labels,
      capacity,
      boot,
      joinedAt: "2026-01-01T00:00:00Z",
      version: "sim",
    };
    const membership = { ...config.membership, seeds: seeds.filter((seed) => seed !== `${ADDRESS}${id}`) };
    const random = this.#random.fork(`agent/${boot}`);
    const agent = new Agent({ ...config, membership }, identity, random, this.disk.restored());
    const process: Process = { agent, alive: true, driver: null as never };
    const driver: Driver = new Driver(
      agent,
      this.#ports(process, () => driver),
      {
        before: (effect) => {
          if (watcher.beforeEffect(this, effect)) return true;
          queue.after(0, () => this.killAgent());
          return false;
        },
        stepped: (input, effects) => watcher.stepped(this, input, effects),
      },
    );
    return Object.assign(process, { driver });
  }

  #ports(process: Process, driver: () => Driver): Ports<Message, Notification> {
    const { queue, watcher } = this.#world;
    const alive = (): boolean => process.alive;
    return {
      clock: {
        now: () => this.now(),
        at: (at, fire) => queue.at(at + this.#bootedAt, () => alive() && fire()),
      },
      transport: {
        send: (to, message) => this.#send(to, message),
        dial: (address) => this.#dial(address, process, driver),
        setAddresses: () => {},
      },
      journal: this.disk.open((id) => driver().persisted(id), alive),
      hypervisor: { run: (operation, command) => this.#run(process, operation, command) },
      solver: this.#solver(alive, driver),
      replies: { reply: (request, result) => this.#reply(request, result) },
      observer: { notify: (notification) => watcher.notified(this, notification) },
    };
  }

  #solver(alive: () => boolean, driver: () => Driver): Ports<Message, Notification>["solver"] {
    const cancelled = new Set<OperationId>();
    return {
      solve: (operation, problem, limits) => {
        const solution = solve(problem, limits);
        this.#world.queue.after(this.#world.solverCost(solution.decisions), () => {
          if (alive() && !cancelled.delete(operation)) driver().solved(operation, solution);
        });
      },
      cancel: (operation) => cancelled.add(operation),
    };
  }

  #reply(request: string, result: Result<unknown>): void {
    const answered = this.#replies.get(request);
    this.#replies.delete(request);
    answered?.(result);
  }

  #send(to: NodeId, message: Message): void {
    const text = JSON.stringify(message);
    this.#world.network.send(this.id, to, laneOf(message), text, text.length);
  }

  #dial(address: string, process: Process, driver: () => Driver): void {
    const to = address.slice(ADDRESS.length);
    this.#world.queue.after(5, () => {
      if (!process.alive) return;
      const reachable = this.#world.network.connected(this.id, to);
      if (reachable) driver().addressAnswered(address, { ok: true, value: to });
      else
        driver().addressAnswered(address, { ok: false, failure: { code: "unreachable", message: address } });
    });
  }

  #run(process: Process, operation: OperationId, command: HypervisorCommand): void {
    const id = this.#nextOperation++;
    this.#operations.set(id, { process, operation });
    this.#world.queue.after(0, () => this.#hypervisorStep({ kind: "command", operation: id, command }));
  }

  #deliver(from: string, lane: string, bytes: unknown): void {
    if (lane === "hypervisor") {
      const message = JSON.parse(bytes as string) as EmbeddedChannelMessage;
      this.#hypervisorStep({ kind: "message", from: `${ADDRESS}${from}`, message });
    } else if (this.#process !== null) {
      this.#process.driver.message(from, JSON.parse(bytes as string) as Message);
    }
  }

  #hypervisorStep(input: EmbeddedInput): void {
    const hypervisor = this.#hypervisor;
    if (hypervisor === null) return;
    const effects = hypervisor.step(input, this.now());
    this.#world.watcher.hypervisorStepped(this);
    for (const effect of effects) this.#hypervisorEffect(effect);
  }

  #hypervisorEffect(effect: EmbeddedEffect): void {
    switch (effect.kind) {
      case "completed":
      case "progressed": {
        const known = this.#operations.get(effect.operation);
        if (effect.kind === "completed") this.#operations.delete(effect.operation);
        if (known === undefined || !known.process.alive) return;
        if (effect.kind === "completed") known.process.driver.completed(known.operation, effect.outcome);
        else known.process.driver.progressed(known.operation, effect.progress);
        return;
      }
      case "event":
        this.#process?.driver.event(effect.event);
        return;
      case "send": {
        const text = JSON.stringify(effect.message);
        this.#world.network.send(this.id, effect.to.slice(ADDRESS.length), "hypervisor", text, text.length);
        return;
      }
      case "wake-at":
        this.#setWake(effect.at);
    }
  }

  #setWake(at: number | null): void {
    this.#wake?.();
    const hypervisor = this.#hypervisor;
    this.#wake = null;
    if (at === null) return;
    this.#wake = this.#world.queue.at(at + this.#bootedAt, () => {
      if (this.#hypervisor === hypervisor) this.#hypervisorStep({ kind: "wake" });
    });
  }
}
