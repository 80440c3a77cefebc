import { Membership, type MembershipMaker } from "../../dnt/membership/membership.ts";
import { byText } from "../../lib/order.ts";
import type { Member } from "../../model/member.ts";
import type { HostSpec } from "../world/host.ts";
import { profileOf } from "../world/profile.ts";

/** The hosts as members, sorted by id, as each will say of itself when it has started for the first time. */
export function membersOf(hosts: readonly HostSpec[]): readonly Member[] {
  const members = hosts.map((host): Member => ({ ...profileOf(host), incarnation: 1, state: "alive" }));
  return members.sort((a, b) => byText(a.id, b.id));
}

/** The real membership of a network that has been there for a while: nobody has to join first. */
export function settledMembership(hosts: readonly HostSpec[]): MembershipMaker {
  const settled = membersOf(hosts);
  return (settings, dependencies) => new Membership(settings, { ...dependencies, settled });
}
