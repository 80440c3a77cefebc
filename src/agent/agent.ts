/**
 * One node of the system: the three trackers and what passes between them. The only way in is `step`; everything
 * the agent wants of the world comes out of it as effects, in order.
 */

import type { MembershipChange } from "../dnt/membership/change.ts";
import { Membership, type MembershipMaker, type MembershipService } from "../dnt/membership/membership.ts";
import type { MembershipSettings } from "../dnt/membership/settings.ts";
import { randomWalk, walk } from "../dnt/overlay/walk.ts";
import { Registry } from "../dnt/registry/registry.ts";
import type { HypervisorEvent } from "../hypervisor/command.ts";
import { assert } from "../lib/assert.ts";
import { fail, ok, type Result } from "../lib/error.ts";
import type { Instant } from "../lib/instant.ts";
import { nearest } from "../lib/nearest.ts";
import type { Random } from "../lib/random.ts";
import type { BalancingMode, LrtConfig } from "../lrt/config.ts";
import { LocalResourcesTracker, type LrtHooks } from "../lrt/lrt.ts";
import type { EventOutcome, SchedulingEvent } from "../lrt/scheduling/event.ts";
import type { Member } from "../model/member.ts";
import type { Labels, NodeId } from "../model/node.ts";
import type { Resources } from "../model/resources.ts";
import type { OperationId, PersistId } from "../ports/effects.ts";
import type { Solution } from "../solver/solution.ts";
import type { VetCommand } from "../vet/commands.ts";
import type { VeRecord } from "../vet/lifecycle/record.ts";
import { VirtualEnvironmentsTracker } from "../vet/vet.ts";
import { Answers } from "./answers.ts";
import type { Command, PeerCommand } from "./commands.ts";
import { Drain } from "./drain.ts";
import { History } from "./history.ts";
import type { AgentInput } from "./inputs.ts";
import { laneOf, type Message } from "./messages.ts";
import { Migrations } from "./migrations.ts";
import type { Notification } from "./notifications.ts";
import { Operations } from "./operations.ts";
import { Remote, type Respond } from "./remote.ts";
import { type AgentEffect, AgentTurn, Counters } from "./turn.ts";

export interface AgentConfig {
  readonly lrt: LrtConfig;
  readonly membership: Partial<MembershipSettings>;
}

export interface AgentIdentity {
  readonly id: NodeId;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Labels;
  readonly capacity: Resources;
  /** Durable count of this agent's starts, from 1. */
  readonly boot: number;
  /** RFC 3339. */
  readonly joinedAt: string;
  readonly version: string;
}

/** The wire versions this agent speaks. */
export const PROTOCOL = { min: 1, max: 1 } as const;

const KEY_MODE = "agent/mode";
/** When this host joined (`AgentIdentity.joinedAt`): whoever starts the agent writes it, unless it is there. */
export const KEY_JOINED_AT = "daemon/joined-at";

export class Agent {
  readonly identity: AgentIdentity;
  readonly membership: MembershipService;
  readonly lrt: LocalResourcesTracker;
  readonly operations: Operations;
  readonly drain: Drain;
  readonly history: History;
  readonly remote: Remote;
  readonly migrations: Migrations;
  readonly registry: Registry<VeRecord>;
  readonly vet: VirtualEnvironmentsTracker;
  readonly #config: AgentConfig;
  readonly #random: Random;
  readonly #answers: Answers;
  readonly #counters = new Counters();
  readonly #solves = new Map<OperationId, (solution: Solution | null, turn: AgentTurn) => void>();
  #mode: BalancingMode;
  /** Addresses that others were to be found at, and why they were not. */
  readonly unanswered = new Map<string, string>();
  #stopping = false;
  #now: Instant = 0;

  constructor(
    config: AgentConfig,
    identity: AgentIdentity,
    random: Random,
    restored: ReadonlyMap<string, unknown>,
    makeMembership: MembershipMaker = (settings, dependencies) => new Membership(settings, dependencies),
  ) {
    this.identity = identity;
    this.#random = random.fork("walk");
    this.#mode = (restored.get(KEY_MODE) as BalancingMode | undefined) ?? config.lrt.mode;
    this.#config = config;
    const { id, name, boot, capacity, labels } = identity;
    const nameOf = (node: NodeId): string => this.nameOf(node);
    this.membership = makeMembership(config.membership, {
      self: { ...identity, draining: false, protocol: PROTOCOL },
      random: random.fork("membership"),
      restored,
    });
    this.operations = new Operations(id, boot, restored);
    this.history = new History(nameOf);
    this.remote = new Remote(boot, nameOf, (node) => this.membership.get(node)?.incarnation ?? 0);
    this.lrt = new LocalResourcesTracker(
      config.lrt,
      { self: id, name, boot, capacity, labels },
      this.#hooks(),
      random.fork("lrt"),
      restored,
    );
    this.registry = new Registry<VeRecord>(
      {
        self: id,
        boot,
        members: () => this.members(),
        unheard: () => this.membership.unheard(),
        strangers: () => this.membership.strangers(),
        hasLeft: (id) => this.membership.hasLeft(id),
        shared: this.membership.shared,
        circle: () => this.membership.circle(),
        ask: (to, command, turn, done, after) =>
          this.#ask(to, command as VetCommand, turn as AgentTurn, done, after),
      },
      restored,
    );
    this.vet = this.#makeVet(random.fork("vet"), restored);
    this.drain = this.#makeDrain(restored);
    this.migrations = new Migrations(this);
    this.#answers = new Answers(this);
  }

  /** Consumes one input at boot-time `now`; same state and same input, same effects. */
  step(input: AgentInput, now: Instant): readonly AgentEffect[] {
    assert(now >= this.#now, "time never goes back");
    this.#now = now;
    const turn = new AgentTurn(now, this.#counters);
    this.#route(input, turn);
    this.#afterwards(turn);
    return turn.effects;
  }

  /** How much is remembered of each kind: what grows without end would end the agent. */
  sizes() {
    return {
      ...this.membership.sizes(),
      ...this.registry.sizes(),
      ...this.lrt.sizes(),
      ...this.vet.sizes(),
      ...this.remote.kept,
      ...this.history.kept,
      operations: this.operations.list().length,
      migrations: this.migrations.size,
      unanswered: this.unanswered.size,
      solves: this.#solves.size,
      timers: this.#counters.timers.size,
    };
  }

  get lrtConfig(): LrtConfig {
    return this.#config.lrt;
  }

  /** VE records whose home this agent is. */
  recordsHere(): number {
    return this.registry.size;
  }

  /** Hands one solver result to whoever asked outside the scheduler. */
  onceSolved(operation: OperationId, done: (solution: Solution | null, turn: AgentTurn) => void): void {
    this.#solves.set(operation, done);
  }

  get mode(): BalancingMode {
    return this.#mode;
  }

  setMode(mode: BalancingMode, turn: AgentTurn): void {
    this.#mode = mode;
    turn.persist([{ key: KEY_MODE, value: mode }]);
  }

  members(): readonly Member[] {
    return this.membership.members();
  }

  nameOf(node: NodeId): string {
    return node === this.identity.id ? this.identity.name : (this.membership.get(node)?.name ?? node);
  }

  /** A member by its name or id; a name that two hosts share is refused. */
  find(host: string): Result<Member> {
    const present = this.members().filter(({ state }) => state !== "left");
    const named = present.filter(({ name, id }) => name === host || id === host);
    const [member] = named;
    if (named.length > 1) {
      const ids = named.map(({ id }) => id).join(", ");
      return fail({
        code: "conflict",
        message: `${named.length} hosts are called ${host}`,
        hint: `use an id: ${ids}`,
      });
    }
    if (member !== undefined) return ok(member);
    const near = nearest(
      host,
      present.map(({ name }) => name),
    );
    const hint = `${near === null ? "" : `did you mean ${near}? `}discoveryctl host list`;
    return fail({ code: "not-found", message: `no host is called ${host}`, hint });
  }

  /** Carries a command out here, or where it belongs. */
  execute(command: PeerCommand, from: NodeId | null, respond: Respond, turn: AgentTurn): void {
    this.#answers.execute(command, from, respond, turn);
  }

  /** Sends a command to the host it is about, which may be this one. */
  forward(host: NodeId, command: PeerCommand, respond: Respond, turn: AgentTurn): void {
    if (host === this.identity.id) return this.execute(command, host, respond, turn);
    this.remote.ask(host, command, turn, (result, later) => respond(result, later));
  }

  #route(input: AgentInput, turn: AgentTurn): void {
    switch (input.kind) {
      case "started":
        return this.#start(turn);
      case "message":
        return this.#onMessage(input.from, input.message, turn);
      case "timer-fired":
        return this.#onTimer(input.timer, input.token, turn);
      case "hypervisor-event":
        return this.#onHypervisor(input.event, turn);
      case "hypervisor-completed":
        if (!this.vet.onOperation(input.operation, input.outcome, turn)) {
          this.lrt.onOperation(input.operation, input.outcome, turn);
        }
        return;
      case "hypervisor-progressed":
        return this.lrt.onProgress(input.operation, input.progress, turn);
      case "solved":
        return this.#onSolved(input.operation, input.solution, turn);
      case "address-answered":
        this.#noteAnswer(input.address, input.answer.ok ? null : input.answer.failure.message, turn);
        return this.membership.onAddressAnswered(input.address, input.answer, turn);
      case "command":
        return this.#onCommand(input.request, input.command, turn);
      case "disk-space":
        return this.lrt.setSpace(input.state, turn);
      case "stopping":
        this.#stopping = true;
        this.lrt.participant.stop(turn);
        this.remote.stop();
        return this.#leave(turn);
    }
  }

  /** Who is drained and holds nothing leaves for good: if it comes back, it joins anew. */
  #leave(turn: AgentTurn): void {
    if (!this.drain.over || !this.registry.settled) return this.membership.leave("dead", turn);
    const after = turn.persist([...this.registry.left(), { key: KEY_JOINED_AT, value: null }]);
    this.membership.leave("left", turn, after);
  }

  /** Told once, until it changes. */
  #noteAnswer(address: string, reason: string | null, turn: AgentTurn): void {
    if ((this.unanswered.get(address) ?? null) === reason) return;
    if (reason === null) this.unanswered.delete(address);
    else this.unanswered.set(address, reason);
    turn.notify({ kind: "join-address", address, reason });
  }

  #onHypervisor(event: HypervisorEvent, turn: AgentTurn): void {
    if (event.kind === "domain-changed" && event.cause === "migrated-out") this.vet.onLeaving(event.vm);
    this.lrt.onHypervisor(event, turn);
  }

  #onSolved(operation: OperationId, solution: Solution | null, turn: AgentTurn): void {
    const done = this.#solves.get(operation);
    this.#solves.delete(operation);
    if (done === undefined) this.lrt.onSolved(operation, solution, turn);
    else done(solution, turn);
  }

  #start(turn: AgentTurn): void {
    this.membership.start(turn);
    this.remote.start(this.membership.self().incarnation);
    for (const { order, role } of this.lrt.participant.open())
      if (role === "source") this.vet.onLeaving(order.vm);
    this.lrt.start(turn);
    this.vet.start(turn);
    this.drain.start(turn);
  }

  #onMessage(from: NodeId, message: Message, turn: AgentTurn): void {
    switch (laneOf(message)) {
      case "membership":
        return this.membership.onMessage(
          from,
          message as Extract<Message, { type: `membership.${string}` }>,
          turn,
        );
      case "partition":
        return this.lrt.onMessage(from, message as Extract<Message, { type: `partition.${string}` }>, turn);
      case "control":
        if (message.type === "control.answer") return this.remote.onAnswer(from, message, turn);
        if (message.type === "control.ask") {
          this.remote.onAsk(from, message, turn, (command, respond) =>
            this.execute(command, from, respond, turn),
          );
        }
    }
  }

  #onTimer(timer: string, token: number, turn: AgentTurn): void {
    if (this.#counters.timers.get(timer) !== token) return;
    this.#counters.timers.delete(timer);
    if (timer.startsWith("dnt/")) this.membership.onTimer(timer, turn);
    else if (timer.startsWith("lrt/")) this.lrt.onTimer(timer, turn);
    else if (timer.startsWith("vet/")) this.vet.onTimer(timer, turn);
    else if (!this.drain.onTimer(timer, turn)) this.remote.onTimer(timer, turn);
  }

  #onCommand(request: string, command: Command, turn: AgentTurn): void {
    if (this.#stopping) {
      return turn.reply(request, fail({ code: "unreachable", message: "the agent is stopping" }));
    }
    this.execute(command, null, (result, later, after) => later.reply(request, result, after), turn);
  }

  /** What every step ends with: changes of membership reach the other trackers, notifications the memory. */
  #afterwards(turn: AgentTurn): void {
    for (const change of this.membership.takeChanges()) this.#onMember(change, turn);
    this.drain.recheck(turn);
    for (const notification of this.operations.takeChanges()) turn.notify(notification);
    const writes = this.operations.takeWrites();
    if (writes.length > 0) turn.persist(writes);
    for (const effect of turn.effects)
      if (effect.kind === "notify") this.#remember(effect.notification, turn.now);
  }

  #remember(notification: Notification, now: Instant): void {
    if (notification.kind === "action-started" && notification.action === "migrate")
      this.vet.onLeaving(notification.vm);
    if (notification.kind === "action-ended") {
      this.history.record(notification, now);
      const stays = notification.role === "source" && notification.outcome.kind === "failed";
      if (stays) this.vet.onStaying(notification.vm);
    }
  }

  #onMember(change: MembershipChange, turn: AgentTurn): void {
    turn.notify({ kind: "member", change });
    if (change.kind === "died" || change.kind === "left") {
      this.lrt.onPeerGone(change.member.id, turn);
      this.remote.onPeerGone(change.member.id, turn);
    }
    const came = change.kind === "joined" || change.kind === "returned" || change.kind === "cleared";
    if (came || change.kind === "updated") this.lrt.onMembersChanged(turn);
    this.vet.onMembersChanged(turn);
  }

  #onEventEnded(event: SchedulingEvent, outcome: EventOutcome, retry: boolean, turn: AgentTurn): void {
    this.history.tried(event.id, this.#about(event), outcome, turn.now);
    this.drain.onEventEnded(event.id, outcome, retry, turn);
    this.migrations.onEventEnded(event.id, outcome, turn);
    this.vet.eventEnded(event.id, outcome, retry, turn);
  }

  /** What an event of this host is, in words. */
  #about({ cause }: SchedulingEvent): string {
    const { name } = this.identity;
    switch (cause.kind) {
      case "overload":
        return `${name} is overloaded (${cause.resource})`;
      case "underload":
        return `${name} is underloaded`;
      case "arrival":
        return `VMs of ${cause.ve} wait for a host`;
      case "drain":
        return `${name} is draining`;
      case "violation":
        return `a rule is broken on ${name} (${cause.rule})`;
      case "move":
        return `${this.lrt.inventory.get(cause.vm)?.name ?? cause.vm} is to leave ${name}`;
    }
  }

  #hooks(): LrtHooks {
    return {
      alive: (node) => node === this.identity.id || this.membership.get(node)?.state === "alive",
      knows: (node) => (this.membership.get(node)?.state ?? "left") !== "left",
      walk: () => this.#walk(),
      mode: () => this.#mode,
      nameOf: (node) => this.nameOf(node),
      assign: (event, vm, host, turn) => this.vet.assign(event, vm, host, turn as AgentTurn),
      eventEnded: (event, outcome, retry, turn) =>
        this.#onEventEnded(event, outcome, retry, turn as AgentTurn),
      inventoryChanged: (turn) => {
        this.vet.onInventoryChanged(turn as AgentTurn);
        this.drain.check(turn as AgentTurn);
      },
    };
  }

  #walk(): readonly NodeId[] {
    const self = this.membership.self();
    const nobody: ReadonlySet<NodeId> = new Set();
    if (this.#config.lrt.walk === "random") return randomWalk(self, this.members(), this.#random, nobody);
    return walk(self, this.members(), (id) => this.membership.rtt(id), nobody);
  }

  #makeVet(random: Random, restored: ReadonlyMap<string, unknown>): VirtualEnvironmentsTracker {
    const { inventory, desk, participant, scheduler } = this.lrt;
    const { id, boot } = this.identity;
    return new VirtualEnvironmentsTracker(
      {
        self: id,
        boot,
        random,
        registry: this.registry,
        members: () => this.members(),
        draining: () => this.membership.self().draining,
        unheard: () => this.membership.unheard(),
        strangers: () => this.membership.strangers(),
        hasLeft: (node) => this.membership.hasLeft(node),
        circle: () => this.membership.circle(),
        alive: (node) => node === id || this.membership.get(node)?.state === "alive",
        nameOf: (node) => this.nameOf(node),
        ask: (to, command, turn, done, after) => this.#ask(to, command, turn as AgentTurn, done, after),
        raiseArrival: (ve, vms, turn) =>
          this.lrt.raise({ kind: "arrival", ve, vms }, turn as AgentTurn)?.id ?? null,
        cancelEvent: (event, reason, turn) => scheduler.cancel(event, reason, turn as AgentTurn),
        localDomains: () => (inventory.listed ? inventory.all() : null),
        expects: (vm) => !desk.free || participant.open().some(({ order }) => order.vm === vm),
        room: () => this.lrt.space === "ample",
        operations: this.operations,
      },
      restored,
    );
  }

  /** A question of a tracker to a peer's. */
  #ask(
    to: NodeId,
    command: PeerCommand,
    turn: AgentTurn,
    done: (result: Result<unknown>, turn: AgentTurn) => void,
    after?: PersistId,
  ): void {
    this.remote.ask(to, command, turn, done, after);
  }

  #makeDrain(restored: ReadonlyMap<string, unknown>): Drain {
    const { id, name } = this.identity;
    return new Drain(
      {
        self: id,
        name,
        lrt: this.lrt,
        operations: this.operations,
        members: () => this.members(),
        setDraining: (draining, turn) => this.membership.update({ draining }, turn),
        records: () => this.recordsHere(),
        handOverRecords: (turn) => this.vet.handOver(turn),
        settled: () => this.registry.settled,
        settle: (turn, agreed) => this.registry.settle(turn, (later) => agreed(later as AgentTurn)),
      },
      restored,
    );
  }
}
