/**
 * Claims and their order. A claim about a member supersedes another when its incarnation is higher or, at the
 * same incarnation, its state is further along alive → suspect → dead → left. What is left equal is ordered
 * by a hash of the profile: two different profiles under one incarnation (a cloned or wiped disk) then
 * resolve the same way everywhere, until their owner contradicts.
 *
 * Deviation from SWIM: there, a death is final whatever the incarnation; here every view only moves up one
 * total order, so views are joins of a semilattice and anti-entropy makes them equal.
 */

import { sortedEntries } from "../../lib/order.ts";
import { hash32 } from "../../lib/random.ts";
import type { Member, MemberState } from "../../model/member.ts";
import type { Labels } from "../../model/node.ts";
import type { MemberClaim } from "./messages.ts";

const RANK: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

type Standing = Pick<Member, "incarnation" | "state">;

/** The order without the profiles: enough to see that a claim is old. */
export function compareStanding(a: Standing, b: Standing): number {
  return a.incarnation - b.incarnation || RANK[a.state] - RANK[b.state];
}

/** Positive: `a` supersedes `b`. Zero: they say the same. Both are about one member. */
export function compareClaims(a: Member, b: Member): number {
  const standing = compareStanding(a, b);
  if (standing !== 0) return standing;
  return sameProfile(a, b) ? 0 : profilePrint(a) - profilePrint(b);
}

/** Whether a member says the same of itself in both; incarnation and state aside. */
export function sameProfile(a: Member, b: Member): boolean {
  if (a === b) return true;
  return sameScalars(a, b) && sameTexts(a.addresses, b.addresses) && sameLabels(a.labels, b.labels);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  let common = 0;
  for (const label in a) {
    if (a[label] !== b[label]) return false;
    common++;
  }
  return Object.keys(b).length === common;
}

function sameScalars(a: Member, b: Member): boolean {
  return (
    a.name === b.name &&
    a.draining === b.draining &&
    a.capacity.cpu === b.capacity.cpu &&
    a.capacity.memory === b.capacity.memory &&
    a.joinedAt === b.joinedAt &&
    a.version === b.version &&
    a.protocol.min === b.protocol.min &&
    a.protocol.max === b.protocol.max
  );
}

function profileText(member: Member): string {
  const { name, addresses, capacity, draining, joinedAt, protocol, version } = member;
  const labels = sortedEntries(new Map(Object.entries(member.labels)));
  return JSON.stringify([
    name,
    addresses,
    labels,
    [capacity.cpu, capacity.memory],
    draining,
    joinedAt,
    [protocol.min, protocol.max],
    version,
  ]);
}

function profilePrint(member: Member): number {
  return hash32(profileText(member));
}

/** 32 bits that differ when anything about the member does; digests are sums of these. */
export function claimPrint(member: Member): number {
  const { id, incarnation, state } = member;
  return hash32(`${id}/${incarnation}/${RANK[state]}/${profilePrint(member)}`);
}

const OVERHEAD = 160;

/** About how many bytes the claim takes on the wire; messages are filled by it. */
export function claimSize({ member, observers }: MemberClaim): number {
  let size = OVERHEAD + member.id.length * (1 + observers.length) + member.name.length;
  for (const address of member.addresses) size += address.length;
  for (const label in member.labels) size += label.length + (member.labels[label] ?? "").length;
  return size;
}
