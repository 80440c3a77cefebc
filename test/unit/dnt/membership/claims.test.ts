import { describe, expect, it } from "vitest";
import { seconds } from "../../../../src/lib/instant.ts";
import type { Member } from "../../../../src/model/member.ts";
import { ids, MembershipCluster, profile } from "../../../support/membership-cluster.ts";

function member(id: string, change: Partial<Member> = {}): Member {
  return { ...profile(id), incarnation: 1, state: "alive", ...change };
}

function gossip(...members: Member[]) {
  return {
    type: "membership.gossip" as const,
    claims: members.map((claimed) => ({ member: claimed, observers: [] })),
  };
}

describe("a claim", () => {
  it("that is older than what is known changes nothing", () => {
    const cluster = MembershipCluster.settled(4, "old");
    cluster.act("n2", (membership, turn) => membership.update({ draining: true }, turn));
    cluster.until(() => cluster.of("n0").get("n2")?.draining === true, seconds(5));
    const known = cluster.of("n0").get("n2") as Member;
    for (const state of ["suspect", "dead", "left"] as const) {
      cluster.inject("n1", "n0", gossip({ ...known, incarnation: known.incarnation - 1, state }));
    }
    expect(cluster.of("n0").get("n2")).toBe(known);
  });

  it("of a return under the incarnation it died with is not believed", () => {
    const cluster = MembershipCluster.settled(4, "ghost");
    cluster.crash("n2");
    const known = cluster.of("n0").get("n2") as Member;
    cluster.until(() => cluster.allSee("n2", "dead"), seconds(30));
    cluster.inject("n1", "n0", gossip(known));
    expect(cluster.of("n0").get("n2")?.state).toBe("dead");
    cluster.inject("n1", "n0", gossip({ ...known, incarnation: known.incarnation + 1 }));
    expect(cluster.of("n0").get("n2")?.state).toBe("alive");
  });

  it("of a stranger that has left is no news", () => {
    const cluster = MembershipCluster.settled(3, "stranger");
    cluster.inject("n1", "n0", gossip(member("gone", { state: "left" })));
    expect(cluster.of("n0").get("gone")).toBeUndefined();
    cluster.inject("n1", "n0", gossip(member("fell", { state: "dead" })));
    expect(cluster.of("n0").get("fell")?.state).toBe("dead");
  });

  const absurd: Record<string, Partial<Member>> = {
    "an incarnation that is not a number": { incarnation: Number.NaN },
    "an infinite incarnation": { incarnation: Number.POSITIVE_INFINITY },
    "a negative incarnation": { incarnation: -1 },
    "a fractional incarnation": { incarnation: 1.5 },
    "a leap of the incarnation": { incarnation: 2 ** 33 },
    "an unknown state": { state: "undead" as never },
    "no id": { id: "" },
    "a name as long as a book": { name: "x".repeat(10_000) },
    "more addresses than any host has": { addresses: Array.from({ length: 100 }, (_, i) => `/memory/${i}`) },
    "a negative capacity": { capacity: { cpu: -1, memory: 1 } },
    "a capacity that is not a number": { capacity: { cpu: Number.NaN, memory: 1 } },
    "versions from high to low": { protocol: { min: 3, max: 1 } },
    "a join at no time": { joinedAt: "yesterday" },
  };
  for (const [what, change] of Object.entries(absurd)) {
    it(`with ${what} is not believed`, () => {
      const cluster = MembershipCluster.settled(3, "absurd");
      const before = cluster.of("n0").members();
      const known = before[1] as Member;
      cluster.inject("n2", "n0", gossip(member("new", change)));
      cluster.inject(
        "n2",
        "n0",
        gossip({ ...known, incarnation: known.incarnation + 1, ...change, id: change.id ?? known.id }),
      );
      expect(cluster.of("n0").members()).toBe(before);
    });
  }

  it("about oneself is refuted, unless no honest counter could have got there", () => {
    const cluster = MembershipCluster.settled(3, "myself");
    const self = cluster.of("n0").self();
    cluster.inject(
      "n1",
      "n0",
      gossip({ ...self, incarnation: self.incarnation + 2 ** 32 + 1, state: "dead" }),
    );
    expect(cluster.of("n0").self()).toBe(self);
    cluster.inject("n1", "n0", gossip({ ...self, incarnation: self.incarnation + 40, state: "dead" }));
    expect(cluster.of("n0").self().incarnation).toBe(self.incarnation + 41);
    cluster.until(() => cluster.of("n2").get("n0")?.incarnation === self.incarnation + 41, seconds(5));
  });

  it("repeated in a flood raises the own incarnation at most twice a second", () => {
    const cluster = MembershipCluster.settled(3, "flood");
    const { incarnation } = cluster.of("n0").self();
    for (let i = 0; i < 1000; i++) {
      cluster.inject("n1", "n0", gossip({ ...cluster.of("n0").self(), state: "suspect" }));
      cluster.run(10);
    }
    expect(cluster.of("n0").self().incarnation - incarnation).toBeLessThanOrEqual(21);
    cluster.until(() => cluster.agree("alive"), seconds(10));
  });

  it("that gives two profiles under one incarnation ends the same everywhere", () => {
    const cluster = MembershipCluster.settled(6, "clone");
    const known = cluster.of("n0").get("n5") as Member;
    for (const [i, id] of ids(4).entries()) cluster.inject("n4", id, gossip({ ...known, name: `liar-${i}` }));
    const names = () => new Set(cluster.views().map((view) => view[5]?.name));
    cluster.until(() => names().size === 1 && names().has("host-n5"), seconds(60));
  });
});

describe("a page", () => {
  it("that nobody asked for is ignored", () => {
    const cluster = MembershipCluster.settled(3, "unasked");
    cluster.run(500);
    const sent = cluster.sent.get("n0");
    const buckets = Array.from({ length: 64 }, (_, i) => i);
    const claims = [{ member: member("new"), observers: [] }];
    cluster.inject("n1", "n0", {
      type: "membership.page",
      buckets,
      after: "",
      upTo: null,
      claims,
      departed: [],
    });
    expect(cluster.of("n0").get("new")).toBeUndefined();
    expect(cluster.sent.get("n0")).toBe(sent);
  });

  it("asked for nonsense is not sent", () => {
    const cluster = MembershipCluster.settled(3, "nonsense");
    const sent = cluster.sent.get("n0");
    cluster.inject("n1", "n0", { type: "membership.pull", buckets: [-1], after: "n0" });
    cluster.inject("n1", "n0", { type: "membership.pull", buckets: [64], after: "n0" });
    cluster.inject("n1", "n0", { type: "membership.pull", buckets: [0.5], after: "n0" });
    cluster.inject("n1", "n0", { type: "membership.digest", buckets: [1, 2, 3], claims: [], missing: [] });
    expect(cluster.sent.get("n0")).toBe(sent);
  });
});
