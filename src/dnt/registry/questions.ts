/** What registries ask of one another and of the rest of their node. */
import type { Result } from "../../lib/error.ts";
import type { NodeId } from "../../model/node.ts";
import type { PersistId, Turn } from "../../ports/effects.ts";
import type { RegistryMember } from "./rendezvous.ts";

export type RegistryTurn = Turn<never, never>;

/** What registries ask of one another. */
export type RegistryCommand<R> =
  /** Do you hold, or are you creating, a record of that name? `claim`: I may create it. Answer: `HoldsAnswer`. */
  | { readonly type: "vet.holds"; readonly name: string; readonly claim: boolean }
  /** Take this record over. */
  | ({ readonly type: "vet.transfer" } & Transfer<R>)
  /** Which is your oldest transfer to me that you have not seen acknowledged, or your next one? Answer: its number. */
  | { readonly type: "vet.floor" }
  /** Whom do you know, and do you hold something that would rather be mine? Answer: `CircleAnswer`. */
  | { readonly type: "vet.circle" };

export interface Transfer<R> {
  readonly record: R;
  /** Counts the sender's transfers. */
  readonly number: number;
  /** The sender's oldest one that is still open to the receiver. */
  readonly floor: number;
  /** Members that know where the record is, whatever becomes of it (`Ceded`), until they get it themselves. */
  readonly told: readonly NodeId[];
}

export type Holding = "record" | "creating" | "no";

export interface HoldsAnswer {
  readonly holding: Holding;
  /** Another one whenever a record of that name has come or gone there, or the agent has started anew. */
  readonly version: string;
  /** Whom that agent knows (`Membership.circle`). */
  readonly circle: string;
}

export interface CircleAnswer {
  /** Whom that agent knows (`Membership.circle`). */
  readonly circle: string;
  /** It holds, makes or gives away a record of which the asker would rather be the home, whatever becomes of both. */
  readonly owes: boolean;
}

/** What became of a transfer. */
export type Taken =
  /** `known`: it had been taken before. The acknowledgement must wait for `after`. */
  | { readonly kind: "taken" | "known"; readonly after: PersistId }
  /** Another VE of that name is here; its sender keeps it. */
  | { readonly kind: "conflict" }
  /** Those who must hear of it first have not answered: its sender asks again. */
  | { readonly kind: "busy" };

/** Where a name was found to be. */
export type Found =
  | { readonly kind: "held"; readonly by: NodeId }
  | { readonly kind: "being-created"; readonly by: NodeId }
  | { readonly kind: "nobody" }
  /** Nobody who answered has it, but these did not answer and could, or may know others who could. */
  | { readonly kind: "unsure"; readonly silent: readonly NodeId[]; readonly strangers: readonly string[] }
  /** Records were moving while everybody was asked. */
  | { readonly kind: "unsettled" }
  /** Some of them know members that others do not: somebody has just come or gone, or is cut off from some. */
  | { readonly kind: "unacquainted"; readonly with: readonly NodeId[] };

export interface RegistryDependencies<R> {
  readonly self: NodeId;
  /** Durable count of this agent's starts. */
  readonly boot: number;
  /** The same array as long as nothing changes. */
  readonly members: () => readonly RegistryMember[];
  /** Members that are not in that array only because this agent has started anew and heard nobody yet. */
  readonly unheard: () => readonly NodeId[];
  /** Addresses of seeds that this new agent has not met yet: their cluster may be another one than its own. */
  readonly strangers: () => readonly string[];
  /** Whether it is known of that member that it has left. */
  readonly hasLeft: (id: NodeId) => boolean;
  /** Whether all members read one list: nobody needs to be asked whom they know. */
  readonly shared: boolean;
  /** Whom this agent knows, both together (`Membership.circle`). */
  readonly circle: () => { readonly print: string; readonly durable: PersistId | undefined };
  /** `after`: what must be durable here before the question leaves. Failure: no answer, or none of use. */
  readonly ask: (
    to: NodeId,
    command: RegistryCommand<R>,
    turn: RegistryTurn,
    done: (result: Result<unknown>, later: RegistryTurn) => void,
    after?: PersistId,
  ) => void;
}
