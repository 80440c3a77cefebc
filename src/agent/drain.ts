/**
 * Human removal of a host (design 1, flow 2): data plane first, control plane second.
 *
 *   active ─drain─▶ draining ─ no managed domain, no record, nobody waits for it ─▶ drained
 *      ▲                │ ▲                                                          │ │
 *      │                │ └──────────── a guest or a record has come ────────────────┘ │
 *      └────────────────┴─ cancel, restore ────────────────────────────────────────────┘
 *
 * The state is durable and goes on after a restart of the agent. *Drained* means that the host may be switched off: its
 * hypervisor lists no managed domain, nothing is promised to others, and they have confirmed how its migrations ended. A
 * promise to a host that is silent for long is not waited for: what comes of it all the same is sent on. That the others know
 * whom this host knows, so that it leaves for good when it stops, is waited for a little. The scheduler does the moving; what
 * it cannot move is a blocker, named in the operation.
 */
import { type Failure, fail, ok, type Result } from "../lib/error.ts";
import { type Instant, seconds } from "../lib/instant.ts";
import type { LocalResourcesTracker } from "../lrt/lrt.ts";
import type { EventId, EventOutcome } from "../lrt/scheduling/event.ts";
import type { Member } from "../model/member.ts";
import type { NodeId } from "../model/node.ts";
import type { OperationName } from "../model/operation.ts";
import type { Operations } from "./operations.ts";
import type { AgentTurn } from "./turn.ts";

export type DrainState = "no" | "draining" | "drained";

export interface DrainDependencies {
  readonly self: NodeId;
  readonly name: string;
  readonly lrt: LocalResourcesTracker;
  readonly operations: Operations;
  readonly members: () => readonly Member[];
  readonly setDraining: (draining: boolean, turn: AgentTurn) => void;
  /** VE records that are here. */
  readonly records: () => number;
  /** Whether others know to whom everything has gone from here: then this host may leave. */
  readonly settled: () => boolean;
  /** Asks them; `agreed` is called when they do. */
  readonly settle: (turn: AgentTurn, agreed: (later: AgentTurn) => void) => void;
  /** Hands them to their next homes. */
  readonly handOverRecords: (turn: AgentTurn) => void;
}

const KEY = "agent/drain";
const TIMER = "agent/drain";
const CHECK_MS = seconds(1);
/** A host from which everything has gone is drained after this, whether others know whom it knows or not. */
const SETTLE_MS = seconds(5);

export class Drain {
  readonly #deps: DrainDependencies;
  #state: DrainState = "no";
  #event: EventId | null = null;
  #operation: OperationName | null = null;
  #reason = "";
  #total = 0;
  #blocked: string | null = null;
  /** The inventory as it was when an event ended: the same again would end the same. */
  #tried: number | null = null;
  /** Since when nothing is here any more, and when the others were last asked whom they know. */
  #emptySince: Instant | null = null;
  #askedAt: Instant = -CHECK_MS;

  constructor(deps: DrainDependencies, restored: ReadonlyMap<string, unknown>) {
    this.#deps = deps;
    const stored = restored.get(KEY) as { state: DrainState; reason: string } | undefined;
    if (stored !== undefined) {
      this.#state = stored.state;
      this.#reason = stored.reason;
    }
  }

  get state(): DrainState {
    return this.#state;
  }

  get blocked(): string | null {
    return this.#blocked;
  }

  /** Whether nothing of others' is here, or could still come, now that it is drained: nobody needs to wait for it. */
  get over(): boolean {
    const { lrt } = this.#deps;
    const settled = lrt.inventory.listed && lrt.unfinished() === null && lrt.participant.open().length === 0;
    return this.#state === "drained" && settled && !this.#occupied();
  }

  /** A drain that was under way when the agent stopped goes on. */
  start(turn: AgentTurn): void {
    if (this.#state === "no") return;
    this.#deps.lrt.setDraining(true);
    this.#deps.setDraining(true, turn);
    if (this.#state === "draining") this.#begin(turn);
    else this.#deps.settle(turn, () => {});
  }

  drain(reason: string, turn: AgentTurn): Result<{ operation: OperationName }> {
    if (this.#state === "draining" && this.#operation !== null) return ok({ operation: this.#operation });
    const refusal = this.refusal();
    if (refusal !== null) return fail(refusal);
    this.#reason = reason;
    this.#set("draining", turn);
    this.#deps.lrt.setDraining(true);
    this.#deps.setDraining(true, turn);
    turn.notify({ kind: "drain", state: "draining", reason });
    return ok({ operation: this.#begin(turn) });
  }

  restore(reason: string, turn: AgentTurn): Result<{ state: DrainState }> {
    if (this.#state === "no") return ok({ state: "no" });
    this.#set("no", turn);
    this.#blocked = null;
    this.#deps.lrt.setDraining(false);
    this.#deps.setDraining(false, turn);
    turn.clearTimer(TIMER);
    const event = this.#event;
    this.#event = null;
    if (event !== null) this.#deps.lrt.scheduler.cancel(event, "the host was restored", turn);
    this.#endOperation(
      "called off",
      { code: "cancelled", message: `the drain of ${this.#deps.name} was called off` },
      turn,
    );
    turn.notify({ kind: "drain", state: "restored", reason });
    return ok({ state: "no" });
  }

  /** @returns whether the operation is this drain; then it is called off. */
  cancel(operation: OperationName, turn: AgentTurn): boolean {
    if (operation !== this.#operation || this.#state !== "draining") return false;
    this.restore("cancelled by an operator", turn);
    return true;
  }

  onTimer(timer: string, turn: AgentTurn): boolean {
    if (timer !== TIMER) return false;
    this.check(turn);
    if (this.#state === "draining") turn.setTimer(TIMER, CHECK_MS);
    return true;
  }

  onEventEnded(event: EventId, outcome: EventOutcome, retry: boolean, turn: AgentTurn): void {
    if (event !== this.#event) return;
    this.#blocked = "reason" in outcome ? outcome.reason : this.#stuck();
    if (!retry) this.#event = null;
    this.#tried = this.#deps.lrt.inventory.version;
    this.check(turn);
  }

  /** Something has come all the same: it is sent on. */
  recheck(turn: AgentTurn): void {
    if (this.#state !== "drained" || !this.#occupied()) return;
    this.#set("draining", turn);
    turn.notify({ kind: "drain", state: "draining", reason: this.#reason });
    this.#begin(turn);
  }

  /** Looks how far it is, and ends it when it is there. */
  check(turn: AgentTurn): void {
    const { lrt, operations } = this.#deps;
    if (this.#state !== "draining" || !lrt.inventory.listed) return;
    const left = lrt.inventory.managed().length;
    this.#total = Math.max(this.#total, left);
    if (left > 0) {
      if (this.#event === null && this.#tried !== lrt.inventory.version) this.#raise(turn);
      const blocked = this.#blocked === null ? "" : `; blocked: ${this.#blocked}`;
      if (this.#operation !== null) {
        operations.progress(this.#operation, `${left} VMs left${blocked}`, {
          done: this.#total - left,
          total: this.#total,
        });
      }
      return;
    }
    this.#deps.handOverRecords(turn);
    const records = this.#deps.records();
    const here = records > 0 ? `${records} VE records to hand over` : lrt.unfinished();
    if (here !== null) this.#emptySince = null;
    const waitsFor = here ?? this.#toSettle(turn);
    if (waitsFor === null) this.#drained(turn);
    else if (this.#operation !== null) operations.progress(this.#operation, waitsFor);
  }

  /** Nothing is here: whoever got it must be known to others. */
  #toSettle(turn: AgentTurn): string | null {
    const { now } = turn;
    this.#emptySince ??= now;
    if (this.#deps.settled() || now - this.#emptySince >= SETTLE_MS) return null;
    if (now - this.#askedAt >= CHECK_MS) {
      this.#askedAt = now;
      this.#deps.settle(turn, (later) => this.check(later));
    }
    return "others are asked whether they know whom this host knows";
  }

  /** Why this host may not be drained, or null. */
  refusal(): Failure | null {
    const others = this.#deps
      .members()
      .filter(({ id, state, draining }) => id !== this.#deps.self && state === "alive" && !draining);
    if (others.length > 0) return null;
    return {
      code: "unsafe",
      message: `${this.#deps.name} cannot be drained`,
      reason: "no other host is alive and takes VMs",
      hint: "discoveryctl host list",
    };
  }

  #begin(turn: AgentTurn): OperationName {
    this.#operation = this.#deps.operations.begin("host-drain", this.#deps.name, this.#reason, turn.now);
    this.#total = 0;
    this.#tried = null;
    this.#emptySince = null;
    turn.setTimer(TIMER, CHECK_MS);
    this.check(turn);
    return this.#operation;
  }

  /** What no migration takes away: managed domains that do not run. */
  #stuck(): string | null {
    const still = this.#deps.lrt.inventory.managed().filter(({ state }) => state !== "running");
    return still.length === 0 ? null : still.map(({ name, state }) => `${name} is ${state}`).join(", ");
  }

  #occupied(): boolean {
    const { lrt, records } = this.#deps;
    return records() > 0 || (lrt.inventory.listed && lrt.inventory.managed().length > 0);
  }

  #raise(turn: AgentTurn): void {
    this.#event = this.#deps.lrt.raise({ kind: "drain" }, turn)?.id ?? null;
  }

  #drained(turn: AgentTurn): void {
    this.#set("drained", turn);
    turn.clearTimer(TIMER);
    if (this.#event !== null) this.#deps.lrt.scheduler.cancel(this.#event, "the host is empty", turn);
    this.#event = null;
    this.#endOperation("drained", null, turn);
    turn.notify({ kind: "drain", state: "drained", reason: this.#reason });
  }

  #endOperation(message: string, failure: Failure | null, turn: AgentTurn): void {
    if (this.#operation !== null) this.#deps.operations.end(this.#operation, message, failure, turn.now);
    this.#operation = null;
  }

  #set(state: DrainState, turn: AgentTurn): void {
    this.#state = state;
    turn.persist([{ key: KEY, value: state === "no" ? null : { state, reason: this.#reason } }]);
  }
}
