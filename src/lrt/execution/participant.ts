/**
 * A node's part in a plan: source or destination of a migration, or the host that starts a VM.
 *
 *   source:       execute ─▶ (held: the guest is only arriving) ─▶ acting ─▶ ended ─▶ told to leader and destination
 *                 ─▶ forgotten once the destination has kept the word
 *   destination:  prepare ─▶ expecting ─▶ the source's word ─▶ resumed, or destroyed ─▶ forgotten
 *                 any of them with an unknown outcome ─▶ looking ─▶ ended   (decision tables: intent.ts)
 *
 * A guest arrives paused, and runs at its destination only upon the source's durable word that it has left: libvirt
 * that loses the destination while it hands over lets the guest go on at its source, whatever the destination did.
 *
 * An intent is durable before the hypervisor is called. While one is open the node's booking cannot lapse into
 * free. The hypervisor checks no token, so this does: nothing starts under an old token, a short lease, or an
 * order that the other side has already been told is dead.
 */
import type { HypervisorOutcome, MigrationProgress } from "../../hypervisor/command.ts";
import { assert, present } from "../../lib/assert.ts";
import { type Instant, type Millis, seconds } from "../../lib/instant.ts";
import { sortedValues } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { OperationId, PersistId } from "../../ports/effects.ts";
import type { Calls } from "../calls.ts";
import type { LrtConfig } from "../config.ts";
import type { ActionKey, ActionOrder, ActionOutcome, PartitionRequest, ReplyBody } from "../messages.ts";
import type { Inventory } from "../monitoring/inventory.ts";
import type { LrtTurn } from "../notifications.ts";
import type { BookingDesk } from "../scheduling/booking.ts";
import type { EventId } from "../scheduling/event.ts";
import { Admission } from "./admission.ts";
import {
  type Intent,
  intentKey,
  judgeDestination,
  judgeRunner,
  judgeSource,
  type OwnSight,
  ownSightOf,
  restoredIntents,
  sightOf,
  type Verdict,
} from "./intent.ts";
import { commandOf, described, heard, memoryOf, type OpenAction, opened, wordOf } from "./open-action.ts";
import { PastOrders } from "./past-orders.ts";
import { Reports, type Unconfirmed } from "./reports.ts";

/** How often an open question is looked at again. */
const LOOK_MS = seconds(2);
/** A destination that has heard nothing for this long starts asking. */
const QUIET_MS = seconds(10);
/** How long hypervisors keep a broken migration's shell alive, at most (libvirt keep-alive 5 s × 3, rounded up). */
const KEEPALIVE_MS = seconds(20);
/** How long a hypervisor that answers may hold what it was asked before it begins (libvirt: 30 s for a domain's job). */
const HELD_MS = seconds(40);

type Prepare = Extract<PartitionRequest, { type: "partition.prepare" }>;
type Execute = Extract<PartitionRequest, { type: "partition.execute" }>;

export interface ParticipantDependencies {
  readonly self: NodeId;
  readonly capacity: Resources;
  readonly inventory: Inventory;
  readonly desk: () => BookingDesk;
  readonly calls: Calls;
  readonly migrationUri: () => string | null;
  /** Whether this node has heard of that one: a guest goes to nobody whom its host does not know. */
  readonly knows: (node: NodeId) => boolean;
  /** Whether an event is this node's and is over: nothing is done for it any more. */
  readonly over: (event: EventId) => boolean;
  /** The guest of this order is here now. */
  readonly arrived: (order: ActionOrder, turn: LrtTurn) => void;
  /** The guest of this order was to leave, and has not: nobody called it back. */
  readonly stayed: (order: ActionOrder, turn: LrtTurn) => void;
}

export class Participant {
  readonly #config: LrtConfig;
  readonly #deps: ParticipantDependencies;
  readonly #open = new Map<ActionKey, OpenAction>();
  readonly #operations = new Map<OperationId, ActionKey>();
  readonly #over: PastOrders;
  readonly #reports: Reports;
  readonly #admission: Admission;
  #restored: readonly Intent[];

  constructor(config: LrtConfig, deps: ParticipantDependencies, restored: ReadonlyMap<string, unknown>) {
    this.#config = config;
    this.#deps = deps;
    this.#reports = new Reports(deps.calls, (pid) => deps.desk().booking?.pid === pid);
    this.#over = new PastOrders(restored);
    this.#admission = new Admission({
      ...deps,
      past: this.#over,
      arriving: (vm) => this.#arriving(vm),
      promised: () => this.promised(),
    });
    this.#restored = restoredIntents(restored);
    for (const intent of this.#restored) {
      if (intent.outcome === null) this.#open.set(intent.order.key, opened(intent, true));
      else this.#over.add(intent.order.key, wordOf(intent.outcome));
    }
  }

  /** Intents that were open when the process ended are looked into; ended ones are told again. */
  start(turn: LrtTurn): void {
    for (const intent of this.#restored) {
      if (intent.outcome === null)
        this.#open.set(intent.order.key, opened({ ...intent, since: turn.now }, true));
      else this.#reports.tell(intent, intent.outcome, turn);
    }
    this.#restored = [];
    if (this.#open.size > 0) turn.setTimer("lrt/look", LOOK_MS);
  }

  /** Actions of this node that have not ended and keep its booking. A source whose guest is gone keeps nothing. */
  openActions(): number {
    return this.#blocking().length;
  }

  /**
   * Orders that are remembered although they have ended: all, and those whose end a destination has not heard; and
   * commands to the hypervisor that have not ended.
   */
  get kept() {
    return { orders: this.#over.size, owed: this.#reports.size, commands: this.#operations.size };
  }

  open(): readonly Intent[] {
    return [...this.#open.values()].map(({ intent }) => intent);
  }

  /** Those of them whose end is waited for: not promises to hosts that have been silent for long. */
  awaited(): readonly Intent[] {
    return [...this.#open.values()].filter(({ aside }) => !aside).map(({ intent }) => intent);
  }

  /** Orders that have ended here, and who has not confirmed that yet. */
  unconfirmed(): readonly Unconfirmed[] {
    return this.#reports.unconfirmed();
  }

  /** Memory promised to guests that are on their way here; one whose source is silent may come all the same. */
  promised(): number {
    let memory = 0;
    for (const { intent } of this.#open.values()) {
      const coming = intent.role !== "source";
      const arriving = coming && this.#deps.inventory.get(intent.order.vm) === undefined;
      if (arriving) memory += memoryOf(intent.order);
    }
    return memory;
  }

  /** This node agrees to a plan. */
  agree(orders: readonly ActionOrder[]): void {
    this.#admission.agree(orders);
  }

  prepare(from: NodeId, request: Prepare, turn: LrtTurn): { body: ReplyBody; after?: number } {
    const { order, token } = request;
    const uri = this.#deps.migrationUri();
    const open = this.#open.get(order.key);
    if (open?.aside === true) return { body: { kind: "refused", reason: "this order has been given up" } };
    if (open !== undefined) return { body: { kind: "prepared", uri: uri ?? "" } };
    this.#disprove(order, turn);
    const refusal = this.#admission.arrival(order, token, turn.now);
    if (refusal !== null) return { body: { kind: "refused", reason: refusal } };
    if (uri === null) return { body: { kind: "refused", reason: "the hypervisor is not connected" } };
    const crowded = this.#admission.room(order);
    if (crowded !== null) return { body: { kind: "refused", reason: crowded } };
    const intent = this.#intent(from, request, "destination", uri, turn.now);
    const after = turn.persist([{ key: intentKey(order.key), value: intent }]);
    this.#open.set(order.key, opened(intent, false));
    turn.setTimer("lrt/look", LOOK_MS);
    return { body: { kind: "prepared", uri }, after };
  }

  execute(from: NodeId, request: Execute, turn: LrtTurn): { body: ReplyBody; after?: number } {
    const { order, token } = request;
    if (this.#open.get(order.key)?.intent.role === "destination") {
      return { body: { kind: "refused", reason: "a destination does not migrate" } };
    }
    const begun = this.#open.has(order.key) || this.#over.of(order.key) === "done";
    if (begun) return { body: { kind: "accepted" } };
    if (order.what.kind === "run") this.#disprove(order, turn);
    const held = this.#arriving(order.vm);
    const refusal = this.#admission.start(order, token, turn.now, held);
    if (refusal !== null) return { body: { kind: "refused", reason: refusal } };
    const role = order.what.kind === "run" ? "runner" : "source";
    const intent = this.#intent(from, request, role, request.uri, turn.now);
    const after = turn.persist([{ key: intentKey(order.key), value: intent }]);
    const entry = { ...opened(intent, false), held: held ? after : null };
    this.#open.set(order.key, entry);
    if (!held) this.#begin(entry, turn, after);
    return { body: { kind: "accepted" }, after };
  }

  #begin(entry: OpenAction, turn: LrtTurn, after: PersistId): void {
    const { order, uri } = entry.intent;
    this.#notifyStarted(order, turn);
    const by = present(this.#deps.desk().booking, "what begins has a booking").leaseUntil;
    entry.operation = turn.hypervisor(commandOf(order, uri), after, by);
    this.#operations.set(entry.operation, order.key);
  }

  /** The guest is here, or on its way here, and does not run yet. */
  #arriving(vm: VmId): boolean {
    return [...this.#open.values()].some(
      ({ intent }) => intent.role === "destination" && intent.order.vm === vm,
    );
  }

  #beginHeld(vm: VmId, turn: LrtTurn): void {
    for (const entry of sortedValues(this.#open)) {
      const written = entry.held;
      if (written === null || entry.intent.order.vm !== vm) continue;
      const { order, token } = entry.intent;
      const refusal = this.#admission.start(order, token, turn.now, false);
      entry.held = null;
      if (refusal === null) this.#begin(entry, turn, written);
      else this.#end(entry, { kind: "failed", reason: refusal }, turn);
    }
  }

  /** Its guest may be away for long: what waits for it under a booking that is over will not begin any more. */
  #heldInVain(entry: OpenAction, turn: LrtTurn): boolean {
    if (entry.held === null || this.#deps.desk().holds(entry.intent.token, turn.now, 0)) return false;
    this.#end(entry, { kind: "failed", reason: "the booking is over, and its guest has not come" }, turn);
    return true;
  }

  /** The leader gives an order up; one that has not begun here never will. */
  abort(key: ActionKey, turn: LrtTurn): { body: ReplyBody; after?: number } {
    const entry = this.#open.get(key);
    if (entry !== undefined) this.#callBack(entry, "its leader gave it up", turn);
    if (entry !== undefined && entry.held !== null)
      this.#end(entry, { kind: "failed", reason: "given up before it began" }, turn);
    const body = this.#seen(key, entry?.intent.order.vm ?? "");
    return entry === undefined ? this.#never(key, body, turn) : { body };
  }

  /** An event of this node's is over: what leaves for it stays, and what waits to leave does not begin. */
  callOff(event: EventId, why: string, turn: LrtTurn): void {
    for (const entry of sortedValues(this.#open))
      if (entry.intent.order.event === event) this.#callBack(entry, why, turn);
  }

  /** The agent stops: nothing begins any more, and what leaves stays, for nobody would be here to give it away. */
  stop(turn: LrtTurn): void {
    this.#admission.close();
    for (const entry of sortedValues(this.#open)) this.#callBack(entry, "the agent at its host stops", turn);
  }

  /** The destination's agent is gone: nobody would let the guest run there. */
  onPeerGone(peer: NodeId, turn: LrtTurn): void {
    for (const entry of sortedValues(this.#open)) {
      const { what } = entry.intent.order;
      if (what.kind === "migrate" && what.to === peer)
        this.#callBack(entry, "the agent at its destination is gone", turn);
    }
  }

  /** Guests that are leaving this host just now. */
  departures(): number {
    return [...this.#open.values()].filter(({ intent, operation }) => {
      return intent.role === "source" && operation !== null;
    }).length;
  }

  #callBack(entry: OpenAction, why: string, turn: LrtTurn): void {
    const { intent, operation, doubt } = entry;
    if (intent.role !== "source" || (operation === null && doubt === null)) return;
    entry.calledBack ??= why;
    this.#abortAgain(entry, turn);
    turn.setTimer("lrt/look", LOOK_MS);
  }

  /** What its hypervisor has not begun yet cannot be aborted: that is tried until it has, or has not. */
  #abortAgain({ calledBack, operation, upon, intent }: OpenAction, turn: LrtTurn): void {
    if (calledBack !== null && operation !== null && upon === null)
      turn.hypervisor({ kind: "abort-migration", vm: intent.order.vm });
  }

  /**
   * The executing node says how it ended: for a destination, the word it waits for. A leader may be wrong about that:
   * what it says is a reason to ask the source. @returns what must be kept first
   */
  onEnded(from: NodeId, key: ActionKey, outcome: ActionOutcome, turn: LrtTurn): number | undefined {
    const entry = this.#open.get(key);
    if (entry === undefined || entry.intent.role !== "destination") return undefined;
    if (outcome.kind !== "done") entry.why ??= outcome.reason;
    const { what } = entry.intent.order;
    if (what.kind !== "migrate" || what.from !== from) {
      this.#look(entry, "the leader says that it has ended", turn);
      return undefined;
    }
    return this.#hear(entry, wordOf(outcome), turn);
  }

  /** The source's word: kept, then the hypervisor is read (its events may lag), then judged. */
  #hear(entry: OpenAction, word: "done" | "failed", turn: LrtTurn): number | undefined {
    if (entry.intent.word !== null) return undefined;
    entry.intent = { ...entry.intent, word };
    entry.silent = false;
    const kept = turn.persist([{ key: intentKey(entry.intent.order.key), value: entry.intent }]);
    entry.inspecting = null;
    entry.looking = true;
    turn.setTimer("lrt/look", LOOK_MS);
    this.#refresh(entry, turn);
    return kept;
  }

  /** The other side asks what is seen of a VM here. An order not open here is dead from now on. */
  inquire(key: ActionKey, vm: VmId, turn: LrtTurn): { body: ReplyBody; after?: number } {
    const body: ReplyBody = this.#deps.inventory.listed
      ? this.#seen(key, vm)
      : { kind: "refused", reason: "the hypervisor is not connected" };
    return this.#open.has(key) ? { body } : this.#never(key, body, turn);
  }

  #never(key: ActionKey, body: ReplyBody, turn: LrtTurn): { body: ReplyBody; after?: number } {
    const after = this.#over.giveUp(key, turn);
    return after === null ? { body } : { body, after };
  }

  #seen(key: ActionKey, vm: VmId): ReplyBody {
    const open = this.#open.has(key);
    const outcome = open ? null : this.#outcomeOf(key);
    return { kind: "seen", vm: sightOf(this.#deps.inventory.get(vm)), open, outcome };
  }

  #outcomeOf(key: ActionKey): "done" | "failed" | null {
    const owed = this.#reports.owed(key);
    if (owed !== null) return wordOf(owed);
    const over = this.#over.of(key) ?? "void";
    return over === "void" ? null : over;
  }

  /** @returns whether the operation was one of an action's. */
  onOperation(operation: OperationId, outcome: HypervisorOutcome, turn: LrtTurn): boolean {
    const key = this.#operations.get(operation);
    if (key === undefined) return false;
    this.#operations.delete(operation);
    const entry = this.#open.get(key);
    if (entry?.inspecting?.operation === operation)
      this.#inspected(entry, entry.inspecting.at, outcome, turn);
    if (entry?.operation === operation) this.#operated(entry, outcome, turn);
    this.#deps.desk().settled(turn);
    return true;
  }

  #operated(entry: OpenAction, outcome: HypervisorOutcome, turn: LrtTurn): void {
    entry.operation = null;
    if (outcome.ok && entry.upon !== null) this.#end(entry, entry.upon, turn);
    else if (outcome.ok) this.#succeeded(entry, turn);
    else {
      if (outcome.failure.code === "unknown") entry.doubt = entry.begun ? null : { since: null };
      else if (outcome.failure.code !== "invalid") entry.doubt = null;
      entry.undestroyed ||= entry.upon !== null && entry.intent.word === "failed";
      entry.upon = null;
      entry.why = entry.calledBack ?? outcome.failure.message;
      this.#look(entry, entry.why, turn);
    }
  }

  onProgress(operation: OperationId, progress: MigrationProgress, turn: LrtTurn): void {
    const entry = this.#open.get(this.#operations.get(operation) ?? "");
    if (entry === undefined) return;
    const { order, ref, leader } = entry.intent;
    entry.begun = true;
    entry.doubt = null;
    turn.notify({ kind: "action-progress", key: order.key, vm: order.vm, progress });
    if (leader !== this.#deps.self) {
      turn.send(leader, { type: "partition.progress", pid: ref.pid, key: order.key, progress });
    }
  }

  /** What was being read of this domain may have been read before it changed: it is read again. */
  onDomainChanged(vm: VmId, turn: LrtTurn): void {
    for (const entry of sortedValues(this.#open)) {
      if (entry.intent.order.vm !== vm || entry.inspecting === null) continue;
      entry.inspecting = null;
      this.#refresh(entry, turn);
    }
  }

  /** A domain changed, or everything was listed anew. */
  onInventory(turn: LrtTurn): void {
    for (const entry of sortedValues(this.#open)) {
      const { role, order } = entry.intent;
      const here = sightOf(this.#deps.inventory.get(order.vm));
      if (role === "destination" && here === "running") this.#judge(entry, turn);
      else if (entry.looking) this.#judge(entry, turn);
    }
    this.#deps.desk().settled(turn);
  }

  onTimer(timer: string, turn: LrtTurn): boolean {
    if (this.#reports.onTimer(timer, turn)) return true;
    if (timer !== "lrt/look") return false;
    for (const entry of sortedValues(this.#open)) {
      if (this.#heldInVain(entry, turn)) continue;
      this.#abortAgain(entry, turn);
      const quiet = entry.intent.role === "destination" && turn.now - entry.intent.since >= QUIET_MS;
      if (quiet) entry.looking = true;
      const lately = entry.aside && turn.now - (entry.seenAt ?? 0) < QUIET_MS;
      if (entry.looking && !lately) this.#refresh(entry, turn);
    }
    if (this.#open.size > 0) turn.setTimer("lrt/look", LOOK_MS);
    return true;
  }

  #inspected(entry: OpenAction, at: Instant, outcome: HypervisorOutcome, turn: LrtTurn): void {
    entry.inspecting = null;
    if (!outcome.ok) return;
    entry.seenAt = at;
    if (entry.doubt?.since === null) entry.doubt = { since: turn.now };
    this.#deps.inventory.set(entry.intent.order.vm, outcome.domain ?? null);
    if (entry.intent.word !== null) entry.asked = true;
    this.#judge(entry, turn);
  }

  #judge(entry: OpenAction, turn: LrtTurn): void {
    if (!this.#deps.inventory.listed || entry.operation !== null || entry.held !== null) return;
    if (entry.intent.role === "source" && this.#arriving(entry.intent.order.vm)) return;
    const here = ownSightOf(this.#deps.inventory.get(entry.intent.order.vm));
    const verdict = this.#verdict(entry, here);
    switch (verdict.kind) {
      case "ended":
        this.#end(entry, this.#outcome(entry, verdict.outcome, verdict.reason, turn.now), turn);
        break;
      case "resume":
      case "destroy":
        entry.upon = this.#outcome(entry, verdict.outcome, verdict.reason, turn.now);
        this.#operate(entry, verdict.kind, turn);
        break;
      case "await":
        this.#operate(entry, "await-migration", turn);
        this.#abortAgain(entry, turn);
        break;
      case "ask":
        this.#ask(entry, turn);
        break;
      case "set-aside":
        this.#setAside(entry, verdict.reason, turn);
        break;
      case "wait":
        break;
    }
  }

  #setAside(entry: OpenAction, why: string, turn: LrtTurn): void {
    if (entry.aside) return;
    entry.aside = true;
    const { key, vm } = entry.intent.order;
    turn.notify({ kind: "action-looking", key, vm, why });
  }

  /** A guest that comes from another host, or starts anew, cannot come from the silent one any more. */
  #disprove({ vm, what }: ActionOrder, turn: LrtTurn): void {
    for (const entry of sortedValues(this.#open)) {
      const { order } = entry.intent;
      if (!entry.aside || order.vm !== vm || this.#deps.inventory.get(vm) !== undefined) continue;
      const same = what.kind === "migrate" && order.what.kind === "migrate" && order.what.from === what.from;
      if (!same) this.#end(entry, { kind: "failed", reason: "the guest is elsewhere, or gone" }, turn);
    }
  }

  #operate(entry: OpenAction, kind: "resume" | "destroy" | "await-migration", turn: LrtTurn): void {
    entry.operation = turn.hypervisor({ kind, vm: entry.intent.order.vm });
    this.#operations.set(entry.operation, entry.intent.order.key);
  }

  /** What was seen before the time was over says nothing of what has come since: the agent may have stood still. */
  #verdict(entry: OpenAction, here: OwnSight): Verdict {
    if (entry.intent.role === "runner") return judgeRunner(here, this.#mayBegin(entry));
    if (entry.intent.role === "source")
      return judgeSource(here, entry.other, entry.asked, this.#mayBegin(entry));
    const over = entry.intent.since + this.#config.leaseMs + KEEPALIVE_MS;
    const expired = entry.seenAt !== null && entry.seenAt >= over;
    return judgeDestination(here, entry.other, entry.asked, expired);
  }

  #mayBegin({ doubt, seenAt }: OpenAction): boolean {
    if (doubt === null) return false;
    return doubt.since === null || seenAt === null || seenAt < doubt.since + HELD_MS;
  }

  /** Asks the hypervisor first (its events may lag), then judges. */
  #refresh(entry: OpenAction, turn: LrtTurn): void {
    entry.asked = false;
    entry.other = heard(entry.intent);
    if (entry.inspecting !== null || entry.operation !== null || !this.#deps.inventory.listed) return;
    const operation = turn.hypervisor({ kind: "inspect", vm: entry.intent.order.vm });
    entry.inspecting = { operation, at: turn.now };
    this.#operations.set(operation, entry.intent.order.key);
  }

  #ask(entry: OpenAction, turn: LrtTurn): void {
    const { order, role, ref } = entry.intent;
    assert(order.what.kind === "migrate", "only a migration has another side");
    if (entry.asking !== null) return;
    const peer = role === "source" ? order.what.to : order.what.from;
    const call = { type: "partition.inquire", ...ref, key: order.key, vm: order.vm } as const;
    entry.asking = this.#deps.calls.send(
      peer,
      call,
      turn,
      (answer, later) => {
        entry.asking = null;
        entry.asked = true;
        if (this.#open.get(order.key) !== entry || entry.intent.word !== null) return;
        entry.other =
          answer.kind === "seen" ? { vm: answer.vm, open: answer.open, outcome: answer.outcome } : null;
        entry.silent = entry.other === null;
        const word = role === "destination" ? (entry.other?.outcome ?? null) : null;
        if (word !== null) this.#hear(entry, word, later);
        else this.#judge(entry, later);
        this.#deps.desk().settled(later);
      },
      { tries: 1 },
    );
  }

  #succeeded(entry: OpenAction, turn: LrtTurn): void {
    const { order, role, since } = entry.intent;
    if (role === "source") this.#deps.inventory.set(order.vm, null);
    this.#end(entry, { kind: "done", durationMs: turn.now - since }, turn);
  }

  /** At once, unless it has been looked at just now: what fails again and again is tried again by the timer alone. */
  #look(entry: OpenAction, why: string, turn: LrtTurn): void {
    const { key, vm } = entry.intent.order;
    const lately = entry.seenAt !== null && turn.now - entry.seenAt < LOOK_MS;
    entry.looking = true;
    turn.notify({ kind: "action-looking", key, vm, why });
    turn.setTimer("lrt/look", LOOK_MS);
    if (!lately) this.#refresh(entry, turn);
  }

  #end(entry: OpenAction, outcome: ActionOutcome, turn: LrtTurn): void {
    const { order, role } = entry.intent;
    this.#open.delete(order.key);
    this.#over.add(order.key, wordOf(outcome));
    if (entry.operation !== null) this.#operations.delete(entry.operation);
    if (entry.asking !== null) this.#deps.calls.cancel(entry.asking, turn);
    if (role !== "source" && outcome.kind === "done") this.#deps.arrived(order, turn);
    if (role === "source" && outcome.kind === "failed" && entry.calledBack === null)
      this.#deps.stayed(order, turn);
    this.#notifyEnded(entry.intent, outcome, turn);
    if (role === "destination") turn.persist([{ key: intentKey(order.key), value: null }]);
    else this.#reports.tell(entry.intent, outcome, turn);
    if (role === "destination") this.#beginHeld(order.vm, turn);
    this.#deps.desk().settled(turn);
  }

  /**
   * Not those that keep nobody from anything: a guest that left and whose new host is silent, one paused for good, one
   * whose source is silent for good, a copy of no use that its hypervisor does not let go of. Whatever may make one of
   * them so tells the booking.
   */
  #blocking(): OpenAction[] {
    if (!this.#deps.inventory.listed) return [...this.#open.values()];
    return [...this.#open.values()].filter(({ intent, operation, held, undestroyed, aside, silent }) => {
      if (undestroyed || aside) return false;
      if (operation !== null || held) return true;
      const here = sightOf(this.#deps.inventory.get(intent.order.vm));
      if (intent.role === "source") return here !== "absent" && !this.#arriving(intent.order.vm);
      return !(here === "paused" && silent);
    });
  }

  #intent(
    leader: NodeId,
    request: Prepare | Execute,
    role: Intent["role"],
    uri: string,
    since: Instant,
  ): Intent {
    const { pid, partitionEpoch, order, token } = request;
    const open = { outcome: null, word: null } as const;
    return { order, role, ref: { pid, partitionEpoch }, leader, token, uri, since, ...open };
  }

  #outcome(entry: OpenAction, kind: ActionOutcome["kind"], reason: string, now: Instant): ActionOutcome {
    const durationMs: Millis = now - entry.intent.since;
    return kind === "done" ? { kind, durationMs } : { kind, reason: entry.why ?? reason };
  }

  #notifyStarted(order: ActionOrder, turn: LrtTurn): void {
    turn.notify({ kind: "action-started", ...described(order) });
  }

  #notifyEnded(intent: Intent, outcome: ActionOutcome, turn: LrtTurn): void {
    const role = intent.role === "destination" ? "destination" : "source";
    turn.notify({ kind: "action-ended", ...described(intent.order), outcome, role });
  }
}
