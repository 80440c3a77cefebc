import type { MembershipMessage } from "../dnt/membership/messages.ts";
import type { Result } from "../lib/error.ts";
import type { PartitionMessage } from "../lrt/messages.ts";
import type { Lane } from "../ports/effects.ts";
import type { PeerCommand } from "./commands.ts";

/** One agent asks another to carry out a command; at least once, under one id. */
export interface Ask {
  readonly type: "control.ask";
  readonly id: number;
  /** The asked agent's incarnation as it was known when the question was first sent; 0: it was not. */
  readonly life: number;
  readonly command: PeerCommand;
}

export interface AskAnswer {
  readonly type: "control.answer";
  readonly re: number;
  readonly result: Result<unknown>;
}

export type ControlMessage = Ask | AskAnswer;

/** Everything agents say to one another. The part of `type` before the dot is the lane. */
export type Message = MembershipMessage | PartitionMessage | ControlMessage;

export function laneOf(message: Message): Lane {
  return message.type.slice(0, message.type.indexOf(".")) as Lane;
}
