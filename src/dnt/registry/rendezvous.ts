import { byText } from "../../lib/order.ts";
import { hash32, hash32Of } from "../../lib/random.ts";
import type { MemberState } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";

/** What the registry needs to know of a member. */
export interface RegistryMember {
  readonly id: NodeId;
  readonly state: MemberState;
  readonly draining: boolean;
}

/**
 * Everybody who has not left, in the order in which they would be home of `name`: highest random weight first
 * (Thaler & Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998), ties by id.
 */
export function ranked<M extends RegistryMember>(name: string, members: readonly M[]): M[] {
  return members
    .filter(({ state }) => state !== "left")
    .map((member) => ({ member, high: weight(name, member.id, "a"), low: weight(name, member.id, "b") }))
    .sort((a, b) => b.high - a.high || b.low - a.low || byText(a.member.id, b.member.id))
    .map(({ member }) => member);
}

/**
 * The home of `name`. The dead count: a record whose home is dead is out of reach, and nobody else makes it
 * again. Draining members are homes only when nobody else is left.
 */
export function homeOf(name: string, members: readonly RegistryMember[]): NodeId | null {
  const staying = (member: RegistryMember): boolean => member.state !== "left";
  const taking = (member: RegistryMember): boolean => staying(member) && !member.draining;
  return (highest(name, members, taking) ?? highest(name, members, staying))?.id ?? null;
}

/** Whether `a` would rather be home of `name` than `b`, whatever becomes of them. */
export function ranksAbove(name: string, a: NodeId, b: NodeId): boolean {
  const difference = weight(name, a, "a") - weight(name, b, "a");
  return difference === 0 ? a !== b && before(name, a, b) : difference > 0;
}

function highest<M extends RegistryMember>(
  name: string,
  members: readonly M[],
  eligible: (member: M) => boolean,
): M | undefined {
  let best: M | undefined;
  let most = 0;
  const end = `/${name}`;
  for (const member of members) {
    if (!eligible(member)) continue;
    const high = hash32Of("a/", member.id, end);
    const equal = best !== undefined && high === most && before(name, member.id, best.id);
    if (best !== undefined && high <= most && !equal) continue;
    best = member;
    most = high;
  }
  return best;
}

/** Between two of equal weight. */
function before(name: string, a: NodeId, b: NodeId): boolean {
  const difference = weight(name, b, "b") - weight(name, a, "b");
  return difference !== 0 ? difference < 0 : a < b;
}

function weight(name: string, id: NodeId, salt: string): number {
  return hash32(`${salt}/${id}/${name}`);
}
