import type { BalancingMode } from "../lrt/config.ts";
import type { OperationName } from "../model/operation.ts";
import type { VeCommand, VetCommand } from "../vet/commands.ts";

/** What operators ask of an agent; any agent takes any of them and passes it on where it belongs. */
export type Command = VeCommand | HostCommand | VmCommand | BalanceCommand | OperationCommand | NodeCommand;

/** What agents ask of one another: operators' commands passed on, and the trackers' own. */
export type PeerCommand = Command | VetCommand | AgentCommand;

/** `host` is a host's name or node id; absent where it may be: the agent that was asked. */
export type HostCommand =
  | { readonly type: "host.list" }
  | { readonly type: "host.show"; readonly host: string }
  | { readonly type: "host.rtt" }
  | {
      readonly type: "host.drain";
      readonly host: string;
      readonly dryRun?: boolean;
      readonly reason?: string;
    }
  | { readonly type: "host.restore"; readonly host: string; readonly reason?: string };

/** `vm` is a domain name, `<ve>.<vm>`, or a VM id. */
export type VmCommand =
  | { readonly type: "vm.list" }
  | { readonly type: "vm.show"; readonly vm: string }
  | { readonly type: "vm.migrate"; readonly vm: string; readonly to?: string; readonly reason?: string }
  | { readonly type: "vm.history"; readonly vm: string }
  | { readonly type: "explain.vm"; readonly vm: string };

export type BalanceCommand =
  | { readonly type: "balance.status" }
  /** Cluster-wide: told to every member; kept durably by each. */
  | { readonly type: "balance.mode"; readonly mode: BalancingMode };

export type OperationCommand =
  | { readonly type: "op.list" }
  | { readonly type: "op.show"; readonly name: OperationName }
  | { readonly type: "op.cancel"; readonly name: OperationName };

export type NodeCommand =
  | { readonly type: "status" }
  | { readonly type: "doctor" }
  /** Hosts by name or id: as if `drain` were to be emptied, and `down` gone. */
  | { readonly type: "capture"; readonly drain?: readonly string[]; readonly down?: readonly string[] };

/** Between agents: a member's own part of a question to everybody. */
export type AgentCommand =
  | { readonly type: "agent.host" }
  | { readonly type: "agent.vms" }
  | { readonly type: "agent.find-vm"; readonly vm: string }
  | { readonly type: "agent.operations" }
  | { readonly type: "agent.environments" }
  | { readonly type: "agent.rtt" }
  | { readonly type: "agent.snapshot" }
  | { readonly type: "agent.capture" }
  | { readonly type: "agent.reasons" }
  | { readonly type: "agent.set-mode"; readonly mode: BalancingMode };
