/**
 * A partition's questions to the solver, one at a time: about the hosts that it holds then, and with what it has learnt
 * from plans that failed.
 */
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { Problem } from "../../solver/problem.ts";
import type { Solution } from "../../solver/solution.ts";
import type { BalancingMode, LrtConfig } from "../config.ts";
import type { ActionOrder, PartitionId } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import type { Considered } from "./agenda.ts";
import { isCondition, type TravellingEvent } from "./event.ts";
import { buildProblem } from "./problem.ts";
import type { NodeSnapshot } from "./snapshot.ts";

interface Asked {
  readonly members: readonly NodeSnapshot[];
  readonly events: readonly TravellingEvent[];
  /** Whether a part of a solution would do. */
  readonly bestEffort: boolean;
  /** In which it is asked: where it is not `auto`, conditions that no event is about are left as they are. */
  readonly mode: BalancingMode;
}

export interface Question extends Pick<Asked, "events" | "bestEffort" | "mode"> {
  readonly operation: OperationId;
  readonly problem: Problem;
  readonly since: Instant;
}

export class Search {
  readonly #pid: PartitionId;
  readonly #config: LrtConfig;
  readonly #failed: { readonly vm: VmId; readonly host: NodeId; readonly why: string }[] = [];
  readonly #started = new Set<VmId>();
  #open: Question | null = null;
  readonly #places = new Map<VmId, NodeId>();
  #considered: Considered = { hosts: new Set(), events: new Set(), places: this.#places };

  constructor(pid: PartitionId, config: LrtConfig) {
    this.#pid = pid;
    this.#config = config;
  }

  get open(): boolean {
    return this.#open !== null;
  }

  /** What was looked at last: nothing else has been handled. */
  get considered(): Considered {
    return this.#considered;
  }

  /** Why moves of earlier plans failed. */
  get failures(): readonly string[] {
    return this.#failed.map(({ why }) => why);
  }

  /** This move is not tried again. */
  failed({ vm, name, what }: ActionOrder, reason: string): void {
    this.#failed.push({ vm, host: what.to, why: `${name} did not move: ${reason}` });
  }

  /** This VM has come to where it was to go. */
  done({ vm, what }: ActionOrder): void {
    if (what.kind === "run") this.#started.add(vm);
    this.#places.set(vm, what.to);
  }

  ask(asked: Asked, turn: LrtTurn): void {
    const { members, events, bestEffort, mode } = asked;
    const asIs = mode !== "auto" && !events.some(({ cause }) => isCondition(cause));
    this.#considered = {
      hosts: new Set(members.map(({ node }) => node)),
      events: new Set(events.map(({ id }) => id)),
      places: this.#places,
    };
    for (const { node, vms } of members) for (const { id } of vms) this.#places.set(id, node);
    const past = { failed: this.#failed, started: this.#started };
    const problem = buildProblem({ members, events, bestEffort, asIs, ...past, config: this.#config });
    const limits = { decisions: this.#config.solverDecisions, bestEffort };
    this.#open = {
      operation: turn.solve(problem, limits),
      problem,
      events,
      bestEffort,
      mode,
      since: turn.now,
    };
  }

  /** @returns what was asked; null: something else, or nothing that is still of interest. */
  answered(operation: OperationId, solution: Solution | null, turn: LrtTurn): Question | null {
    const question = this.#open;
    if (question?.operation !== operation) return null;
    this.#open = null;
    if (solution !== null) this.#tell(question, solution, turn);
    return question;
  }

  cancel(turn: LrtTurn): void {
    if (this.#open !== null) turn.cancelSolve(this.#open.operation);
    this.#open = null;
  }

  #tell({ problem, bestEffort, since }: Question, solution: Solution, turn: LrtTurn): void {
    const { status, decisions, failures } = solution;
    const size = { hosts: problem.hosts.length, vms: problem.vms.length };
    const said = { status, decisions, failures, ...size, bestEffort, durationMs: turn.now - since };
    turn.notify({ kind: "partition-searched", pid: this.#pid, ...said });
  }
}
