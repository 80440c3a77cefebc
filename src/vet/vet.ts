/**
 * The Virtual Environments Tracker. Any agent takes a command about a VE; the VE's home carries it out, by the
 * handler that lives there with the record; hosts do what homes ask of them.
 *
 *   user ─▶ any agent ─▶ home of the VE: record, handler ─▶ hosts: stop, stamp, look; arrival events place VMs
 *                             ▲                                │
 *                             └── reports, unasked ────────────┘
 *
 * What must never happen: a VM started while it may run elsewhere, a record lost or acted on by two. Only
 * `waiting` VMs are started; nothing leaves a state with a host on anything less than certainty (`home/inspection`);
 * who may act on a record is the registry's to say.
 */
import type { HypervisorOutcome } from "../hypervisor/command.ts";
import { fail, ok, type Result } from "../lib/error.ts";
import { type Millis, seconds } from "../lib/instant.ts";
import { byText, sortedValues } from "../lib/order.ts";
import type { Random } from "../lib/random.ts";
import type { Member } from "../model/member.ts";
import type { NodeId } from "../model/node.ts";
import type { VeName } from "../model/virtual-environment.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { OperationId, PersistId } from "../ports/effects.ts";
import type { LookAnswer, VeCommand, VetCommand } from "./commands.ts";
import type { ArrivalOutcome, Ask, Respond, VetDependencies } from "./dependencies.ts";
import { VeHandler } from "./home/handler.ts";
import { Router } from "./home/router.ts";
import { Verbs } from "./home/verbs.ts";
import { Guests } from "./host/guests.ts";
import { Hands } from "./host/hands.ts";
import { Reports } from "./host/reports.ts";
import { uuid } from "./lifecycle/identifiers.ts";
import type { VetTurn } from "./notifications.ts";
import type { VeView } from "./views.ts";

const TIMER_TICK = "vet/tick";
const TIMER_REPORT = "vet/report";
const TIMER_AGAIN = "vet/again";
/** Between two questions to everybody: news of members and records takes about as long to get round. */
const AGAIN_MS: Millis = seconds(1);
/** Commands that wait for the next; as many as are under way at once. */
const MAX_WAITING = 512;
/** How often what could not be done is tried again. */
const TICK_MS: Millis = seconds(5);
const REPORT_MS: Millis = seconds(30);
/** Records that set out for other homes per tick: a join must not make a burst. */
const MOVES_PER_TICK = 64;

export class VirtualEnvironmentsTracker {
  readonly #deps: VetDependencies;
  readonly #random: Random;
  readonly #guests: Guests;
  readonly #hands: Hands;
  readonly #reports: Reports;
  readonly #router: Router;
  readonly #handlers = new Map<VeName, VeHandler>();
  readonly #waiting: ((turn: VetTurn) => void)[] = [];
  /** Lives of hosts' agents, as last heard. */
  readonly #lives = new Map<NodeId, string>();

  /** @param restored what this agent made durable in earlier lives, by key. */
  constructor(deps: VetDependencies, restored: ReadonlyMap<string, unknown>) {
    this.#deps = deps;
    this.#random = deps.random.fork(`vet/${deps.self}/${deps.boot}`);
    this.#guests = new Guests(deps.boot, deps.localDomains, deps.expects);
    this.#hands = new Hands(this.#guests, deps.localDomains);
    this.#reports = new Reports(this.#guests);
    const newId = (): VmId => uuid(this.#random);
    const ask: Ask = (to, command, turn, done, after) => this.#ask(to, command, turn, done, after);
    this.#router = new Router({
      deps: { ...deps, ask },
      restored,
      newId,
      verbs: new Verbs(deps, newId),
      handler: (name) => this.#handlers.get(name),
      adopted: (name) => this.#attach(name),
      later: (run, turn) => this.#later(run, turn),
    });
  }

  /** How much is remembered of each kind. */
  sizes(): Readonly<Record<"handlers" | "lives" | "guests" | "told" | "stops", number>> {
    return {
      handlers: this.#handlers.size,
      lives: this.#lives.size,
      guests: this.#guests.size,
      told: this.#reports.size,
      stops: this.#hands.size,
    };
  }

  // ── hooks ──────────────────────────────────────────────────────────────────────────────────────────────

  start(turn: VetTurn): void {
    for (const { name } of this.#deps.registry.held()) this.#attach(name);
    turn.setTimer(TIMER_TICK, this.#random.jitter(TICK_MS, 0.2));
    turn.setTimer(TIMER_REPORT, this.#random.jitter(REPORT_MS, 0.2));
    for (const handler of sortedValues(this.#handlers)) handler.advance(turn);
  }

  onMembersChanged(turn: VetTurn): void {
    for (const { id } of this.#members("left")) this.#lives.delete(id);
    this.#rebalance(turn);
    for (const handler of sortedValues(this.#handlers)) if (handler.puzzled) handler.reconsider(turn);
  }

  onInventoryChanged(turn: VetTurn): void {
    this.#guests.refresh();
    this.#report(false, turn);
  }

  /** An outgoing migration of this VM begins here: to be called before the VM can vanish. */
  onLeaving(vm: VmId): void {
    this.#guests.leaving(vm);
  }

  /** That migration ended, and the VM is still here. */
  onStaying(vm: VmId): void {
    this.#guests.stays(vm);
  }

  onOperation(operation: OperationId, outcome: HypervisorOutcome, turn: VetTurn): boolean {
    return this.#hands.onOperation(operation, outcome, turn);
  }

  onTimer(timer: string, turn: VetTurn): boolean {
    if (timer === TIMER_TICK) this.#tick(turn);
    else if (timer === TIMER_AGAIN) for (const run of this.#waiting.splice(0)) run(turn);
    else if (timer === TIMER_REPORT) {
      turn.setTimer(TIMER_REPORT, this.#random.jitter(REPORT_MS, 0.2));
      this.#report(true, turn);
    } else return false;
    return true;
  }

  /** A plan wants to start a VM of an arrival event of this agent; null: it must not. */
  assign(event: string, vm: VmId, host: NodeId, turn: VetTurn): PersistId | null {
    const life = host === this.#deps.self ? this.#guests.life : (this.#lives.get(host) ?? null);
    return this.#byEvent(event)?.assign(vm, host, life, turn) ?? null;
  }

  /** @returns whether the event was an arrival of a VE. */
  eventEnded(event: string, outcome: ArrivalOutcome, retry: boolean, turn: VetTurn): boolean {
    const handler = this.#byEvent(event);
    handler?.eventEnded(outcome, retry, turn);
    return handler !== undefined;
  }

  /** Hands records to their next homes. */
  handOver(turn: VetTurn): void {
    this.#rebalance(turn);
  }

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────

  /** @param from the peer that asks; null: a user of this agent. */
  execute(command: VeCommand | VetCommand, from: NodeId | null, respond: Respond, turn: VetTurn): void {
    switch (command.type) {
      case "ve.list":
        return respond(ok(this.views(turn)), turn);
      case "ve.adopt":
        return this.#adopt(command, respond, turn);
      case "ve.apply":
      case "ve.show":
      case "ve.export":
      case "ve.start":
      case "ve.stop":
      case "ve.delete":
        return this.#router.route(command, from, respond, turn);
      default:
        if (from !== null) return this.#serve(command, from, respond, turn);
        respond(fail({ code: "permission-denied", message: `${command.type} is between agents` }), turn);
    }
  }

  /** What peers' trackers ask. `after`: what must be durable here before anything is done (own questions only). */
  #serve(command: VetCommand, from: NodeId, respond: Respond, turn: VetTurn, after?: PersistId): void {
    switch (command.type) {
      case "vet.holds":
        return this.#holds(from, command, respond, turn);
      case "vet.transfer":
        return this.#take(from, command, respond, turn);
      case "vet.floor": {
        const { floor, after: gone } = this.#deps.registry.floorOf(from);
        return respond(ok(floor), turn, gone);
      }
      case "vet.circle": {
        const { answer, after: durable } = this.#deps.registry.known(from);
        return respond(ok(answer), turn, durable);
      }
      case "vet.report":
        this.#lives.set(from, command.life);
        this.#handlers.get(command.ve)?.hint(from, command.vms, turn);
        return respond(ok(null), turn);
      case "vet.look":
        return this.#look(command.vms, respond, turn);
      case "vet.stop-vm":
        return this.#hands.stop(command, respond, turn, after);
      case "vet.stamp-vm":
        return this.#hands.stamp(command, respond, turn, after);
      case "vet.adopt-into":
        return this.#router.route(command, from, respond, turn);
    }
  }

  #look(vms: readonly VmId[], respond: Respond, turn: VetTurn): void {
    const { print, durable } = this.#deps.circle();
    respond(ok(this.#guests.look(vms, print)), turn, durable);
  }

  #holds(
    from: NodeId,
    command: Extract<VetCommand, { type: "vet.holds" }>,
    respond: Respond,
    turn: VetTurn,
  ): void {
    const { answer, after } = this.#deps.registry.asked(from, command, turn);
    respond(answer, turn, after);
  }

  /** Questions to this agent itself do not travel. */
  #ask(
    to: NodeId,
    command: VeCommand | VetCommand,
    turn: VetTurn,
    done: (result: Result<unknown>, later: VetTurn) => void,
    after?: PersistId,
  ): void {
    const { self, ask } = this.#deps;
    if (to !== self) return ask(to, command, turn, done, after);
    if (command.type.startsWith("vet.")) this.#serve(command as VetCommand, self, done, turn, after);
    else this.execute(command, self, done, turn);
  }

  #adopt(command: Extract<VeCommand, { type: "ve.adopt" }>, respond: Respond, turn: VetTurn): void {
    const host = this.#find(command.host);
    if (!host.ok) return respond(host, turn);
    if (host.value !== this.#deps.self) {
      const there = { ...command, host: host.value };
      return this.#deps.ask(host.value, there, turn, respond);
    }
    const offer = this.#hands.offer(command.domains);
    if (!offer.ok) return respond(offer, turn);
    const { name, reason = "" } = command;
    const settled = this.#hands.offered(offer.value);
    const into = { type: "vet.adopt-into", name, domains: offer.value, reason } as const;
    const answered: Respond = (result, later, after) => {
      settled();
      respond(result, later, after);
    };
    this.#router.route(into, this.#deps.self, answered, turn);
  }

  #find(host: string | undefined): Result<NodeId> {
    const { self, members } = this.#deps;
    if (host === undefined) return ok(self);
    const found = members().filter(
      ({ id, name, state }) => state !== "left" && (id === host || name === host),
    );
    const [member] = found;
    if (member === undefined) return fail({ code: "not-found", message: `no host is called ${host}` });
    if (found.length === 1) return ok(member.id);
    const hint = `use an id: ${found.map(({ id }) => id).join(", ")}`;
    return fail({ code: "conflict", message: `${found.length} hosts are called ${host}`, hint });
  }

  // ── records ────────────────────────────────────────────────────────────────────────────────────────────

  #attach(name: VeName): VeHandler {
    const handler = new VeHandler(name, {
      ...this.#deps,
      ask: (to, command, turn, done, after) => this.#ask(to, command, turn, done, after),
      askHosts: (hosts, vms, turn, done) => this.#askHosts(hosts, vms, turn, done),
      ended: (ended) => this.#handlers.delete(ended),
    });
    this.#handlers.set(name, handler);
    return handler;
  }

  #take(
    from: NodeId,
    command: Extract<VetCommand, { type: "vet.transfer" }>,
    respond: Respond,
    turn: VetTurn,
  ): void {
    const { name } = command.record;
    if (this.#router.full) return respond(fail({ code: "busy", message: "too many records are here" }), turn);
    this.#deps.registry.take(from, command, turn, (taken, later) => {
      if (taken.kind === "conflict")
        return respond(fail({ code: "conflict", message: `another VE called ${name} is here` }), later);
      if (taken.kind === "busy")
        return respond(
          fail({ code: "busy", message: `others have not heard yet where ${name} goes` }),
          later,
        );
      respond(ok(null), later, taken.after);
      if (taken.kind === "known") return;
      later.notify({ kind: "ve-received", ve: name, from });
      this.#attach(name).advance(later);
    });
  }

  /** Records go to where they belong as the members are now. */
  #rebalance(turn: VetTurn): void {
    const { registry, draining, nameOf } = this.#deps;
    const moved = (ve: VeName, to: NodeId, later: VetTurn): void =>
      later.notify({ kind: "ve-moved", ve, to });
    registry.resend(turn, moved, (ve) => this.#attach(ve).advance(turn));
    if (registry.size === 0) return;
    const due = registry.misplaced().filter(({ name }) => draining() || this.#idle(name));
    for (const { name, to } of due.slice(0, MOVES_PER_TICK)) {
      this.#handlers.get(name)?.release(`its home is ${nameOf(to)} from now on, and goes on there`, turn);
      this.#handlers.delete(name);
      turn.notify({ kind: "ve-moving", ve: name, to });
      registry.move(name, to, turn, (later) => moved(name, to, later));
    }
  }

  #later(run: (later: VetTurn) => void, turn: VetTurn): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    if (this.#waiting.length === 0) turn.setTimer(TIMER_AGAIN, AGAIN_MS);
    this.#waiting.push(run);
    return true;
  }

  #idle(name: VeName): boolean {
    return this.#handlers.get(name)?.progress.operation == null;
  }

  #tick(turn: VetTurn): void {
    turn.setTimer(TIMER_TICK, this.#random.jitter(TICK_MS, 0.2));
    this.#rebalance(turn);
    const { registry, draining } = this.#deps;
    if (registry.size === 0 && draining()) registry.settle(turn);
    registry.beKnown(turn);
    for (const handler of sortedValues(this.#handlers)) handler.advance(turn);
  }

  #byEvent(event: string): VeHandler | undefined {
    return sortedValues(this.#handlers).find((handler) => handler.event === event);
  }

  /** The VEs whose home this agent is. */
  views(turn: VetTurn): VeView[] {
    return sortedValues(this.#handlers).map((handler) => handler.view(turn.now));
  }

  // ── hosts ──────────────────────────────────────────────────────────────────────────────────────────────

  #askHosts(
    hosts: readonly NodeId[],
    vms: readonly VmId[],
    turn: VetTurn,
    done: (answers: ReadonlyMap<NodeId, LookAnswer>, later: VetTurn) => void,
  ): void {
    const dead = new Set(this.#members("dead").map(({ id }) => id));
    const asked = hosts.filter((host) => !dead.has(host)).sort(byText);
    const answers = new Map<NodeId, LookAnswer>();
    let open = asked.length;
    if (open === 0) return done(answers, turn);
    for (const host of asked) {
      this.#ask(host, { type: "vet.look", vms }, turn, (result, later) => {
        if (result.ok) this.#looked(host, result.value as LookAnswer, vms.length, answers);
        if (--open === 0) done(answers, later);
      });
    }
  }

  #looked(host: NodeId, answer: LookAnswer, asked: number, answers: Map<NodeId, LookAnswer>): void {
    if (!answer.listed || answer.sights.length !== asked) return;
    this.#lives.set(host, answer.life);
    answers.set(host, answer);
  }

  #members(state: Member["state"]): Member[] {
    return this.#deps.members().filter((member) => member.state === state);
  }

  #report(all: boolean, turn: VetTurn): void {
    const { registry, self, alive } = this.#deps;
    if (this.#deps.localDomains() === null) return;
    for (const { ve, vms } of this.#reports.due(all)) {
      const home = registry.homeOf(ve);
      const command = { type: "vet.report", ve, life: this.#guests.life, vms } as const;
      if (home === self || (home !== null && alive(home))) this.#ask(home, command, turn, () => {});
    }
  }
}
