import type { Departure, MemberClaim, MembershipMessage } from "../dnt/membership/messages.ts";
import type { Member } from "../model/member.ts";
import { COUNTS, LENGTHS } from "./limits.ts";
import { object, type Variants } from "./object.ts";
import { BOOLEAN, choice, integer, list, named, noted, nullable, text } from "./schema.ts";
import { COUNTER, LABELS, NAME, NODE_ID, RESOURCES, TEXT } from "./vocabulary.ts";

const HIGHEST_VERSION = 0xffff;
const HIGHEST_HASH = 0xffff_ffff;

const VERSION = named("protocol version", integer(0, HIGHEST_VERSION));

const MEMBER = object<Member>("Member", {
  id: NODE_ID,
  name: NAME,
  addresses: noted(list(TEXT, COUNTS.addresses), "multiaddrs it can be dialled at"),
  labels: LABELS,
  capacity: RESOURCES,
  incarnation: noted(COUNTER, "membership refuses jumps of more than 2^32"),
  state: choice("alive", "suspect", "dead", "left"),
  draining: BOOLEAN,
  joinedAt: noted(text(LENGTHS.time), "RFC 3339"),
  protocol: object<Member["protocol"]>("Versions", { min: VERSION, max: VERSION }),
  version: TEXT,
});

const CLAIM = object<MemberClaim>("MemberClaim", {
  member: MEMBER,
  observers: noted(list(NODE_ID, COUNTS.observers), "who found a suspect silent"),
});

const DEPARTURE = object<Departure>("Departure", { id: NODE_ID, incarnation: COUNTER });

const CLAIMS = named("claims", list(CLAIM, COUNTS.claims));
const HASH = named("hash", integer(0, HIGHEST_HASH));
const BUCKET = named("bucket", integer(0, COUNTS.buckets - 1));
const BUCKETS = list(BUCKET, COUNTS.buckets);
/** Pages begin after the empty id. */
const PLACE = noted(
  named("node id or nothing", text(LENGTHS.nodeId)),
  "the ids after this one; empty: from the first",
);

export const MEMBERSHIP: Variants<MembershipMessage, "type"> = {
  "membership.ping": {
    about: "Are you there? Answered by `membership.ack`.",
    fields: { sequence: COUNTER, claims: CLAIMS },
  },
  "membership.ack": {
    about: "Answers `membership.ping` with its number.",
    fields: { sequence: COUNTER, claims: CLAIMS },
  },
  "membership.probe-request": {
    about: "I cannot reach the target: ping it for me. Answered by `membership.probe-answer`.",
    fields: { sequence: COUNTER, target: NODE_ID },
  },
  "membership.probe-answer": {
    about: "What a helper found.",
    fields: { sequence: COUNTER, target: NODE_ID, reached: BOOLEAN },
  },
  "membership.gossip": { about: "News. Not answered.", fields: { claims: CLAIMS } },
  "membership.digest": {
    about: "Opens a synchronisation. Answered by `membership.page`.",
    fields: {
      buckets: list(HASH, COUNTS.buckets, COUNTS.buckets),
      claims: CLAIMS,
      missing: noted(
        list(NODE_ID, COUNTS.missing),
        "whom the sender knew in its last life and has not heard of since",
      ),
    },
  },
  "membership.page": {
    about: "Records of the buckets that differ, in the order of ids.",
    fields: {
      buckets: BUCKETS,
      after: PLACE,
      upTo: noted(nullable(NODE_ID), "the last id covered; null: to the end"),
      claims: CLAIMS,
      departed: noted(list(DEPARTURE, COUNTS.missing), "those of the `missing` who left"),
    },
  },
  "membership.pull": {
    about: "Asks for the page that follows.",
    fields: { buckets: BUCKETS, after: PLACE },
  },
};
