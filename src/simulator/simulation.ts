/**
 * A whole world from one seed: hosts, network, deeds by script, checkers after every step. Same seed, same bytes.
 */
import type { AgentConfig } from "../agent/agent.ts";
import type { Command } from "../agent/commands.ts";
import type { AgentInput } from "../agent/inputs.ts";
import type { Message } from "../agent/messages.ts";
import type { Notification } from "../agent/notifications.ts";
import type { AgentEffect } from "../agent/turn.ts";
import type { MembershipMaker } from "../dnt/membership/membership.ts";
import { DEFAULT_SETTINGS, type EmbeddedSettings } from "../hypervisor/embedded/settings.ts";
import type { Result } from "../lib/error.ts";
import { Random } from "../lib/random.ts";
import { type Intent, intentKey } from "../lrt/execution/intent.ts";
import type { Write } from "../ports/effects.ts";
import { WireCodec } from "../wire/codec.ts";
import type { CheckedWorld, Checker } from "./checkers/checker.ts";
import { EventQueue } from "./kernel/event-queue.ts";
import { Story } from "./trace/story.ts";
import { type HostSpec, SimulatedHost, type Watcher } from "./world/host.ts";
import { type LinkSettings, Network } from "./world/network.ts";
import { perDecision, type SolverCost } from "./world/solver.ts";

export interface SimulationSpec {
  readonly seed: string;
  readonly hosts: readonly HostSpec[];
  readonly config: AgentConfig;
  readonly hypervisor?: Partial<EmbeddedSettings>;
  readonly linkOf?: (from: string, to: string) => LinkSettings;
  readonly checkers: readonly Checker[];
  /** Absent: `MS_PER_DECISION` for each decision. */
  readonly solverCost?: SolverCost;
  /** In place of the agents' own membership, where that is modelled. */
  readonly membership?: MembershipMaker;
  /** Whether the story is kept (scenarios, replays) or not (swarms). */
  readonly trace?: boolean;
}

export interface Violation {
  readonly at: number;
  readonly checker: string;
  readonly what: string;
}

/** Where an agent's process is to die: before it carries out the n-th effect of a kind. */
export interface Ambush {
  readonly host: string;
  /**
   * An effect's kind; or a message's type, of a reply optionally with what it says (`partition.reply.accepted`); or
   * `hypervisor.` and a command's kind; `outcome`: the write that says how an order has ended.
   */
  readonly effect: string;
  countdown: number;
  /** The agent is back so long after its death; null: whoever wants it back starts it. */
  readonly backMs: number | null;
}

/** A quiet local network. */
const LAN: LinkSettings = { latencyMs: 0.2, jitterMs: 0.3, loss: 0, duplication: 0 };
const MS_PER_DECISION = 0.005;
/** A run that violates an invariant is not worth going on with for long. */
const MAX_VIOLATIONS = 20;

export class Simulation implements CheckedWorld, Watcher {
  readonly queue = new EventQueue();
  readonly network: Network;
  readonly hosts: readonly SimulatedHost[];
  readonly violations: Violation[] = [];
  readonly story: Story;
  /** Agents that are to die at an effect; one dies once. */
  readonly ambushes = new Set<Ambush>();
  /** Actions that their executing hosts saw done. */
  actionsDone = 0;
  readonly #checkers: readonly Checker[];
  /** Those of them that look at every step, and at every effect. */
  readonly #stepCheckers: readonly Checker[];
  readonly #effectCheckers: readonly Checker[];
  readonly #byId: ReadonlyMap<string, SimulatedHost>;

  constructor(spec: SimulationSpec) {
    this.#checkers = spec.checkers;
    this.#stepCheckers = spec.checkers.filter(({ stepped }) => stepped !== undefined);
    this.#effectCheckers = spec.checkers.filter(({ effect }) => effect !== undefined);
    this.story = new Story(this.queue, spec.trace !== false);
    const random = new Random(spec.seed);
    this.network = new Network(this.queue, random.fork("network"), spec.linkOf ?? (() => LAN));
    const world = {
      queue: this.queue,
      network: this.network,
      config: spec.config,
      hypervisor: { ...DEFAULT_SETTINGS, ...spec.hypervisor },
      watcher: this,
      codec: new WireCodec(),
      random,
      seeds: spec.hosts.slice(0, 2).map(({ id }) => `sim://${id}`),
      solverCost: spec.solverCost ?? perDecision(MS_PER_DECISION),
      ...(spec.membership === undefined ? {} : { membership: spec.membership }),
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

  /** Powers every host on and starts its agent, if agents there are to be. */
  start(agents = true): void {
    for (const host of this.hosts) {
      host.powerOn(host.spec.domains);
      if (agents) host.startAgent();
    }
  }

  /** Runs until the simulated time, or until too much is wrong. @returns whether nothing is wrong. */
  run(until: number): boolean {
    while (this.violations.length < MAX_VIOLATIONS && this.queue.step(until));
    return this.violations.length === 0;
  }

  /** What checkers still miss before everything has settled. */
  unsettled(): readonly string[] {
    return this.#checkers.flatMap((checker) => checker.unsettled?.(this) ?? []);
  }

  /** Puts what is still missing on record as violations. */
  demandSettled(): void {
    for (const checker of this.#checkers) this.#record(checker, checker.unsettled?.(this));
  }

  /** An operator asks that host for something. */
  ask(host: SimulatedHost, command: Command, answered: (result: Result<unknown>) => void): void {
    for (const checker of this.#checkers) checker.asked?.(command);
    host.command(command, answered);
  }

  excuse(vms: readonly string[]): void {
    for (const checker of this.#checkers) checker.excuse?.(vms);
  }

  /** Something is done to the world. */
  disturbed(): void {
    for (const checker of this.#checkers) checker.disturbed?.();
  }

  notified(host: SimulatedHost, notification: Notification): void {
    this.story.notified(host.id, notification);
    if (notification.kind === "action-ended" && notification.role === "source")
      this.actionsDone += notification.outcome.kind === "done" ? 1 : 0;
    for (const checker of this.#checkers) this.#record(checker, checker.notified?.(host, notification, this));
  }

  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): void {
    for (const checker of this.#stepCheckers)
      this.#record(checker, checker.stepped?.(host, input, effects, this));
  }

  beforeEffect(host: SimulatedHost, effect: AgentEffect): boolean {
    if (this.ambushes.size > 0 && this.#ambushed(host, effect)) return false;
    for (const checker of this.#effectCheckers) this.#record(checker, checker.effect?.(host, effect, this));
    return true;
  }

  hypervisorStepped(host: SimulatedHost): void {
    for (const checker of this.#checkers) this.#record(checker, checker.hypervisorStepped?.(host, this));
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): void {
    for (const checker of this.#checkers) this.#record(checker, checker.processChanged?.(host, what, this));
  }

  gaveUp(host: SimulatedHost, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.violations.push({ at: this.now, checker: "agent", what: `${host.id} gave up: ${what}` });
    this.story.tell("!", `${host.id} gave up: ${error instanceof Error ? error.message : what}`);
  }

  #ambushed(host: SimulatedHost, effect: AgentEffect): boolean {
    for (const ambush of this.ambushes) {
      if (ambush.host !== host.id || !matches(effect, ambush.effect) || --ambush.countdown > 0) continue;
      this.ambushes.delete(ambush);
      this.story.tell(host.id, `dies before it can ${described(effect)}`);
      if (ambush.backMs !== null) this.queue.after(Math.max(1, ambush.backMs), () => host.startAgent());
      return true;
    }
    return false;
  }

  #record(checker: Checker, wrong: readonly string[] | undefined): void {
    if (wrong === undefined || wrong.length === 0) return;
    for (const what of wrong) {
      this.violations.push({ at: this.now, checker: checker.name, what });
      this.story.tell("!", `${checker.name}: ${what}`);
    }
  }
}

function matches(effect: AgentEffect, wanted: string): boolean {
  if (wanted === "any") return effect.kind !== "notify";
  if (effect.kind === wanted) return true;
  if (effect.kind === "send") return says(effect.message, wanted);
  if (wanted === "outcome") return effect.kind === "persist" && effect.writes.some(endsAnOrder);
  return effect.kind === "hypervisor" && `hypervisor.${effect.command.kind}` === wanted;
}

function says(message: Message, wanted: string): boolean {
  if (message.type === wanted) return true;
  return message.type === "partition.reply" && `${message.type}.${message.body.kind}` === wanted;
}

/** An executing node writes down its order's outcome, before it tells of it. */
function endsAnOrder({ key, value }: Write): boolean {
  return key.startsWith(intentKey("")) && value !== null && (value as Intent).outcome !== null;
}

function described(effect: AgentEffect): string {
  switch (effect.kind) {
    case "send":
      return `send ${effect.message.type} to ${effect.to}`;
    case "hypervisor":
      return `ask its hypervisor to ${effect.command.kind}`;
    case "persist":
      return `write ${effect.writes.map(({ key }) => key).join(", ")}`;
    default:
      return effect.kind;
  }
}
