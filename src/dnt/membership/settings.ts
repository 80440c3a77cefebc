import { type Millis, minutes, seconds } from "../../lib/instant.ts";

/** What a cluster may tune; all its members use the same values. */
export interface MembershipSettings {
  /** Addresses tried while this node knows nobody, and now and then those where no live member is known to be. */
  readonly seeds: readonly string[];
  /** One round of probes; a probe goes unanswered for two of them before its target is suspected. */
  readonly period: Millis;
  /** How long news is gathered before a gossip message leaves. */
  readonly gossipInterval: Millis;
  /** The least time a confirmed suspect has to refute. */
  readonly suspicionFloor: Millis;
  /** Time to refute per doubling of the network: news needs that much longer to get round. */
  readonly suspicionPerDoubling: Millis;
  /** Without any round trip for this long, a node doubts itself. */
  readonly isolatedAfter: Millis;
  /** Mean time between two synchronisations that a node opens. */
  readonly syncEvery: Millis;
  /** The same after one that found differences or was not answered: news was missed, perhaps by others, too. */
  readonly syncAgain: Millis;
  /** The same after any news: gossip misses somebody now and then. */
  readonly syncAfterNews: Millis;
  /** Back-off of the attempts to join, while alone. */
  readonly rejoinFirst: Millis;
  readonly rejoinMost: Millis;
  /** In its first life: for so long a seed that it has not met may be one of a cluster that it knows nothing of. */
  readonly seedPatience: Millis;
  /** A member that left is remembered this long, so that old news cannot bring it back. */
  readonly forgetLeftAfter: Millis;
}

/**
 * A stall of 3 s must not kill, a crash should be known at 5 s: a probe that misses is given two periods and
 * then at least 2 s of suspicion, so death comes no earlier than 4 s after the first miss, which leaves a
 * node that wakes at 3 s one second to say so; half of that is what news needs to get round 30 hosts.
 */
export const DEFAULTS: MembershipSettings = {
  seeds: [],
  period: seconds(1),
  gossipInterval: 100,
  suspicionFloor: seconds(2),
  suspicionPerDoubling: 400,
  isolatedAfter: seconds(4),
  syncEvery: seconds(30),
  syncAgain: seconds(2),
  syncAfterNews: seconds(5),
  rejoinFirst: seconds(1),
  rejoinMost: minutes(1),
  seedPatience: minutes(1),
  forgetLeftAfter: minutes(24 * 60),
};

/** Probes per period: in a small network more, so that somebody notices a crash within half a second. */
export const MOST_PROBES_PER_PERIOD = 3;
export const PROBES_TIMES_MEMBERS = 48;
/** Periods within which a death cannot follow from silence: who was heard that lately contradicts it. */
export const HEARD_LATELY = 4;
/** Suspects asked once more, per round, before they are declared dead; in a mass failure the rest go unasked. */
export const LAST_CHANCES = 16;
/** Members asked to probe for us (SWIM's k): at 5 % loss all of them and both own pings fail once in 17,000. */
export const HELPERS = 3;
/** Observers after which a suspicion needs no more confirmation (Lifeguard's K). */
export const CONFIRMATIONS = 3;
/** Peers told per gossip round; with the interval it bounds a storm at 30 messages a second and node. */
export const GOSSIP_FANOUT = 3;
/** What rides on a ping or an ack: about one packet. */
export const PIGGYBACK = { claims: 6, bytes: 2048 } as const;
/** A rumour leaves a node this often, plus once per doubling: it misses one of 30 members once in 100 times. */
export const SENDINGS = 3;
/** What one gossip message or page holds: a flash join of 1,000 nodes is 16 pages. */
export const PAGE = { claims: 64, bytes: 32_768 } as const;
/** Records pushed back per page: the rest travels when the other side opens its own synchronisation. */
export const PUSH_CLAIMS = 128;
/** Claims of one message that are looked at; the wire allows no more. */
export const CLAIMS_READ = 128;
/** Hashes of a digest: at 1,024 members one difference costs a page of about 16 records. */
export const BUCKETS = 64;
/** Probes on behalf of others that are open at once; helpers are chosen at random, so three is usual. */
export const MOST_RELAYS = 64;
/** A helper gives the target at least this part of a period before it says "silent". */
export const RELAY_PATIENCE = 0.5;
/** Local health runs from 0 (well) to this; at the worst, suspicions age nine times slower. */
export const WORST_HEALTH = 8;
/** A list of this length is 30 times the largest network tried: what exceeds it is not a network. */
export const MOST_MEMBERS = 32_768;
/** Peers or seeds tried in one attempt to join. */
export const JOIN_ATTEMPTS = 3;
/** Members that left and are remembered for those who were away meanwhile, the last of them; some 60 bytes each. */
export const MOST_DEPARTED = 4096;
/** Peers of its last life of whom a node asks in one synchronisation what became of them. */
export const MISSING = 64;
/** Reconnections to each dead member, from the whole network, per this many periods. */
export const RECONNECT = { attempts: 3, periods: 10 } as const;
/** Seeds of which no live member is known that are tried, from the whole network, per this many periods. */
export const SEED_TRIES = { attempts: 1, periods: 60 } as const;
/** No honest counter grows by more in one step; a larger jump is refused, whoever it is about. */
export const MOST_INCARNATION_JUMP = 2 ** 32;
/** Round trips kept per member; the median of nine shrugs off four outliers. */
export const ROUND_TRIPS = 9;
/** Round trips beyond this are a stall, not a distance. */
export const LONGEST_ROUND_TRIP = seconds(10);
/** Members told directly by one that leaves (it will not be there to gossip), or of which an operator wants something. */
export const TOLD_AT_ONCE = 8;
/** Two increments of the own incarnation are this far apart: a bound on a war between clones. */
export const REFUTATION_SPACING = 500;

/** Bits needed to write n: the integer logarithm by which news and patience are scaled. */
export function doublings(n: number): number {
  return 32 - Math.clz32(n);
}
