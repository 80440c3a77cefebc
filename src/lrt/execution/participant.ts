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
 */
import type { HypervisorOutcome, MigrationProgress } from "../../hypervisor/command.ts";
import { assert } from "../../lib/assert.ts";
import { type Instant, type Millis, seconds } from "../../lib/instant.ts";
import { sortedEntries, sortedValues } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { Answer, Calls } from "../calls.ts";
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
/** How often a source that has not said that it knows of an arrival is asked; longer than it goes on telling. */
const ARRIVALS_MS = seconds(60);
const TIMER_ARRIVALS = "lrt/arrivals";
/** Enough tries for the other side to come back from a restart. */
const REPORT_TRIES = 20;
/** Orders whose end is remembered; one lease can hold far fewer. */
const REMEMBERED_ORDERS = 2048;

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
  /** The source has said how it ended: nobody will ask again. */
  told: boolean;
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
  /** Orders that have ended, or never begun and never will: how. Refused if they come again; told if asked. */
  readonly #over = new Map<ActionKey, "done" | "failed">();
  /** Orders of guests that arrived here and whose source has not said yet that it knows: durable. */
  readonly #arrivals = new Map<ActionKey, Intent>();
  #restored: readonly Intent[];

  constructor(config: LrtConfig, deps: ParticipantDependencies, restored: ReadonlyMap<string, unknown>) {
    this.#config = config;
    this.#deps = deps;
    this.#restored = restoredIntents(restored);
    for (const intent of this.#restored) {
      if (intent.outcome === null) this.#open.set(intent.order.key, opened(intent, true));
      else if (intent.role === "destination") this.#arrivals.set(intent.order.key, intent);
    }
  }

  /** Intents that were open when the process ended are looked into; ended ones are told again. */
  start(turn: LrtTurn): void {
    for (const intent of this.#restored) {
      if (intent.outcome === null)
        this.#open.set(intent.order.key, opened({ ...intent, since: turn.now }, true));
      else if (intent.role !== "destination") this.#tell(intent, intent.outcome, turn);
    }
    this.#restored = [];
    if (this.#open.size > 0) turn.setTimer("lrt/look", LOOK_MS);
    if (this.#arrivals.size > 0) turn.setTimer(TIMER_ARRIVALS, ARRIVALS_MS);
  }

  /** Actions of this node that have not ended and keep its booking. A source whose guest is gone keeps nothing. */
  openActions(): number {
    return this.#blocking().length;
  }

  /** Orders that are remembered although they have ended: all, and those of guests that arrived. */
  get kept(): { readonly orders: number; readonly arrivals: number } {
    return { orders: this.#over.size, arrivals: this.#arrivals.size };
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
    if (entry === undefined) this.#close(key, "failed");
    return this.#seen(key, entry?.intent.order.vm ?? "");
  }

  /** The executing node says how it ended: for a destination, the word it waits for. */
  onEnded(key: ActionKey, outcome: ActionOutcome, turn: LrtTurn): void {
    if (outcome.kind !== "failed" && this.#arrivals.delete(key))
      turn.persist([{ key: intentKey(key), value: null }]);
    const entry = this.#open.get(key);
    if (entry === undefined || entry.intent.role !== "destination") return;
    entry.told = true;
    const here = sightOf(this.#deps.inventory.get(entry.intent.order.vm));
    if (here === "running")
      this.#end(entry, { kind: "done", durationMs: turn.now - entry.intent.since }, turn);
    else if (outcome.kind !== "done" && here === "absent") this.#end(entry, outcome, turn);
    else this.#look(entry, "the source says it has ended", turn);
  }

  /** The other side asks what is seen of a VM here. An order not open here is dead from now on. */
  inquire(key: ActionKey, vm: VmId): ReplyBody {
    if (!this.#open.has(key)) this.#close(key, "failed");
    if (!this.#deps.inventory.listed) return { kind: "refused", reason: "the hypervisor is not connected" };
    return this.#seen(key, vm);
  }

  #seen(key: ActionKey, vm: VmId): ReplyBody {
    const outcome = this.#arrivals.has(key) ? "done" : (this.#over.get(key) ?? null);
    const open = this.#open.has(key);
    return { kind: "seen", vm: sightOf(this.#deps.inventory.get(vm)), open, outcome: open ? null : outcome };
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
    if (timer === TIMER_ARRIVALS) return this.#askAboutArrivals(turn);
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
        entry.other =
          answer.kind === "seen" ? { vm: answer.vm, open: answer.open, outcome: answer.outcome } : null;
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

  #end(entry: Open, outcome: ActionOutcome, turn: LrtTurn): void {
    const { order, role } = entry.intent;
    this.#open.delete(order.key);
    this.#close(order.key, outcome.kind === "done" ? "done" : "failed");
    if (entry.operation !== null) this.#operations.delete(entry.operation);
    if (entry.asking !== null) this.#deps.calls.cancel(entry.asking, turn);
    if (role !== "source" && outcome.kind === "done") this.#deps.arrived(order, turn);
    this.#notifyEnded(entry.intent, outcome, turn);
    if (role === "destination") this.#remember(entry, outcome, turn);
    else this.#tell(entry.intent, outcome, turn);
    this.#deps.desk().settled(turn);
  }

  /** A destination keeps that a guest arrived until the source is known to know it. */
  #remember({ intent, told }: Open, outcome: ActionOutcome, turn: LrtTurn): void {
    const keep = outcome.kind === "done" && !told;
    if (keep) {
      this.#arrivals.set(intent.order.key, intent);
      turn.setTimer(TIMER_ARRIVALS, ARRIVALS_MS);
    }
    turn.persist([{ key: intentKey(intent.order.key), value: keep ? { ...intent, outcome } : null }]);
  }

  /** A source that has given up telling, or lost its memory, no longer needs ours. */
  #askAboutArrivals(turn: LrtTurn): true {
    for (const [key, { order, ref }] of sortedEntries(this.#arrivals)) {
      assert(order.what.kind === "migrate", "only migrations arrive");
      const call = { type: "partition.inquire", ...ref, key, vm: order.vm } as const;
      const done = (answer: Answer, later: LrtTurn): void => {
        const over = answer.kind === "seen" && !answer.open && this.#arrivals.delete(key);
        if (over) later.persist([{ key: intentKey(key), value: null }]);
      };
      this.#deps.calls.send(order.what.from, call, turn, done, { tries: 1 });
    }
    if (this.#arrivals.size > 0) turn.setTimer(TIMER_ARRIVALS, ARRIVALS_MS);
    return true;
  }

  /** Executing nodes report to leader and destination; the row goes when both know or have had their chance. */
  #tell(intent: Intent, outcome: ActionOutcome, turn: LrtTurn): void {
    const { order, ref, leader } = intent;
    const key = intentKey(order.key);
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
    if (this.#over.has(order.key)) return "this order has been given up";
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

  /** The first word stands: an order that was done is not made undone by a late question. */
  #close(key: ActionKey, how: "done" | "failed"): void {
    if (this.#over.has(key)) return;
    this.#over.set(key, how);
    if (this.#over.size <= REMEMBERED_ORDERS) return;
    const oldest = this.#over.keys().next().value;
    if (oldest !== undefined) this.#over.delete(oldest);
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
    told: false,
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
