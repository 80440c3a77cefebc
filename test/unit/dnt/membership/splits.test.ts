import { describe, expect, it } from "vitest";
import { seconds } from "../../../../src/lib/instant.ts";
import { ids, MembershipCluster } from "../../../support/membership-cluster.ts";

const bySide = (side: ReadonlySet<string>) => (from: string, to: string) => side.has(from) !== side.has(to);

describe("a network split", () => {
  it("makes each side bury the other, and healed both agree within 30 s that all live", () => {
    for (const seed of ["a", "b", "c"]) {
      const cluster = MembershipCluster.settled(30, seed);
      const left = ids(30).slice(0, 15);
      cluster.cut(bySide(new Set(left)));
      cluster.run(seconds(60));
      expect(
        cluster
          .of("n00")
          .members()
          .filter(({ state }) => state === "dead"),
      ).toHaveLength(15);
      expect(
        cluster
          .of("n29")
          .members()
          .filter(({ state }) => state === "dead")
          .map(({ id }) => id),
      ).toEqual(left);
      cluster.heal();
      cluster.until(() => cluster.agree("alive"), seconds(30));
      cluster.run(seconds(60));
      expect(cluster.agree("alive")).toBe(true);
      expect(cluster.running.some((id) => cluster.of(id).isolated)).toBe(false);
    }
  });

  it("of one host from all others: it buries nobody and says that it is isolated", () => {
    const cluster = MembershipCluster.settled(10, "lonely");
    cluster.cut(bySide(new Set(["n4"])));
    cluster.until(() => cluster.of("n4").isolated, seconds(10));
    cluster.run(seconds(300));
    expect(cluster.kinds("isolated").map(({ node }) => node)).toEqual(["n4"]);
    expect(cluster.kinds("suspected").filter(({ node }) => node === "n4")).toEqual([]);
    expect(
      cluster
        .of("n4")
        .members()
        .every(({ state }) => state === "alive" || state === "suspect"),
    ).toBe(true);
    expect(cluster.of("n0").get("n4")?.state).toBe("dead");
    cluster.forgetHistory();
    cluster.heal();
    cluster.until(() => cluster.agree("alive"), seconds(30));
    cluster.until(() => !cluster.of("n4").isolated, seconds(5));
    expect(cluster.kinds("reconnected").map(({ node }) => node)).toEqual(["n4"]);
  });

  it("stops suspicions from ending on the side that hears nobody", () => {
    const cluster = MembershipCluster.settled(10, "held");
    const known = cluster.of("n4").get("n7");
    if (known === undefined) throw new Error("n7 is listed");
    cluster.cut(bySide(new Set(["n4"])));
    const claim = { member: { ...known, state: "suspect" as const }, observers: ["n1"] };
    cluster.inject("n1", "n4", { type: "membership.gossip", claims: [claim] });
    cluster.run(seconds(120));
    expect(cluster.of("n4").get("n7")?.state).toBe("suspect");
    cluster.heal();
    cluster.until(() => cluster.agree("alive"), seconds(30));
  });

  it("in one direction only: who hears nothing is buried, and buries nobody", () => {
    const cluster = MembershipCluster.settled(10, "deaf");
    cluster.cut((_from, to) => to === "n7");
    cluster.run(seconds(120));
    expect(cluster.allSee("n7", "dead")).toBe(true);
    expect(
      cluster
        .of("n7")
        .members()
        .filter(({ state }) => state === "dead"),
    ).toEqual([]);
    expect(cluster.of("n7").isolated).toBe(true);
  });

  it("in the other direction: who is not heard learns of its death and does not burn its counter", () => {
    const cluster = MembershipCluster.settled(10, "mute");
    const { incarnation } = cluster.of("n7").self();
    cluster.cut((from) => from === "n7");
    cluster.run(seconds(300));
    expect(cluster.of("n0").get("n7")?.state).toBe("dead");
    expect(cluster.of("n7").self().incarnation).toBeLessThanOrEqual(incarnation + 2);
    cluster.heal();
    cluster.until(() => cluster.agree("alive"), seconds(30));
  });

  it("between two hosts: each takes the other for dead, and both come back", () => {
    const cluster = MembershipCluster.settled(2, "pair");
    cluster.cut(() => true);
    cluster.until(() => cluster.allSee("n0", "dead") && cluster.allSee("n1", "dead"), seconds(30));
    cluster.run(seconds(300));
    cluster.heal();
    cluster.until(() => cluster.agree("alive"), seconds(30));
  });
});
