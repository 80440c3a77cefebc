/**
 * A node's part in a plan: source or destination of a migration, or the host that starts a VM.
 *
 *   source:       execute ─▶ acting ─▶ ended ─▶ told to leader and destination ─▶ forgotten
 *   destination:  prepare ─▶ expecting ─▶ arrived, or told it failed ─▶ forgotten
 *                 any of them with an unknown outcome ─▶ looking ─▶ ended   (decision tables: intent.ts)
 *
 * An intent is durable before the hypervisor is called. While one is open the node's booking cannot lapse into
 * free. The hypervisor checks no token, so this does: nothing starts under an old token, a short lease, or an
 * order that the other side has already been told is dead.
 *
 * A destination remembers, durably, what has arrived until the source says that it knows.
 */
import type { HypervisorOutcome, MigrationProgress } from "../../hypervisor/command.ts";
import { assert } from "../../lib/assert.ts";
import { type Instant, type Millis, seconds } from "../../lib/instant.ts";
import { sortedValues } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { Calls } from "../calls.ts";
import type { LrtConfig } from "../config.ts";
import type {
  ActionKey,
  ActionOrder,
  ActionOutcome,
  BookingToken,
  PartitionRequest,
  ReplyBody,
} from "../messages.ts";
import type { Inventory } from "../monitoring/inventory.ts";
import type { LrtTurn } from "../notifications.ts";
import type { BookingDesk } from "../scheduling/booking.ts";
import {
  type Intent,
  intentKey,
  judgeDestination,
  judgeRunner,
  judgeSource,
  type OtherSide,
  restoredIntents,
  sightOf,
  type Verdict,
} from "./intent.ts";

/** Time left on a lease below which nothing new is started: the destination waits as long as the lease. */
const START_MARGIN_MS = seconds(5);
/** How often an open question is looked at again. */
const LOOK_MS = seconds(2);
/** A destination that has heard nothing for this long starts asking. */
const QUIET_MS = seconds(10);
/** How long hypervisors keep a broken migration's shell alive, at most (libvirt keep-alive 5 s × 3, rounded up). */
const KEEPALIVE_MS = seconds(20);
/** Enough tries for the other side to come back from a restart. */
const REPORT_TRIES = 20;
/** Keys that were declared dead to the other side and must never start; bounded by what one lease can hold. */
const DEAD_KEYS = 512;
/** Arrivals whose sources have not said that they know; more would need as many hosts silent at once. */
const UNCONFIRMED = 256;

interface Open {
  intent: Intent;
  /** The hypervisor is at it. */
  operation: OperationId | null;
  /** What the hypervisor said when it failed; only a look tells what became of the guest. */
  why: string | null;
  /** Its outcome is not known: look instead of waiting for an answer. */
  looking: boolean;
  /** The hypervisor was asked what it sees of the VM. */
  inspecting: OperationId | null;
  /** What it will have come to when the running operation (a resume, a destroy) succeeds. */
  upon: ActionOutcome | null;
  other: OtherSide;
  asked: boolean;
  asking: number | null;
}

type Prepare = Extract<PartitionRequest, { type: "partition.prepare" }>;
type Execute = Extract<PartitionRequest, { type: "partition.execute" }>;

export interface ParticipantDependencies {
  readonly self: NodeId;
  readonly capacity: Resources;
  readonly inventory: Inventory;
  readonly desk: () => BookingDesk;
  readonly calls: Calls;
  readonly migrationUri: () => string | null;
  /** The guest of this order is here now. */
  readonly arrived: (order: ActionOrder, turn: LrtTurn) => void;
}

export class Participant {
  readonly #config: LrtConfig;
  readonly #deps: ParticipantDependencies;
  readonly #open = new Map<ActionKey, Open>();
  readonly #operations = new Map<OperationId, ActionKey>();
  readonly #dead = new Set<ActionKey>();
  /**
   * Orders whose guest has run here and whose source may not know it yet (it was stopped, or cut off). Whatever
   * became of the guest since: to the source it must never look as if it had not arrived, or it would resume its copy.
   */
  readonly #arrived = new Set<ActionKey>();
  #restored: readonly Intent[];

  constructor(config: LrtConfig, deps: ParticipantDependencies, restored: ReadonlyMap<string, unknown>) {
    this.#config = config;
    this.#deps = deps;
    this.#restored = restoredIntents(restored);
    for (const intent of this.#restored) {
      if (intent.outcome === null) this.#open.set(intent.order.key, opened(intent, true));
      else if (intent.role === "destination") this.#arrived.add(intent.order.key);
    }
  }

  /** Intents that were open when the process ended are looked into; ended ones are told again. */
  start(turn: LrtTurn): void {
    for (const intent of this.#restored) {
      if (intent.outcome !== null && intent.role !== "destination") this.#tell(intent, intent.outcome, turn);
      else if (intent.outcome === null)
        this.#open.set(intent.order.key, opened({ ...intent, since: turn.now }, true));
    }
    this.#restored = [];
    if (this.#open.size > 0) turn.setTimer("lrt/look", LOOK_MS);
  }

  /** Actions of this node that have not ended and keep its booking. A source whose guest is gone keeps nothing. */
  openActions(): number {
    return this.#blocking().length;
  }

  open(): readonly Intent[] {
    return [...this.#open.values()].map(({ intent }) => intent);
  }

  /** Memory promised to guests that are on their way here. */
  promised(): number {
    let memory = 0;
    for (const { intent } of this.#open.values()) {
      const arriving = intent.role !== "source" && this.#deps.inventory.get(intent.order.vm) === undefined;
      if (arriving) memory += memoryOf(intent.order);
    }
    return memory;
  }

  prepare(from: NodeId, request: Prepare, turn: LrtTurn): { body: ReplyBody; after?: number } {
    const { order, token } = request;
    const uri = this.#deps.migrationUri();
    if (this.#open.has(order.key)) return { body: { kind: "prepared", uri: uri ?? "" } };
    const refusal = this.#refusal(order, token, turn.now);
    if (refusal !== null) return { body: { kind: "refused", reason: refusal } };
    if (uri === null) return { body: { kind: "refused", reason: "the hypervisor is not connected" } };
    const room = this.#deps.capacity.memory - this.#memoryHeld() - memoryOf(order);
    if (room < 0) return { body: { kind: "refused", reason: `${-room} MiB of memory are missing` } };
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
    if (this.#open.has(order.key)) return { body: { kind: "accepted" } };
    const refusal = this.#refusal(order, token, turn.now) ?? this.#missing(order);
    if (refusal !== null) return { body: { kind: "refused", reason: refusal } };
    const role = order.what.kind === "run" ? "runner" : "source";
    const intent = this.#intent(from, request, role, request.uri, turn.now);
    const after = turn.persist([{ key: intentKey(order.key), value: intent }]);
    const entry = opened(intent, false);
    this.#open.set(order.key, entry);
    entry.operation = turn.hypervisor(commandOf(order, request.uri), after);
    this.#operations.set(entry.operation, order.key);
    this.#notifyStarted(order, turn);
    return { body: { kind: "accepted" }, after };
  }

  /** The leader gives an order up; one that has not begun here never will. */
  abort(key: ActionKey, turn: LrtTurn): ReplyBody {
    const entry = this.#open.get(key);
    if (entry?.intent.role === "source" && entry.operation !== null) {
      turn.hypervisor({ kind: "abort-migration", vm: entry.intent.order.vm });
    }
    if (entry === undefined) this.#bury(key);
    return {
      kind: "seen",
      vm: sightOf(this.#deps.inventory.get(entry?.intent.order.vm ?? "")),
      open: entry !== undefined,
    };
  }

  /** The executing node says how it ended: for a destination, the word it waits for. */
  onEnded(key: ActionKey, outcome: ActionOutcome, turn: LrtTurn): void {
    if (this.#arrived.delete(key)) turn.persist([{ key: intentKey(key), value: null }]);
    const entry = this.#open.get(key);
    if (entry === undefined || entry.intent.role !== "destination") return;
    const here = sightOf(this.#deps.inventory.get(entry.intent.order.vm));
    if (here === "running")
      this.#end(entry, { kind: "done", durationMs: turn.now - entry.intent.since }, turn, true);
    else if (outcome.kind !== "done" && here === "absent") this.#end(entry, outcome, turn);
    else this.#look(entry, "the source says it has ended", turn);
  }

  /** The other side asks what is seen of a VM here. An order not open here is dead from now on. */
  inquire(key: ActionKey, vm: VmId): ReplyBody {
    const open = this.#open.has(key);
    if (!open) this.#bury(key);
    if (this.#arrived.has(key)) return { kind: "seen", vm: "running", open };
    if (!this.#deps.inventory.listed) return { kind: "refused", reason: "the hypervisor is not connected" };
    return { kind: "seen", vm: sightOf(this.#deps.inventory.get(vm)), open };
  }

  /** @returns whether the operation was one of an action's. */
  onOperation(operation: OperationId, outcome: HypervisorOutcome, turn: LrtTurn): boolean {
    const key = this.#operations.get(operation);
    if (key === undefined) return false;
    this.#operations.delete(operation);
    const entry = this.#open.get(key);
    if (entry?.inspecting === operation) this.#inspected(entry, outcome, turn);
    if (entry === undefined || entry.operation !== operation) return true;
    entry.operation = null;
    if (outcome.ok && entry.upon !== null) this.#end(entry, entry.upon, turn);
    else if (outcome.ok) this.#succeeded(entry, turn);
    else if (!outcome.ok) {
      entry.upon = null;
      entry.why = outcome.failure.message;
      this.#look(entry, outcome.failure.message, turn);
    }
    return true;
  }

  onProgress(operation: OperationId, progress: MigrationProgress, turn: LrtTurn): void {
    const entry = this.#open.get(this.#operations.get(operation) ?? "");
    if (entry === undefined) return;
    const { order, ref, leader } = entry.intent;
    turn.notify({ kind: "action-progress", key: order.key, vm: order.vm, progress });
    if (leader !== this.#deps.self) {
      turn.send(leader, { type: "partition.progress", pid: ref.pid, key: order.key, progress });
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
  }

  onTimer(timer: string, turn: LrtTurn): boolean {
    if (timer !== "lrt/look") return false;
    for (const entry of sortedValues(this.#open)) {
      const quiet = entry.intent.role === "destination" && turn.now - entry.intent.since >= QUIET_MS;
      if (quiet) entry.looking = true;
      if (entry.looking) this.#refresh(entry, turn);
    }
    if (this.#open.size > 0) turn.setTimer("lrt/look", LOOK_MS);
    return true;
  }

  #inspected(entry: Open, outcome: HypervisorOutcome, turn: LrtTurn): void {
    entry.inspecting = null;
    if (!outcome.ok) return;
    this.#deps.inventory.set(entry.intent.order.vm, outcome.domain ?? null);
    this.#judge(entry, turn);
  }

  #judge(entry: Open, turn: LrtTurn): void {
    if (!this.#deps.inventory.listed || entry.operation !== null) return;
    const here = sightOf(this.#deps.inventory.get(entry.intent.order.vm));
    const verdict = this.#verdict(entry, here, turn.now);
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
        break;
      case "ask":
        this.#ask(entry, turn);
        break;
      case "wait":
        break;
    }
  }

  #operate(entry: Open, kind: "resume" | "destroy" | "await-migration", turn: LrtTurn): void {
    entry.operation = turn.hypervisor({ kind, vm: entry.intent.order.vm });
    this.#operations.set(entry.operation, entry.intent.order.key);
  }

  #verdict(entry: Open, here: ReturnType<typeof sightOf>, now: Instant): Verdict {
    if (entry.intent.role === "runner") return judgeRunner(here);
    if (entry.intent.role === "source") return judgeSource(here, entry.other, entry.asked);
    const expired = now - entry.intent.since >= this.#config.leaseMs + KEEPALIVE_MS;
    return judgeDestination(here, entry.other, entry.asked, expired);
  }

  /** Asks the hypervisor first (its events may lag), then judges. */
  #refresh(entry: Open, turn: LrtTurn): void {
    entry.asked = false;
    entry.other = null;
    if (entry.inspecting !== null || entry.operation !== null || !this.#deps.inventory.listed) return;
    entry.inspecting = turn.hypervisor({ kind: "inspect", vm: entry.intent.order.vm });
    this.#operations.set(entry.inspecting, entry.intent.order.key);
  }

  #ask(entry: Open, turn: LrtTurn): void {
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
        entry.other = answer.kind === "seen" ? { vm: answer.vm, open: answer.open } : null;
        if (this.#open.get(order.key) === entry) this.#judge(entry, later);
      },
      { tries: 1 },
    );
  }

  #succeeded(entry: Open, turn: LrtTurn): void {
    const { order, role, since } = entry.intent;
    if (role === "source") this.#deps.inventory.set(order.vm, null);
    this.#end(entry, { kind: "done", durationMs: turn.now - since }, turn);
  }

  #look(entry: Open, why: string, turn: LrtTurn): void {
    const { key, vm } = entry.intent.order;
    entry.looking = true;
    turn.notify({ kind: "action-looking", key, vm, why });
    turn.setTimer("lrt/look", LOOK_MS);
    this.#refresh(entry, turn);
  }

  /** @param known whether the other side has said so itself. */
  #end(entry: Open, outcome: ActionOutcome, turn: LrtTurn, known = false): void {
    const { order, role } = entry.intent;
    this.#open.delete(order.key);
    this.#bury(order.key);
    if (entry.operation !== null) this.#operations.delete(entry.operation);
    if (entry.asking !== null) this.#deps.calls.cancel(entry.asking, turn);
    if (role !== "source" && outcome.kind === "done") this.#deps.arrived(order, turn);
    this.#notifyEnded(entry.intent, outcome, turn);
    if (role === "destination" && outcome.kind === "done" && !known)
      this.#remember(entry.intent, outcome, turn);
    else this.#tell(entry.intent, outcome, turn);
    this.#deps.desk().settled(turn);
  }

  #remember(intent: Intent, outcome: ActionOutcome, turn: LrtTurn): void {
    const { key } = intent.order;
    this.#arrived.add(key);
    turn.persist([{ key: intentKey(key), value: { ...intent, outcome } }]);
    const [oldest] = this.#arrived;
    if (this.#arrived.size <= UNCONFIRMED || oldest === undefined) return;
    this.#arrived.delete(oldest);
    turn.persist([{ key: intentKey(oldest), value: null }]);
  }

  /** Executing nodes report to leader and destination; the row goes when both know or have had their chance. */
  #tell(intent: Intent, outcome: ActionOutcome, turn: LrtTurn): void {
    const { order, ref, role, leader } = intent;
    const key = intentKey(order.key);
    if (role === "destination") {
      turn.persist([{ key, value: null }]);
      return;
    }
    const after = turn.persist([{ key, value: { ...intent, outcome } }]);
    const waiting = new Set(order.what.kind === "migrate" ? [order.what.to, leader] : [leader]);
    for (const to of [...waiting]) {
      const call = { type: "partition.ended", ...ref, key: order.key, outcome } as const;
      const options = { tries: REPORT_TRIES, after };
      this.#deps.calls.send(
        to,
        call,
        turn,
        (_answer, later) => {
          waiting.delete(to);
          if (waiting.size === 0) later.persist([{ key, value: null }]);
        },
        options,
      );
    }
  }

  #refusal(order: ActionOrder, token: BookingToken, now: Instant): string | null {
    if (this.#dead.has(order.key)) return "this order has been given up";
    if (!this.#deps.desk().holds(token, now, START_MARGIN_MS)) return "the booking is over";
    return this.#deps.inventory.listed ? null : "the hypervisor is not connected";
  }

  #missing(order: ActionOrder): string | null {
    const domain = this.#deps.inventory.get(order.vm);
    if (order.what.kind === "run") return domain === undefined ? null : `${order.name} is already here`;
    if (domain === undefined) return `${order.name} is not here`;
    if (domain.stamp === null) return `${order.name} is not managed`;
    return domain.state === "running" && domain.job === "none"
      ? null
      : `${order.name} is ${domain.state}, job ${domain.job}`;
  }

  #memoryHeld(): number {
    let held = this.promised();
    for (const domain of this.#deps.inventory.all()) if (domain.state !== "shutoff") held += domain.memory;
    return held;
  }

  #blocking(): Open[] {
    return [...this.#open.values()].filter(({ intent, operation }) => {
      const gone =
        intent.role === "source" &&
        operation === null &&
        this.#deps.inventory.get(intent.order.vm) === undefined;
      return !(gone && this.#deps.inventory.listed);
    });
  }

  #bury(key: ActionKey): void {
    this.#dead.add(key);
    if (this.#dead.size <= DEAD_KEYS) return;
    const oldest = this.#dead.values().next().value;
    if (oldest !== undefined) this.#dead.delete(oldest);
  }

  #intent(
    leader: NodeId,
    request: Prepare | Execute,
    role: Intent["role"],
    uri: string,
    since: Instant,
  ): Intent {
    const { pid, partitionEpoch, order, token } = request;
    return { order, role, ref: { pid, partitionEpoch }, leader, token, uri, outcome: null, since };
  }

  #outcome(entry: Open, kind: ActionOutcome["kind"], reason: string, now: Instant): ActionOutcome {
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

function opened(intent: Intent, looking: boolean): Open {
  return {
    intent,
    operation: null,
    why: null,
    looking,
    inspecting: null,
    upon: null,
    other: null,
    asked: false,
    asking: null,
  };
}

function memoryOf(order: ActionOrder): number {
  return order.what.kind === "migrate" ? order.what.memory : order.what.spec.memory;
}

function commandOf(order: ActionOrder, uri: string) {
  const { what, vm } = order;
  return what.kind === "migrate"
    ? ({ kind: "migrate", vm, uri, policy: what.policy, persistent: what.adopted } as const)
    : ({ kind: "start", spec: what.spec, stamp: what.stamp } as const);
}

function described(order: ActionOrder) {
  const { key, vm, name, what, event, reason } = order;
  const from = what.kind === "migrate" ? what.from : null;
  return { key, action: what.kind, vm, name, from, to: what.to, event, reason } as const;
}
