/**
 * A simulated host: a hypervisor and a disk, which live as long as the host is powered, and an agent process, which
 * may die and come back. The process is the very agent and driver of the daemon.
 */
import { Agent, type AgentConfig, KEY_JOINED_AT } from "../../agent/agent.ts";
import type { Command } from "../../agent/commands.ts";
import type { AgentInput } from "../../agent/inputs.ts";
import { laneOf, type Message } from "../../agent/messages.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { MembershipMaker } from "../../dnt/membership/membership.ts";
import { Driver } from "../../driver/driver.ts";
import type { HypervisorCommand, HypervisorOutcome, MigrationProgress } from "../../hypervisor/command.ts";
import type { Domain } from "../../hypervisor/domain.ts";
import type { EmbeddedChannelMessage } from "../../hypervisor/embedded/channel.ts";
import { EmbeddedHypervisor } from "../../hypervisor/embedded/embedded-hypervisor.ts";
import type { EmbeddedEffect, EmbeddedInput, WorldControl } from "../../hypervisor/embedded/input.ts";
import type { EmbeddedSettings, InitialDomain } from "../../hypervisor/embedded/settings.ts";
import { assert, present } from "../../lib/assert.ts";
import type { Result } from "../../lib/error.ts";
import type { Random } from "../../lib/random.ts";
import type { DiskSpace } from "../../model/disk-space.ts";
import type { Labels, NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { Ports } from "../../ports/ports.ts";
import type { WireCodec } from "../../wire/codec.ts";
import type { EventQueue } from "../kernel/event-queue.ts";
import { Disk } from "./disk.ts";
import type { Network, Payload } from "./network.ts";
import { Process } from "./process.ts";
import { ADDRESS, profileOf } from "./profile.ts";
import { SimulatedSolver, type SolverCost } from "./solver.ts";

export interface HostSpec {
  readonly id: NodeId;
  readonly labels: Labels;
  readonly capacity: Resources;
  readonly domains: readonly InitialDomain[];
  /** How fast its boot-time clock goes: seconds per second of the world. */
  readonly clockRate?: number;
}

/** What happens on hosts, for traces and checkers. */
export interface Watcher {
  notified(host: SimulatedHost, notification: Notification): void;
  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): void;
  /** Called before each effect; false kills the process there and then. */
  beforeEffect(host: SimulatedHost, effect: AgentEffect): boolean;
  /** The hypervisor has made a step that changed what executes where, or in which state a guest is. */
  hypervisorStepped(host: SimulatedHost): void;
  /** An agent's process has begun or ended. */
  processChanged(host: SimulatedHost, what: "started" | "died"): void;
  /** The agent has lost an invariant of its own and given up. */
  gaveUp(host: SimulatedHost, error: unknown): void;
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
  readonly solverCost: SolverCost;
  /** One for all: what it keeps makes it faster and changes nothing. */
  readonly codec: WireCodec;
  /** In place of the agents' own membership, where that is modelled. */
  readonly membership?: MembershipMaker;
}

/** Who waits for an operation of the hypervisor. */
interface Caller {
  readonly completed: (outcome: HypervisorOutcome) => void;
  readonly progressed: (progress: MigrationProgress) => void;
}

/** What it takes to notice that nobody answers at an address, or that somebody does. */
const DIAL_MS = 5;
/** A timer of a clock with a rate of its own fires a little later rather than a little early. */
const ROUNDING_MS = 0.01;

/** As the daemon does it. */
const ENDING_LOOK_MS = 20;
const ENDING_LOOKS = 250;

export class SimulatedHost {
  readonly spec: HostSpec;
  readonly disk: Disk;
  readonly solver: SimulatedSolver;
  readonly #world: HostWorld;
  readonly #random: Random;
  /** World time at which the host's boot-time clock was 0. */
  #bootedAt: number;
  readonly #rate: number;
  #hypervisor: EmbeddedHypervisor | null = null;
  /** Whether the hypervisor's control daemon runs. */
  #controlUp = false;
  #incarnation = 0;
  #process: Process | null = null;
  /** An agent that was started on a full disk begins as soon as there is room. */
  #agentWanted = false;
  /** What every input takes this host's agent. */
  #slownessMs = 0;
  #wake: (() => void) | null = null;
  /** Hypervisor operations of all processes: a dead process's completions go nowhere. */
  readonly #operations = new Map<number, Caller>();
  #nextOperation = 1;
  readonly #replies = new Map<string, (result: Result<unknown>) => void>();
  #nextRequest = 1;

  constructor(spec: HostSpec, world: HostWorld) {
    this.spec = spec;
    this.#world = world;
    this.#random = world.random.fork(`host/${spec.id}`);
    this.#rate = spec.clockRate ?? 1;
    this.#bootedAt = -this.#random.int(1_000, 100_000_000);
    const disk = this.#random.fork("disk");
    this.disk = new Disk(
      world.queue,
      () => 1 + disk.int(0, 3),
      (pending) => disk.int(0, pending),
    );
    this.solver = new SimulatedSolver(world.queue, world.solverCost);
    world.network.attach(spec.id, {
      up: () => this.#hypervisor !== null,
      deliver: (from, lane, text) => this.#deliver(from, lane, text),
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

  /** How much its process keeps of each kind, agent and driver; null: there is none. */
  sizes() {
    const process = this.#process;
    return process === null ? null : { ...process.agent.sizes(), ...process.driver.sizes() };
  }

  /** VMs whose processors run here now. */
  executing(): readonly string[] {
    return this.#hypervisor?.executing() ?? [];
  }

  domains(): readonly Domain[] {
    return this.#hypervisor?.domains() ?? [];
  }

  now(): number {
    return Math.floor((this.#world.queue.now - this.#bootedAt) * this.#rate);
  }

  /** When, in the world's time, the host's clock shows `at`. */
  #worldTime(at: number): number {
    return this.#rate === 1 ? at + this.#bootedAt : at / this.#rate + this.#bootedAt + ROUNDING_MS;
  }

  /** Boots the host: its hypervisor comes up, with `domains` running; its agent is started by `startAgent`. */
  powerOn(domains: readonly InitialDomain[] = []): void {
    if (this.#hypervisor !== null) return;
    if (this.#incarnation > 0)
      this.#bootedAt = Math.floor(this.#world.queue.now) - this.#random.int(1_000, 60_000);
    const { id, capacity } = this.spec;
    const identity = { address: `${ADDRESS}${id}`, incarnation: `${id}.${++this.#incarnation}`, capacity };
    this.#hypervisor = new EmbeddedHypervisor(identity, this.#world.hypervisor, domains);
    this.connectControl();
    this.#world.watcher.hypervisorStepped(this);
  }

  /** Power-off: agent and guests are gone at once. */
  powerOff(): void {
    this.killAgent();
    this.#hypervisor = null;
    this.#wake?.();
    this.#wake = null;
    this.#controlUp = false;
    this.#world.watcher.hypervisorStepped(this);
  }

  /** On a full disk it waits for room: a store that cannot be opened ends the daemon, which is started again. */
  startAgent(): void {
    if (this.#hypervisor === null) return;
    this.#agentWanted = true;
    if (this.#process !== null || this.disk.space === "full") return;
    const process = this.#makeProcess();
    process.slownessMs = this.#slownessMs;
    this.#process = process;
    this.#world.watcher.processChanged(this, "started");
    process.enter((driver) => driver.start());
    if (this.disk.space !== "ample") this.#tellSpace();
    if (this.#controlUp) this.control({ kind: "connect" });
  }

  /** kill -9 of the agent; guests and their migrations go on. */
  killAgent(): void {
    const process = this.#process;
    this.#agentWanted = false;
    if (process === null) return;
    this.#process = null;
    process.kill();
    this.disk.processDied();
    this.#replies.clear();
    this.#world.watcher.processChanged(this, "died");
  }

  /** SIGTERM: it takes its leave, waits a little for guests that are leaving its host, and ends. */
  endAgent(): void {
    const process = this.#process;
    this.#agentWanted = false;
    process?.enter((driver) => driver.deliver({ kind: "stopping" }));
    if (process !== null) this.#endsWhenNothingLeaves(process, ENDING_LOOKS);
  }

  #endsWhenNothingLeaves(process: Process, looks: number): void {
    this.#world.queue.after(ENDING_LOOK_MS, () => {
      if (this.#process !== process) return;
      const leaving = process.agent.lrt.participant.departures() > 0 || !process.driver.idle;
      if (looks === 0 || !leaving) this.#ended();
      else this.#endsWhenNothingLeaves(process, looks - 1);
    });
  }

  /** Whoever wanted it back while it was ending gets it. */
  #ended(): void {
    const wanted = this.#agentWanted;
    this.killAgent();
    if (wanted) this.startAgent();
  }

  /** SIGSTOP of the agent; what reaches it meanwhile waits. */
  stopAgent(): void {
    this.#process?.stop();
  }

  resumeAgent(): void {
    this.#process?.resume();
  }

  /** Every input takes the agent so long. */
  slowAgent(byMs: number): void {
    this.#slownessMs = byMs;
    if (this.#process !== null) this.#process.slownessMs = byMs;
  }

  /** Somebody else fills the agent's disk, or makes room again. */
  diskSpace(state: DiskSpace): void {
    this.disk.space = state;
    this.#tellSpace();
    if (this.#agentWanted) this.startAgent();
  }

  #tellSpace(): void {
    const state = this.disk.space;
    this.#process?.enter((driver) => driver.deliver({ kind: "disk-space", state }));
  }

  /** The hypervisor's control daemon comes up, and tells its agent if there is one. */
  connectControl(): void {
    this.#controlUp = true;
    this.control({ kind: "connect" });
  }

  disconnectControl(): void {
    this.#controlUp = false;
    this.control({ kind: "disconnect", reason: "the connection was closed" });
  }

  control(control: WorldControl): void {
    this.#hypervisorStep({ kind: "world", control });
  }

  /** An operator's command on this host's socket; without an agent nobody answers. */
  command(command: Command, answered: (result: Result<unknown>) => void): void {
    const request = `request-${this.#nextRequest++}`;
    this.#replies.set(request, answered);
    this.#process?.enter((driver) => driver.deliver({ kind: "command", request, command }));
  }

  /** A command to the hypervisor that no agent gave. */
  operate(command: HypervisorCommand, completed: (outcome: HypervisorOutcome) => void): void {
    this.#order(command, { completed, progressed: () => {} });
  }

  /** A message that needed no network. */
  hear(from: NodeId, message: Message): void {
    this.#process?.enter((driver) => driver.message(from, message));
  }

  #makeProcess(): Process {
    const boot = this.disk.nextBoot();
    const agent = this.#makeAgent(boot);
    const { watcher } = this.#world;
    const holder: { process?: Process } = {};
    const own = (): Process => present(holder.process, "a process is there before anything reaches it");
    const hooks = {
      before: (effect: AgentEffect) => {
        if (watcher.beforeEffect(this, effect)) return true;
        this.#diesIn(own());
        return false;
      },
      stepped: (input: AgentInput, effects: readonly AgentEffect[]) => watcher.stepped(this, input, effects),
    };
    const driver = new Driver(agent, this.#ports(own), hooks);
    holder.process = new Process(agent, driver, this.#world.queue, (error) => {
      watcher.gaveUp(this, error);
      if (this.#process === own()) this.killAgent();
    });
    return holder.process;
  }

  #makeAgent(boot: number): Agent {
    const { config, seeds, membership: modelled } = this.#world;
    const joinedMs = this.disk.once(KEY_JOINED_AT, () => Math.floor(this.#world.queue.now));
    const { protocol: _protocol, draining: _draining, ...profile } = profileOf(this.spec, Number(joinedMs));
    const identity = { ...profile, boot };
    const membership = {
      ...config.membership,
      seeds: seeds.filter((seed) => !profile.addresses.includes(seed)),
    };
    const random = this.#random.fork(`agent/${boot}`);
    return new Agent({ ...config, membership }, identity, random, this.disk.restored(), modelled);
  }

  /** The process dies in the middle of a step: when that has unwound, the rest of it is cleared away. */
  #diesIn(process: Process): void {
    process.kill();
    this.#world.queue.after(0, () => {
      if (this.#process === process) this.killAgent();
    });
  }

  #ports(process: () => Process): Ports<Message, Notification> {
    const { watcher } = this.#world;
    const alive = (): boolean => process().alive;
    return {
      clock: {
        now: () => this.now(),
        at: (at, fire) => this.#timer(process(), at, fire),
      },
      transport: {
        send: (to, message) => this.#send(to, message),
        dial: (address) => this.#dial(address, process()),
        setAddresses: () => {},
      },
      journal: this.disk.open((id) => process().enter((driver) => driver.persisted(id)), alive),
      hypervisor: { run: (operation, command) => this.#run(process(), operation, command) },
      solver: this.solver.open((operation, solution) =>
        process().enter((driver) => driver.solved(operation, solution)),
      ),
      replies: { reply: (request, result) => this.#reply(request, result) },
      observer: { notify: (notification) => watcher.notified(this, notification) },
    };
  }

  #timer(process: Process, at: number, fire: () => void): () => void {
    let set = true;
    const cancel = this.#world.queue.at(this.#worldTime(at), () => {
      process.enter(() => {
        if (set) fire();
      });
    });
    return () => {
      set = false;
      cancel();
    };
  }

  #reply(request: string, result: Result<unknown>): void {
    const answered = this.#replies.get(request);
    this.#replies.delete(request);
    answered?.(result);
  }

  #send(to: NodeId, message: Message): void {
    this.#world.network.send(this.id, to, laneOf(message), message.type, this.#world.codec.encode(message));
  }

  #dial(address: string, process: Process): void {
    const to = address.slice(ADDRESS.length);
    this.#world.queue.after(DIAL_MS, () => {
      const { network } = this.#world;
      const reachable = network.connected(this.id, to) && network.connected(to, this.id);
      const failure = { code: "unreachable", message: address } as const;
      process.enter((driver) =>
        driver.addressAnswered(address, reachable ? { ok: true, value: to } : { ok: false, failure }),
      );
    });
  }

  #run(process: Process, operation: OperationId, command: HypervisorCommand): void {
    this.#order(command, {
      completed: (outcome) => process.enter((driver) => driver.completed(operation, outcome)),
      progressed: (progress) => process.enter((driver) => driver.progressed(operation, progress)),
    });
  }

  #order(command: HypervisorCommand, caller: Caller): void {
    const id = this.#nextOperation++;
    const hypervisor = this.#hypervisor;
    this.#operations.set(id, caller);
    this.#world.queue.after(0, () => {
      if (this.#hypervisor === hypervisor) this.#hypervisorStep({ kind: "command", operation: id, command });
    });
  }

  /** What cannot be read is a fault of its sender's codec: it ends the process that got it. */
  #deliver(from: string, _lane: string, payload: Payload): void {
    if (typeof payload === "string") {
      const message = JSON.parse(payload) as EmbeddedChannelMessage;
      this.#hypervisorStep({ kind: "message", from: `${ADDRESS}${from}`, message });
      return;
    }
    this.#process?.enter((driver) => {
      const message = this.#world.codec.decode(payload, from);
      assert(message.ok, "what one agent sends another can read");
      driver.message(from, message.value);
    });
  }

  #hypervisorStep(input: EmbeddedInput): void {
    const hypervisor = this.#hypervisor;
    if (hypervisor === null) return;
    const before = hypervisor.revision;
    const effects = hypervisor.step(input, this.now());
    if (hypervisor.revision !== before) this.#world.watcher.hypervisorStepped(this);
    for (const effect of effects) this.#hypervisorEffect(effect);
  }

  #hypervisorEffect(effect: EmbeddedEffect): void {
    switch (effect.kind) {
      case "completed": {
        const known = this.#operations.get(effect.operation);
        this.#operations.delete(effect.operation);
        known?.completed(effect.outcome);
        return;
      }
      case "progressed": {
        this.#operations.get(effect.operation)?.progressed(effect.progress);
        return;
      }
      case "event":
        this.#process?.enter((driver) => driver.event(effect.event));
        return;
      case "send":
        this.#sideChannel(effect.to, effect.message);
        return;
      case "wake-at":
        this.#setWake(effect.at);
    }
  }

  #sideChannel(to: string, message: EmbeddedChannelMessage): void {
    const type = `hypervisor.${message.kind}`;
    this.#world.network.send(this.id, to.slice(ADDRESS.length), "hypervisor", type, JSON.stringify(message));
  }

  #setWake(at: number | null): void {
    this.#wake?.();
    const hypervisor = this.#hypervisor;
    this.#wake = null;
    if (at === null) return;
    this.#wake = this.#world.queue.at(this.#worldTime(at), () => {
      if (this.#hypervisor === hypervisor) this.#hypervisorStep({ kind: "wake" });
    });
  }
}
