import type { Member, MemberState } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";

/** What became of the list of members; the agent turns these into notifications and decisions. */
export type MembershipChange =
  /** Listed for the first time, in whatever state: a newcomer learns of the dead, too. */
  | { readonly kind: "joined"; readonly member: Member }
  | { readonly kind: "suspected"; readonly member: Member; readonly observers: readonly NodeId[] }
  /** The suspect has refuted. */
  | { readonly kind: "cleared"; readonly member: Member }
  | { readonly kind: "died"; readonly member: Member }
  /** Dead or left, and back under a higher incarnation. */
  | { readonly kind: "returned"; readonly member: Member }
  | { readonly kind: "left"; readonly member: Member }
  /** It says something else of itself. */
  | { readonly kind: "updated"; readonly member: Member; readonly previous: Member }
  /** Two hosts go by one name; both stay. */
  | { readonly kind: "same-name"; readonly member: Member; readonly others: readonly NodeId[] }
  /** Others held this node to be in that state, and were told otherwise. */
  | { readonly kind: "refuted"; readonly member: Member; readonly claimed: MemberState }
  /** This node hears nobody: what its list says of others is not to be relied on. */
  | { readonly kind: "isolated" }
  | { readonly kind: "reconnected" };

/** What the step from one claim about a member to a newer one is called; null: nothing that matters. */
export function changeBetween(
  previous: Member | null,
  member: Member,
  observers: readonly NodeId[],
  profileKept: boolean,
): MembershipChange | null {
  if (previous === null) return member.state === "left" ? null : { kind: "joined", member };
  if (member.state === "alive" && previous.state === "suspect") return { kind: "cleared", member };
  if (isGone(previous) && !isGone(member)) return { kind: "returned", member };
  if (member.state === previous.state) return profileKept ? null : { kind: "updated", member, previous };
  if (member.state === "suspect") return { kind: "suspected", member, observers };
  if (member.state === "dead") return { kind: "died", member };
  return { kind: "left", member };
}

function isGone(member: Member): boolean {
  return member.state === "dead" || member.state === "left";
}
