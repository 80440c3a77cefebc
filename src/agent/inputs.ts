import type { HypervisorEvent, HypervisorOutcome, MigrationProgress } from "../hypervisor/command.ts";
import type { Result } from "../lib/error.ts";
import type { DiskSpace } from "../model/disk-space.ts";
import type { NodeId } from "../model/node.ts";
import type { OperationId, RequestId, TimerName } from "../ports/effects.ts";
import type { Solution } from "../solver/solution.ts";
import type { Command } from "./commands.ts";
import type { Message } from "./messages.ts";

/** Everything that can happen to an agent. */
export type AgentInput =
  /** The first input, once, when the ports are ready. */
  | { readonly kind: "started" }
  | { readonly kind: "message"; readonly from: NodeId; readonly message: Message }
  | { readonly kind: "timer-fired"; readonly timer: TimerName; readonly token: number }
  | {
      readonly kind: "hypervisor-completed";
      readonly operation: OperationId;
      readonly outcome: HypervisorOutcome;
    }
  | {
      readonly kind: "hypervisor-progressed";
      readonly operation: OperationId;
      readonly progress: MigrationProgress;
    }
  | { readonly kind: "hypervisor-event"; readonly event: HypervisorEvent }
  | { readonly kind: "solved"; readonly operation: OperationId; readonly solution: Solution | null }
  | { readonly kind: "address-answered"; readonly address: string; readonly answer: Result<NodeId> }
  | { readonly kind: "command"; readonly request: RequestId; readonly command: Command }
  /** Whether there is room for what must be durable: without it nothing new is taken on, and what runs goes on. */
  | { readonly kind: "disk-space"; readonly state: DiskSpace }
  /** The agent is asked to stop: it says goodbye and starts nothing more; no guest is touched. */
  | { readonly kind: "stopping" };
