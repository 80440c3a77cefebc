/** Operators' migrations: one VM, here to there or anywhere, as an event of its host like every other change. */
import type { Failure } from "../lib/error.ts";
import { fail, ok, type Result } from "../lib/error.ts";
import type { EventId, EventOutcome } from "../lrt/scheduling/event.ts";
import type { NodeId } from "../model/node.ts";
import type { OperationName } from "../model/operation.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Agent } from "./agent.ts";
import type { AgentTurn } from "./turn.ts";

export class Migrations {
  readonly #agent: Agent;
  readonly #running = new Map<EventId, { readonly operation: OperationName; readonly vm: VmId }>();

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** Those that have not ended. */
  get size(): number {
    return this.#running.size;
  }

  /** Starts moving a VM of this host; `to` null: wherever there is room. No operation: it is there already. */
  migrate(
    vm: VmId,
    to: NodeId | null,
    reason: string,
    turn: AgentTurn,
  ): Result<{ operation: OperationName | null }> {
    const { lrt, operations, identity } = this.#agent;
    const domain = lrt.inventory.get(vm);
    if (domain === undefined)
      return fail({ code: "not-found", message: `VM ${vm} is not on ${identity.name}` });
    if (lrt.participant.open().some(({ order }) => order.vm === vm)) {
      return fail({
        code: "conflict",
        message: `${domain.name} is changing hosts just now`,
        hint: "discoveryctl vm list",
      });
    }
    const refusal = this.#refusal(domain.name, domain.stamp === null, domain.state, to);
    if (refusal !== null) return fail(refusal);
    if (to === identity.id) return ok({ operation: null });
    const event = lrt.raise({ kind: "move", vm, to }, turn);
    if (event === null) return fail({ code: "busy", message: "too many events are waiting on this host" });
    const operation = operations.begin("vm-migrate", domain.name, reason, turn.now);
    this.#running.set(event.id, { operation, vm });
    return ok({ operation });
  }

  cancel(operation: OperationName, turn: AgentTurn): boolean {
    const found = [...this.#running].find(([, running]) => running.operation === operation);
    if (found === undefined) return false;
    this.#agent.lrt.scheduler.cancel(found[0], "cancelled by an operator", turn);
    return true;
  }

  onEventEnded(event: EventId, outcome: EventOutcome, turn: AgentTurn): void {
    const running = this.#running.get(event);
    if (running === undefined) return;
    const { operation, vm } = running;
    const { operations, lrt } = this.#agent;
    if (outcome.kind === "interrupted")
      return operations.progress(operation, `will be tried again: ${outcome.reason}`);
    this.#running.delete(event);
    if (outcome.kind === "solved") operations.end(operation, "migrated", null, turn.now);
    else
      operations.end(
        operation,
        outcome.kind,
        failureOf(outcome, lrt.inventory.get(vm) !== undefined),
        turn.now,
      );
  }

  #refusal(name: string, foreign: boolean, state: string, to: NodeId | null): Failure | null {
    if (foreign) {
      const hint = "discoveryctl ve adopt makes it managed without a restart";
      return { code: "conflict", message: `${name} is not managed by DISCOVERY`, hint };
    }
    if (state !== "running")
      return { code: "conflict", message: `${name} is ${state}`, reason: "only a running VM migrates live" };
    const target = to === null || to === this.#agent.identity.id ? undefined : this.#agent.membership.get(to);
    if (target !== undefined && target.state !== "alive") {
      return { code: "unreachable", message: `${target.name} is ${target.state}` };
    }
    if (target?.draining === true)
      return {
        code: "unsafe",
        message: `${target.name} is draining`,
        reason: "nothing lands on a draining host",
      };
    return null;
  }
}

function failureOf(outcome: EventOutcome, isHere: boolean): Failure {
  const reason = "reason" in outcome ? outcome.reason : outcome.kind;
  if (!isHere)
    return { code: "conflict", message: "the VM is elsewhere", reason, hint: "discoveryctl vm list" };
  if (outcome.kind === "cancelled") return { code: "cancelled", message: "called off", reason };
  return { code: "unplaceable", message: "the VM stays where it is", reason };
}
