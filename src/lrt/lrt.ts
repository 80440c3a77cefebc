/**
 * The Local Resources Tracker: this host. Monitoring turns what the hypervisor says into events, scheduling
 * solves them with neighbours, execution carries out this host's part of a plan.
 */
import type { HypervisorEvent, HypervisorOutcome, MigrationProgress } from "../hypervisor/command.ts";
import type { Domain, HypervisorInfo } from "../hypervisor/domain.ts";
import type { Instant } from "../lib/instant.ts";
import type { Random } from "../lib/random.ts";
import type { DiskSpace } from "../model/disk-space.ts";
import type { Labels, NodeId } from "../model/node.ts";
import type { Resources } from "../model/resources.ts";
import { DEFAULT_POLICY, type VmId } from "../model/virtual-machine.ts";
import type { OperationId, PersistId } from "../ports/effects.ts";
import type { Solution } from "../solver/solution.ts";
import { Calls } from "./calls.ts";
import type { BalancingMode, LrtConfig } from "./config.ts";
import { Departures } from "./execution/departures.ts";
import { FailedMoves } from "./execution/failed-moves.ts";
import { Participant } from "./execution/participant.ts";
import type { Unconfirmed } from "./execution/reports.ts";
import type { ActionOrder, PartitionMessage } from "./messages.ts";
import { Inventory } from "./monitoring/inventory.ts";
import { type Condition, Monitor } from "./monitoring/monitor.ts";
import { brokenRule } from "./monitoring/violations.ts";
import type { LrtTurn } from "./notifications.ts";
import { BookingDesk } from "./scheduling/booking.ts";
import {
  type EventCause,
  type EventId,
  type EventOutcome,
  originOf,
  type SchedulingEvent,
} from "./scheduling/event.ts";
import { EventQueue } from "./scheduling/event-queue.ts";
import { Scheduler } from "./scheduling/scheduler.ts";
import type { NodeSnapshot, VmSnapshot } from "./scheduling/snapshot.ts";

/** What the tracker needs of the rest of its node. */
export interface LrtHooks {
  readonly alive: (node: NodeId) => boolean;
  /** Whether it has heard of that node, and not that it has left. */
  readonly knows: (node: NodeId) => boolean;
  /** How far automatic events may go: it changes while the agent runs. */
  readonly mode: () => BalancingMode;
  /** Neighbours, nearest first. */
  readonly walk: () => readonly NodeId[];
  readonly nameOf: (node: NodeId) => string;
  readonly assign: (event: EventId, vm: VmId, host: NodeId, turn: LrtTurn) => PersistId | null;
  readonly eventEnded: (event: SchedulingEvent, outcome: EventOutcome, retry: boolean, turn: LrtTurn) => void;
  /** What runs here has changed. */
  readonly inventoryChanged: (turn: LrtTurn) => void;
}

export interface LrtIdentity {
  readonly self: NodeId;
  readonly name: string;
  /** Durable count of this agent's starts: ids made from it are never used twice. */
  readonly boot: number;
  readonly capacity: Resources;
  readonly labels: Labels;
}

/** More than a process counts: what one boot has numbered never meets what another has. */
const PER_BOOT = 1_000_000_000;
const TIMER_ASSESS = "lrt/assess";
const TIMER_RELIST = "lrt/relist";

export class LocalResourcesTracker {
  readonly inventory: Inventory;
  readonly monitor: Monitor;
  readonly desk: BookingDesk;
  readonly queue: EventQueue;
  readonly scheduler: Scheduler;
  readonly participant: Participant;
  readonly #config: LrtConfig;
  readonly #identity: LrtIdentity;
  readonly #hooks: LrtHooks;
  readonly #calls: Calls;
  readonly #departures: Departures;
  readonly #failedMoves: FailedMoves;
  #info: HypervisorInfo | null = null;
  #listing: OperationId | null = null;
  #condition: Condition = { kind: "blind", reason: "the hypervisor is not connected" };
  #draining = false;
  #space: DiskSpace = "ample";

  constructor(
    config: LrtConfig,
    identity: LrtIdentity,
    hooks: LrtHooks,
    random: Random,
    restored: ReadonlyMap<string, unknown>,
  ) {
    this.#config = config;
    this.#identity = identity;
    this.#hooks = hooks;
    this.inventory = new Inventory(identity.boot * PER_BOOT);
    this.#calls = new Calls({
      intervalMs: config.callMs,
      tries: config.callTries,
      first: identity.boot * PER_BOOT,
    });
    this.#departures = new Departures(config, restored);
    this.#failedMoves = new FailedMoves(config);
    this.monitor = new Monitor(config, this.inventory, identity.capacity);
    this.desk = new BookingDesk(config, restored, () => this.participant.openActions());
    this.queue = new EventQueue(config, random);
    this.participant = this.#makeParticipant(restored);
    this.scheduler = this.#makeScheduler();
  }

  start(turn: LrtTurn): void {
    this.#departures.start(turn);
    this.participant.start(turn);
    this.scheduler.start(turn);
    turn.setTimer(TIMER_RELIST, this.#config.relistMs);
  }

  /** How much is remembered of each kind: what grows without end would end the agent. */
  sizes() {
    return {
      calls: this.#calls.size,
      answers: this.scheduler.answersKept,
      ...this.participant.kept,
      ...this.desk.kept,
      events: this.queue.all().length,
      departures: this.#departures.size,
      failedMoves: this.#failedMoves.size,
      readings: this.monitor.size,
    };
  }

  get condition(): Condition {
    return this.#condition;
  }

  get hypervisor(): HypervisorInfo | null {
    return this.#info;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** While draining, nothing lands here; the node takes part only in its own drain. */
  setDraining(draining: boolean): void {
    this.#draining = draining;
  }

  get space(): DiskSpace {
    return this.#space;
  }

  /** Low: nothing lands here, but this node can still shed what it has. Full: it takes part in nothing new at all. */
  setSpace(space: DiskSpace, turn: LrtTurn): void {
    if (space === this.#space) return;
    this.#space = space;
    turn.notify({ kind: "disk-space", state: space });
    this.scheduler.pump(turn);
  }

  /** What this host still has to do with others, whatever runs on it, in words; null: nothing. */
  unfinished(): string | null {
    const { nameOf } = this.#hooks;
    const [open] = this.participant.awaited();
    if (open !== undefined) {
      const { name, what } = open.order;
      if (open.role !== "source") return `${name} is to come here`;
      return `it is not known yet whether ${name} has come to ${nameOf(what.to)}`;
    }
    const [ended] = this.participant.unconfirmed().filter((one) => !this.#needless(one));
    if (ended !== undefined) {
      const silent = ended.by.map(nameOf).join(" and ");
      return `${silent} must confirm first what became of ${ended.order.name}`;
    }
    return this.desk.booking === null ? null : `its part in ${this.desk.booking.pid} is to end`;
  }

  /** A word that the guest has stayed frees a copy that never ran: one whose host is dead can wait for it. */
  #needless({ order: { what }, failed, by }: Unconfirmed): boolean {
    return failed && by.every((node) => node === what.to && !this.#hooks.alive(node));
  }

  raise(cause: EventCause, turn: LrtTurn): SchedulingEvent | null {
    const event = this.scheduler.raise(cause, turn.now, turn);
    this.scheduler.pump(turn);
    return event;
  }

  onHypervisor(event: HypervisorEvent, turn: LrtTurn): void {
    switch (event.kind) {
      case "connected":
        this.#info = event.info;
        this.#list(turn);
        break;
      case "disconnected":
        this.#info = null;
        this.#listing = null;
        this.inventory.disconnected();
        this.monitor.unavailable(event.reason);
        this.#assess(turn);
        break;
      case "usage":
        this.monitor.observe(event.sample, turn.now);
        this.#assess(turn);
        break;
      case "usage-unavailable":
        this.monitor.unavailable(event.reason);
        this.#assess(turn);
        break;
      case "domain-changed":
        this.participant.onDomainChanged(event.vm, turn);
        if (this.inventory.change(event) !== null) this.#inventoryChanged(turn);
        break;
    }
  }

  onOperation(operation: OperationId, outcome: HypervisorOutcome, turn: LrtTurn): boolean {
    if (operation !== this.#listing) return this.participant.onOperation(operation, outcome, turn);
    this.#listing = null;
    if (outcome.ok && outcome.domains !== undefined && this.#info !== null) {
      this.inventory.list(outcome.domains);
      this.#inventoryChanged(turn);
    } else if (this.#info !== null) turn.setTimer(TIMER_RELIST, this.#config.sampleMs);
    return true;
  }

  onProgress(operation: OperationId, progress: MigrationProgress, turn: LrtTurn): void {
    this.participant.onProgress(operation, progress, turn);
  }

  onSolved(operation: OperationId, solution: Solution | null, turn: LrtTurn): void {
    this.scheduler.onSolved(operation, solution, turn);
  }

  onMessage(from: NodeId, message: PartitionMessage, turn: LrtTurn): void {
    this.scheduler.onMessage(from, message, turn);
  }

  onTimer(timer: string, turn: LrtTurn): void {
    if (timer === TIMER_ASSESS) this.#assess(turn);
    else if (timer === TIMER_RELIST) this.#relist(turn);
    else if (!this.#calls.onTimer(timer, turn) && !this.participant.onTimer(timer, turn)) {
      this.scheduler.onTimer(timer, turn);
    }
  }

  /** A member was declared dead, left, or came back as a new process. */
  onPeerGone(peer: NodeId, turn: LrtTurn): void {
    this.participant.onPeerGone(peer, turn);
    this.scheduler.onPeerGone(peer, turn);
  }

  /** Members came or went: what could not be solved may be now. */
  onMembersChanged(turn: LrtTurn): void {
    this.queue.unpark(turn.now);
    this.scheduler.pump(turn);
  }

  snapshot(now: Instant): NodeSnapshot {
    const { self, name, capacity, labels } = this.#identity;
    const present = this.inventory.all().filter((domain) => domain.state !== "shutoff");
    const vms = present.filter((domain) => domain.pauseReason !== "migrating-in");
    return {
      node: self,
      name,
      capacity: { cpu: capacity.cpu, memory: Math.max(0, capacity.memory - this.#memoryOnItsWay(present)) },
      labels,
      // To a solver the two are the same: nothing may land here.
      draining: this.#draining || this.#space !== "ample",
      version: this.inventory.version,
      vms: vms.map((domain) => this.#vmSnapshot(domain, now)),
    };
  }

  /** Guests that are still coming are their source's to count; their memory here is taken all the same. */
  #memoryOnItsWay(present: readonly Domain[]): number {
    const shells = present.filter((domain) => domain.pauseReason === "migrating-in");
    return shells.reduce((sum, { memory }) => sum + memory, this.participant.promised());
  }

  #vmSnapshot(domain: Domain, now: Instant): VmSnapshot {
    return {
      id: domain.vm,
      name: domain.name,
      demand: this.monitor.demand(domain, now),
      pinned: whyImmovable(domain),
      adopted: domain.stamp?.adopted ?? false,
      policy: domain.stamp?.policy ?? DEFAULT_POLICY,
      left: this.#departures.of(domain.vm, now),
      failed: this.#failedMoves.of(domain.vm, now),
      restsForMs: this.#failedMoves.restOf(domain.vm, now),
    };
  }

  #makeParticipant(restored: ReadonlyMap<string, unknown>): Participant {
    const { self, capacity } = this.#identity;
    return new Participant(
      this.#config,
      {
        self,
        capacity,
        inventory: this.inventory,
        desk: () => this.desk,
        calls: this.#calls,
        migrationUri: () => this.#info?.migrationUri ?? null,
        knows: (node) => this.#hooks.knows(node),
        over: (event) => originOf(event) === self && this.queue.get(event) === undefined,
        arrived: (order, turn) => this.#arrived(order, turn),
        stayed: ({ vm, what }, turn) => this.#failedMoves.record(vm, what.to, turn.now),
      },
      restored,
    );
  }

  #makeScheduler(): Scheduler {
    const { self, boot } = this.#identity;
    const { desk, queue, participant, inventory } = this;
    return new Scheduler(this.#config, {
      ...this.#hooks,
      self,
      boot,
      calls: this.#calls,
      desk,
      queue,
      participant,
      inventory,
      snapshot: (turn) => this.snapshot(turn.now),
      unfit: (own) => this.#unfit(own),
    });
  }

  #unfit(own: boolean): string | null {
    if (!this.inventory.listed) return "the hypervisor is not connected";
    if (this.#condition.kind === "blind") return this.#condition.reason;
    if (this.#space === "full") return "the disk is full";
    if (this.#space === "low" && !own) return "the disk is nearly full";
    return this.#draining && !own ? "draining" : null;
  }

  #arrived(order: ActionOrder, turn: LrtTurn): void {
    const { what, vm } = order;
    this.monitor.expect(vm, what.cpu, turn.now);
    if (what.kind === "migrate") this.#departures.record(vm, what.from, what.left, turn);
  }

  #list(turn: LrtTurn): void {
    this.inventory.listing();
    this.#listing = turn.hypervisor({ kind: "list" });
  }

  #relist(turn: LrtTurn): void {
    turn.setTimer(TIMER_RELIST, this.#config.relistMs);
    if (this.#info !== null && this.#listing === null) this.#list(turn);
  }

  #inventoryChanged(turn: LrtTurn): void {
    this.#departures.keepOnly(this.inventory, turn);
    this.#failedMoves.keepOnly(this.inventory);
    this.monitor.forgetGone();
    this.participant.onInventory(turn);
    this.queue.unpark(turn.now);
    this.#assess(turn);
    this.#hooks.inventoryChanged(turn);
  }

  /** Judges the host and keeps the queue's overload, underload and violation events in step with it. */
  #assess(turn: LrtTurn): void {
    const before = this.#condition;
    this.#condition = this.inventory.listed
      ? this.monitor.assess(turn.now)
      : { kind: "blind", reason: "the hypervisor is not connected" };
    if (before.kind !== this.#condition.kind) turn.notify({ kind: "condition", condition: this.#condition });
    this.#followOverload(turn);
    this.#followUnderload(turn);
    this.#followViolation(turn);
    const next = this.monitor.nextCheck(turn.now);
    if (next !== null) turn.setTimer(TIMER_ASSESS, next - turn.now);
    this.scheduler.pump(turn);
  }

  #followOverload(turn: LrtTurn): void {
    const condition = this.#condition;
    const event = this.queue.find("overload");
    if (condition.kind === "overloaded" && this.#hooks.mode() !== "manual") {
      const { resource, wanted, limit, since } = condition;
      const cause = { kind: "overload", resource, wanted, limit } as const;
      if (event === undefined) this.scheduler.raise(cause, since, turn);
      else this.queue.update(event.id, cause);
    } else if (event !== undefined) this.scheduler.clear(event.id, "no longer overloaded", turn);
  }

  #followUnderload(turn: LrtTurn): void {
    const condition = this.#condition;
    const event = this.queue.find("underload");
    const wanted =
      condition.kind === "underloaded" && this.#config.consolidate && this.#hooks.mode() !== "manual";
    if (wanted && event === undefined) {
      this.scheduler.raise({ kind: "underload", wanted: condition.wanted }, condition.since, turn);
    } else if (!wanted && event !== undefined) this.scheduler.clear(event.id, "no longer underloaded", turn);
  }

  #followViolation(turn: LrtTurn): void {
    const event = this.queue.find("violation");
    const broken =
      this.#hooks.mode() === "manual" ? null : brokenRule(this.inventory.managed(), this.#identity.labels);
    if (broken !== null && event === undefined)
      this.scheduler.raise({ kind: "violation", ...broken }, turn.now, turn);
    else if (broken === null && event !== undefined)
      this.scheduler.clear(event.id, "the rule holds again", turn);
  }
}

/** Why a domain cannot be moved whatever the event, or null. */
function whyImmovable(domain: Domain): string | null {
  if (domain.stamp === null) return "not managed by DISCOVERY";
  if (domain.state !== "running") return `it is ${domain.state}`;
  return domain.job === "none" ? null : "a job of its hypervisor is running";
}
