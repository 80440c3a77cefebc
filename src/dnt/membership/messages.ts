import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";

/**
 * What one member believes of another, whole: what the subject says of itself at that incarnation, and the
 * state the sender holds it in. Claims form a total order (claim.ts), so receiving one twice, late or out of
 * order changes nothing.
 */
export interface MemberClaim {
  readonly member: Member;
  /** Who found a suspect silent; more of them shorten its time to refute. Empty for the other states. */
  readonly observers: readonly NodeId[];
}

/** "Are you there?" Answered at once by an `ack` with the same number. Never carries the sender's own record. */
export interface Ping {
  readonly type: "membership.ping";
  readonly sequence: number;
  /** What the sender holds against the receiver comes first, so that it can refute; then piggybacked news. */
  readonly claims: readonly MemberClaim[];
}

/** The answer to a `ping`; news travels back on it. Never carries the sender's own record. */
export interface Ack {
  readonly type: "membership.ack";
  readonly sequence: number;
  readonly claims: readonly MemberClaim[];
}

/** "I cannot reach the target: ping it for me." Answered by a `probe-answer`, whatever comes of it. */
export interface ProbeRequest {
  readonly type: "membership.probe-request";
  readonly sequence: number;
  readonly target: NodeId;
}

/** What a helper found: the target answered it, or it was silent towards the helper, too. */
export interface ProbeAnswer {
  readonly type: "membership.probe-answer";
  readonly sequence: number;
  readonly target: NodeId;
  readonly reached: boolean;
}

/** News, spread while it is fresh; also the answer to a claim that its subject refutes. Not answered. */
export interface Gossip {
  readonly type: "membership.gossip";
  readonly claims: readonly MemberClaim[];
}

/** Opens a synchronisation: one hash per bucket of members. Answered by the first `page`. */
export interface Digest {
  readonly type: "membership.digest";
  /** Unsigned 32-bit, exactly `BUCKETS` of them. */
  readonly buckets: readonly number[];
  /** What the sender holds against the receiver, if anything. */
  readonly claims: readonly MemberClaim[];
  /** Members of the sender's last life of whom it has heard nothing since, `MISSING` of them at the most. */
  readonly missing: readonly NodeId[];
}

/** A member that left, and the incarnation under which it did. */
export interface Departure {
  readonly id: NodeId;
  readonly incarnation: number;
}

/** The responder's records of the buckets that differ, in the order of ids; no buckets: nothing differs. */
export interface Page {
  readonly type: "membership.page";
  readonly buckets: readonly number[];
  /** The page covers the ids after this one ... */
  readonly after: NodeId;
  /** ... up to this one, included; `null`: to the end. */
  readonly upTo: NodeId | null;
  readonly claims: readonly MemberClaim[];
  /** On the first page: those of the `missing` who left, as the responder knows. */
  readonly departed: readonly Departure[];
}

/** Asks for the `page` that follows. */
export interface Pull {
  readonly type: "membership.pull";
  readonly buckets: readonly number[];
  readonly after: NodeId;
}

export type MembershipMessage = Ping | Ack | ProbeRequest | ProbeAnswer | Gossip | Digest | Page | Pull;
