import type {
  HypervisorCommand,
  HypervisorEvent,
  HypervisorOutcome,
  MigrationProgress,
} from "../hypervisor/command.ts";
import type { Result } from "../lib/error.ts";
import type { Instant } from "../lib/instant.ts";
import type { NodeId } from "../model/node.ts";
import type { Limits, Problem } from "../solver/problem.ts";
import type { Solution } from "../solver/solution.ts";
import type { OperationId, PersistId, RequestId, Write } from "./effects.ts";

/**
 * What the outside must offer. Ports are one-way: a call returns nothing, and what comes of it is handed to
 * the sink as an input, later, never from inside the call. No promise crosses a port.
 */
export interface ClockPort {
  /** Boot-time milliseconds. */
  now(): Instant;
  /** Calls `fire` at `at` or as soon as possible after; returns how to call it off. */
  at(at: Instant, fire: () => void): () => void;
}

export interface TransportPort<Message> {
  /** Queues a message on the peer's lane; drops it when the queue is full or the peer cannot be reached. */
  send(to: NodeId, message: Message): void;
  dial(address: string): void;
  setAddresses(peer: NodeId, addresses: readonly string[]): void;
}

export interface TransportSink<Message> {
  message(from: NodeId, message: Message): void;
  addressAnswered(address: string, answer: Result<NodeId>): void;
}

export interface JournalPort {
  /** Makes all writes durable together, in the order of the calls. */
  write(id: PersistId, writes: readonly Write[]): void;
}

export interface JournalSink {
  persisted(id: PersistId): void;
}

export interface HypervisorPort {
  /**
   * @param by boot-time milliseconds after which the hypervisor is not asked any more: the command fails instead, though
   *   the way there (a connection, a look-up) may take long
   */
  run(operation: OperationId, command: HypervisorCommand, by?: Instant): void;
}

export interface HypervisorSink {
  completed(operation: OperationId, outcome: HypervisorOutcome): void;
  progressed(operation: OperationId, progress: MigrationProgress): void;
  event(event: HypervisorEvent): void;
}

export interface SolverPort {
  solve(operation: OperationId, problem: Problem, limits: Limits): void;
  cancel(operation: OperationId): void;
}

export interface SolverSink {
  /** `null`: the solver itself failed; the caller treats it as a limit reached. */
  solved(operation: OperationId, solution: Solution | null): void;
}

export interface ReplyPort {
  reply(request: RequestId, result: Result<unknown>): void;
}

export interface ObserverPort<Notification> {
  notify(notification: Notification, now: Instant): void;
}

export interface Ports<Message, Notification> {
  readonly clock: ClockPort;
  readonly transport: TransportPort<Message>;
  readonly journal: JournalPort;
  readonly hypervisor: HypervisorPort;
  readonly solver: SolverPort;
  readonly replies: ReplyPort;
  readonly observer: ObserverPort<Notification>;
}
