import { type Millis, minutes, seconds } from "../lib/instant.ts";

/** The scheduler's constants: the same on every host of a cluster, refused when peers differ. */
export interface LrtConfig {
  /** How often the hypervisor is asked for usage. */
  readonly sampleMs: Millis;
  /** Usage is averaged over this window before it is judged. */
  readonly windowMs: Millis;
  /** A host must be over a limit for so long before that is an event. */
  readonly holdMs: Millis;
  /** How often everything is listed anew, besides at every connection: an event may have been lost. */
  readonly relistMs: Millis;
  /** A host is overloaded above this share of its capacity, in thousandths. */
  readonly overloadPermille: number;
  /** Its cpu leaves the state this much lower, in thousandths: no flapping at the limit. */
  readonly marginPermille: number;
  /** Below this share a host could be emptied; reported always, acted on only if `consolidate`. */
  readonly underloadPermille: number;
  readonly consolidate: boolean;
  /** Overload and underload never send a VM back to a host it left less than this ago. */
  readonly cooldownMs: Millis;
  /** `auto` acts, `recommend` plans and says so, `manual` does neither. */
  readonly mode: BalancingMode;

  /** A booking ends this long after the node last heard from the leader. */
  readonly leaseMs: Millis;
  readonly renewMs: Millis;
  /** A partition that has no viable plan after this settles for less. */
  readonly growMs: Millis;
  /** After a release the oldest waiter alone may take the node for this long. */
  readonly slotMs: Millis;
  /** A partition never holds more hosts than this: its solver must stay interactive. */
  readonly maxHosts: number;
  /** A partition may live for twice its plan's estimate, at least its longest migration's timeout, and this. */
  readonly lifeSlackMs: Millis;
  readonly backoffMs: Millis;
  readonly backoffMaxMs: Millis;
  /** An unanswered request is repeated after this, `callTries` times in all. */
  readonly callMs: Millis;
  readonly callTries: number;
  /** Plans made anew within one partition before it gives up. */
  readonly replans: number;
  /** Migrations a host bears at once, in and out together. */
  readonly migrationsPerHost: number;
  /** Migrations between two sites at once, within one partition. */
  readonly migrationsPerLink: number;
  /** The solver's bound, in placement decisions. */
  readonly solverDecisions: number;
  /** Neighbours in order of distance, or shuffled (the baseline of the locality evaluation). */
  readonly walk: "locality" | "random";
}

export type BalancingMode = "auto" | "recommend" | "manual";

export const DEFAULT_LRT_CONFIG: LrtConfig = {
  sampleMs: seconds(1),
  windowMs: seconds(3),
  holdMs: seconds(5),
  relistMs: seconds(60),
  overloadPermille: 1000,
  marginPermille: 50,
  underloadPermille: 200,
  consolidate: false,
  cooldownMs: minutes(10),
  mode: "auto",
  leaseMs: seconds(30),
  renewMs: seconds(10),
  growMs: seconds(10),
  slotMs: seconds(10),
  maxHosts: 64,
  lifeSlackMs: seconds(60),
  backoffMs: seconds(1),
  backoffMaxMs: minutes(5),
  callMs: 1500,
  callTries: 4,
  replans: 3,
  migrationsPerHost: 2,
  migrationsPerLink: 8,
  solverDecisions: 20_000,
  walk: "locality",
};
