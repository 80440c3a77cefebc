import type { Command } from "../../agent/commands.ts";
import type { Weather } from "../world/network.ts";

/** Something that goes wrong, or that somebody does; data, so that a list of faults can be written, cut and replayed. */
export type Fault =
  /** What `from` sends to `to` is lost. */
  | { readonly kind: "cut"; readonly from: string; readonly to: string; readonly forMs: number }
  /** What `from` sends to `to` waits until the link is clear again. */
  | { readonly kind: "clog"; readonly from: string; readonly to: string; readonly forMs: number }
  | { readonly kind: "isolate"; readonly host: string; readonly forMs: number }
  | { readonly kind: "weather"; readonly weather: Weather; readonly forMs: number }
  /** The next message of that type is lost, or late by so much. */
  | {
      readonly kind: "trap";
      readonly from: string;
      readonly to: string;
      readonly type: string;
      readonly delayMs: number | null;
      /** Late alone: later messages overtake it. */
      readonly alone: boolean;
    }
  /** The agent dies and is started again. */
  | { readonly kind: "kill"; readonly host: string; readonly forMs: number }
  /** The agent dies before it carries out the n-th effect of a kind, if that comes in time. */
  | {
      readonly kind: "ambush";
      readonly host: string;
      readonly effect: string;
      readonly countdown: number;
      /** It is back so long after its death; null: when its time is over. */
      readonly backMs: number | null;
      readonly forMs: number;
    }
  /** SIGTERM of the agent: it takes its leave; it is started again. */
  | { readonly kind: "away"; readonly host: string; readonly forMs: number }
  /** SIGSTOP of the agent. */
  | { readonly kind: "pause"; readonly host: string; readonly forMs: number }
  /** The host sleeps, and its clock goes on: agent and control daemon stop. */
  | { readonly kind: "sleep"; readonly host: string; readonly forMs: number }
  /** Every input takes the agent so long. */
  | { readonly kind: "slow-cpu"; readonly host: string; readonly byMs: number; readonly forMs: number }
  /** The host and its guests lose power. */
  | { readonly kind: "power-off"; readonly host: string; readonly forMs: number }
  /** The hypervisor's control daemon dies, or hangs; guests live on. */
  | { readonly kind: "control-dies"; readonly host: string; readonly forMs: number }
  | { readonly kind: "control-hangs"; readonly host: string; readonly forMs: number }
  /** The hypervisor does not say what its guests use. */
  | { readonly kind: "usage-hidden"; readonly host: string; readonly forMs: number }
  /** What the hypervisor is asked of its guests it answers so late, as it was when it was asked. */
  | { readonly kind: "slow-listing"; readonly host: string; readonly byMs: number; readonly forMs: number }
  | {
      readonly kind: "disk-fills";
      readonly host: string;
      readonly state: "low" | "full";
      readonly forMs: number;
    }
  | { readonly kind: "slow-disk"; readonly host: string; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "solver-hangs"; readonly host: string; readonly forMs: number }
  | { readonly kind: "crash"; readonly vm: string; readonly how: "killed" | "panicked" }
  /** The guest powers itself off, or an operator pauses it. */
  | { readonly kind: "power-off-guest" | "suspend-guest"; readonly vm: string }
  /** The guest is paused for a reason of its own. */
  | { readonly kind: "stall-guest"; readonly vm: string; readonly forMs: number }
  | { readonly kind: "dirty-rate"; readonly vm: string; readonly dirtyRate: number }
  | { readonly kind: "load"; readonly vm: string; readonly load: number }
  | { readonly kind: "command"; readonly host: string; readonly command: Command };

export interface TimedFault {
  /** Simulated milliseconds since the beginning. */
  readonly at: number;
  readonly fault: Fault;
}
