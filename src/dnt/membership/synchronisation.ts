/**
 * Anti-entropy between two members: hashes first, then the records that differ, a page at a time.
 *
 *   opener ──digest──→ responder            one hash per bucket
 *          ←──page───  records of the buckets that differ, in order of ids
 *          ──gossip─→  what the opener knows better within the range of that page
 *          ──pull───→  the next page, until one is the last
 *
 * The responder keeps nothing between messages. The opener keeps a session per peer: a page that it did not
 * ask for is ignored, so nobody can make it pour out its list.
 */
import type { Instant } from "../../lib/instant.ts";
import { seconds } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import { claimSize, compareClaims } from "./claim.ts";
import type { Digest, MemberClaim, Page, Pull } from "./messages.ts";
import { isNodeId } from "./plausible.ts";
import type { Roster } from "./roster.ts";
import { BUCKETS, PAGE, PUSH_CLAIMS } from "./settings.ts";

interface Session {
  readonly after: NodeId;
  readonly since: Instant;
}

/** A page that takes longer will not come. */
const SESSION_PATIENCE = seconds(5);
/** An attempt to join opens up to six, a round one more. */
const MOST_SESSIONS = 8;

/** A page, but for those who left. */
export type Records = Omit<Page, "departed">;

type ClaimOf = (member: Member) => MemberClaim;

export class Synchronisation {
  readonly #roster: Roster;
  readonly #claimOf: ClaimOf;
  readonly #sessions = new Map<NodeId, Session>();

  constructor(roster: Roster, claimOf: ClaimOf) {
    this.#roster = roster;
    this.#claimOf = claimOf;
  }

  /** Sessions under way. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Opens a session with the peer, unless one is under way. */
  open(peer: NodeId, now: Instant): boolean {
    for (const [other, { since }] of this.#sessions) {
      if (now - since >= SESSION_PATIENCE) this.#sessions.delete(other);
    }
    if (this.#sessions.has(peer) || this.#sessions.size >= MOST_SESSIONS) return false;
    this.#sessions.set(peer, { after: "", since: now });
    return true;
  }

  /** The first page for a digest. */
  compare(digest: Digest): Records | null {
    if (!Array.isArray(digest.buckets) || digest.buckets.length !== BUCKETS) return null;
    const own = this.#roster.digest();
    const differing = own.flatMap((print, bucket) => (print === digest.buckets[bucket] ? [] : [bucket]));
    return this.#page(differing, "");
  }

  /** The page for a pull; null when it makes no sense. */
  next(pull: Pull): Records | null {
    return areBuckets(pull.buckets) && isNodeId(pull.after) ? this.#page(pull.buckets, pull.after) : null;
  }

  /** Whether the page is the one asked for; the session then expects the following one, or is over. */
  expects(peer: NodeId, page: Records, now: Instant): boolean {
    if (this.#sessions.get(peer)?.after !== page.after || !areBuckets(page.buckets)) return false;
    if (goesOn(page)) this.#sessions.set(peer, { after: page.upTo, since: now });
    else this.#sessions.delete(peer);
    return true;
  }

  /** The pull that follows the page, if it was not the last. */
  pull(page: Records): Pull | null {
    return goesOn(page) ? { type: "membership.pull", buckets: page.buckets, after: page.upTo } : null;
  }

  /** What is known better here within the range of a page, in messages' worth of claims. */
  better(page: Records): readonly MemberClaim[][] {
    const theirs = new Map(page.claims.map(({ member }) => [member.id, member]));
    const better: MemberClaim[] = [];
    for (const member of this.#roster.inBuckets(new Set(page.buckets), page.after)) {
      if (page.upTo !== null && byText(member.id, page.upTo) > 0) break;
      const known = theirs.get(member.id);
      if (known === undefined ? member.state === "left" : compareClaims(member, known) <= 0) continue;
      better.push(this.#claimOf(member));
      if (better.length === PUSH_CLAIMS) break;
    }
    return pack(better);
  }

  #page(buckets: readonly number[], after: NodeId): Records {
    const claims: MemberClaim[] = [];
    let bytes = 0;
    let upTo: NodeId | null = null;
    if (buckets.length === 0) return { type: "membership.page", buckets, after, upTo, claims };
    for (const member of this.#roster.inBuckets(new Set(buckets), after)) {
      const claim = this.#claimOf(member);
      bytes += claimSize(claim);
      const last = claims.at(-1);
      if (last !== undefined && (claims.length >= PAGE.claims || bytes > PAGE.bytes)) {
        upTo = last.member.id;
        break;
      }
      claims.push(claim);
    }
    return { type: "membership.page", buckets, after, upTo, claims };
  }
}

/** A page that does not move on would be asked for again for ever. */
function goesOn(page: Records): page is Records & { readonly upTo: NodeId } {
  return isNodeId(page.upTo) && byText(page.upTo, page.after) > 0;
}

function areBuckets(buckets: readonly number[]): boolean {
  return (
    Array.isArray(buckets) &&
    buckets.length <= BUCKETS &&
    buckets.every((bucket) => Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS)
  );
}

function pack(claims: readonly MemberClaim[]): readonly MemberClaim[][] {
  const packs: MemberClaim[][] = [];
  let bytes = 0;
  for (const claim of claims) {
    const size = claimSize(claim);
    const last = packs.at(-1);
    if (last === undefined || last.length >= PAGE.claims || bytes + size > PAGE.bytes) {
      packs.push([claim]);
      bytes = size;
    } else {
      last.push(claim);
      bytes += size;
    }
  }
  return packs;
}
