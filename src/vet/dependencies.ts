import type { Domain } from "../hypervisor/domain.ts";
import type { Result } from "../lib/error.ts";
import type { Random } from "../lib/random.ts";
import type { Member } from "../model/member.ts";
import type { NodeId } from "../model/node.ts";
import type { OperationLog } from "../model/operation.ts";
import type { Resources } from "../model/resources.ts";
import type { VeName } from "../model/virtual-environment.ts";
import type { Stamp, VmId, VmSpec } from "../model/virtual-machine.ts";
import type { PersistId } from "../ports/effects.ts";
import type { VeCommand, VetCommand } from "./commands.ts";
import type { VeRecord } from "./lifecycle/record.ts";
import type { VetTurn } from "./notifications.ts";

/** A VM that waits for a host (`lrt/scheduling/event.ts`, `ArrivingVm`). */
export interface WaitingVm {
  readonly spec: VmSpec;
  readonly stamp: Stamp;
  readonly demand: Resources;
}

/** How a try to place VMs ended (`EventOutcome` of the local resources tracker). */
export interface ArrivalOutcome {
  readonly kind: "solved" | "best-effort" | "no-plan" | "interrupted" | "handed-over" | "cancelled";
  readonly reason?: string;
  readonly final?: boolean;
}

export type Respond = (result: Result<unknown>, turn: VetTurn, after?: PersistId) => void;

export type Ask = (
  to: NodeId,
  command: VeCommand | VetCommand,
  turn: VetTurn,
  done: (result: Result<unknown>, later: VetTurn) => void,
  after?: PersistId,
) => void;

export type Found =
  | { readonly kind: "held"; readonly by: NodeId }
  | { readonly kind: "being-created"; readonly by: NodeId }
  | { readonly kind: "nobody" }
  | { readonly kind: "unsure"; readonly silent: readonly NodeId[]; readonly strangers: readonly string[] }
  | { readonly kind: "unsettled" }
  | { readonly kind: "unacquainted"; readonly with: readonly NodeId[] };

/** What became of a transfer (`dnt/registry`). */
export type Taken =
  | { readonly kind: "taken" | "known"; readonly after: PersistId }
  | { readonly kind: "conflict" }
  | { readonly kind: "busy" };

/** Who holds which VE's record (`dnt/registry`): today its home alone, later a replicated register. */
export interface VeRegistry {
  readonly size: number;
  homeOf(name: VeName): NodeId | null;
  get(name: VeName): VeRecord | undefined;
  held(): readonly VeRecord[];
  movingTo(name: VeName): NodeId | null;
  /** Answers `vet.holds`, when `after` is durable. */
  asked(
    from: NodeId,
    question: Extract<VetCommand, { type: "vet.holds" }>,
    turn: VetTurn,
  ): { readonly answer: Result<unknown>; readonly after?: PersistId };
  put(record: VeRecord, turn: VetTurn): PersistId;
  forget(name: VeName, turn: VetTurn): PersistId;
  find(name: VeName, claim: boolean, turn: VetTurn, done: (found: Found, later: VetTurn) => void): void;
  misplaced(): readonly { readonly name: VeName; readonly to: NodeId }[];
  move(name: VeName, to: NodeId, turn: VetTurn, moved: (later: VetTurn) => void): void;
  resend(
    turn: VetTurn,
    moved: (name: VeName, to: NodeId, later: VetTurn) => void,
    kept: (name: VeName) => void,
  ): void;
  beKnown(turn: VetTurn): void;
  /** Answers `vet.circle`, when `after` is durable. */
  known(from: NodeId): { readonly answer: unknown; readonly after: PersistId | undefined };
  floorOf(to: NodeId): { readonly floor: number; readonly after: PersistId | undefined };
  settle(turn: VetTurn): void;
  take(
    from: NodeId,
    transfer: Extract<VetCommand, { type: "vet.transfer" }>,
    turn: VetTurn,
    done: (taken: Taken, later: VetTurn) => void,
  ): void;
}

/** What the virtual environments tracker needs of the rest of its node. */
export interface VetDependencies {
  readonly self: NodeId;
  /** Durable count of this agent's starts: what is made from it is never made twice. */
  readonly boot: number;
  readonly random: Random;
  readonly registry: VeRegistry;
  readonly members: () => readonly Member[];
  /** Whether this host is being drained, or is drained. */
  readonly draining: () => boolean;
  /** Members that are not in that array only because this agent has started anew and has not heard of them yet. */
  readonly unheard: () => readonly NodeId[];
  /** Addresses of seeds that this new agent has not met yet. */
  readonly strangers: () => readonly string[];
  /** Whether it is known of that member that it has left. */
  readonly hasLeft: (node: NodeId) => boolean;
  /** Whom this agent knows, and the write after which a restart forgets none of them. */
  readonly circle: () => { readonly print: string; readonly durable: PersistId | undefined };
  readonly alive: (node: NodeId) => boolean;
  readonly nameOf: (node: NodeId) => string;
  /** Carries a command out on another agent; a failure `unreachable` when there is no answer. */
  readonly ask: Ask;
  /** An arrival event of this host; null: too many are waiting. */
  readonly raiseArrival: (ve: VeName, vms: readonly WaitingVm[], turn: VetTurn) => string | null;
  readonly cancelEvent: (event: string, reason: string, turn: VetTurn) => void;
  /** Every domain on this host; null: the hypervisor is not connected. */
  readonly localDomains: () => readonly Domain[] | null;
  /** Whether there is room on the disk for more than what this agent holds already. */
  readonly room: () => boolean;
  /** Whether this host may still start or receive the VM: an open action of it, or any booking. */
  readonly expects: (vm: VmId) => boolean;
  readonly operations: OperationLog;
}
