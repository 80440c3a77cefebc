import type { Command } from "../../agent/commands.ts";
import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";

/** What a checker can see: the truth of the world, not what agents believe. */
export interface CheckedWorld {
  readonly now: number;
  readonly hosts: readonly SimulatedHost[];
  host(id: string): SimulatedHost | undefined;
}

/**
 * One or more invariants, watched from outside the code under test: from what agents say, send and ask of their
 * hypervisors, from what is on their disks and what executes where. A sentence: what is wrong; empty: nothing.
 */
export interface Checker {
  readonly name: string;
  notified?(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[];
  stepped?(
    host: SimulatedHost,
    input: AgentInput,
    effects: readonly AgentEffect[],
    world: CheckedWorld,
  ): readonly string[];
  /** Just before it is carried out. */
  effect?(host: SimulatedHost, effect: AgentEffect, world: CheckedWorld): readonly string[];
  hypervisorStepped?(host: SimulatedHost, world: CheckedWorld): readonly string[];
  processChanged?(host: SimulatedHost, what: "started" | "died", world: CheckedWorld): readonly string[];
  /** An operator asks for it. */
  asked?(command: Command): void;
  /** The script is about to end these VMs, or the host they are on: their going is no loss. */
  excuse?(vms: readonly string[]): void;
  /** The script, or the workload, has done something to the world. */
  disturbed?(): void;
  /** What is still missing before everything has settled; asked when faults have ended. */
  unsettled?(world: CheckedWorld): readonly string[];
}

export const NOTHING_WRONG: readonly string[] = [];
