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

/** One or more invariants, watched from outside the code under test. A sentence: what is wrong; empty: nothing. */
export interface Checker {
  readonly name: string;
  notified?(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[];
  stepped?(
    host: SimulatedHost,
    input: AgentInput,
    effects: readonly AgentEffect[],
    world: CheckedWorld,
  ): readonly string[];
  effect?(host: SimulatedHost, effect: AgentEffect, world: CheckedWorld): readonly string[];
  hypervisorStepped?(host: SimulatedHost, world: CheckedWorld): readonly string[];
  /** The script is about to end these VMs, or the host they are on: their going is no loss. */
  excuse?(vms: readonly string[]): void;
  /** After faults have ended and time to settle has passed. */
  settled?(world: CheckedWorld): readonly string[];
}
