import { describe, expect, it } from "vitest";
import { Membership } from "../../../../src/dnt/membership/membership.ts";
import { seconds } from "../../../../src/lib/instant.ts";
import { Random } from "../../../../src/lib/random.ts";
import { MembershipCluster, profile } from "../../../support/membership-cluster.ts";

describe("a restarted member", () => {
  it("rejoins without seeds through the peers it knew, under a higher incarnation", () => {
    const cluster = MembershipCluster.settled(5, "restart");
    const { incarnation } = cluster.of("n3").self();
    cluster.crash("n3");
    cluster.until(() => cluster.allSee("n3", "dead"), seconds(30));
    cluster.start("n3");
    expect(cluster.of("n3").self().incarnation).toBe(incarnation + 1);
    expect(cluster.until(() => cluster.agree("alive"), seconds(30))).toBeLessThan(seconds(3));
    expect(
      cluster
        .kinds("returned")
        .map(({ node }) => node)
        .sort(),
    ).toEqual(["n0", "n1", "n2", "n4"]);
  });

  it("knows that there are others until somebody who has heard of them all has told who they are", () => {
    const cluster = MembershipCluster.settled(3, "unheard");
    expect(cluster.of("n0").unheard()).toEqual([]);
    for (const node of ["n0", "n1", "n2"]) cluster.crash(node);
    cluster.start("n0");
    cluster.run(seconds(10));
    expect(cluster.of("n0").members()).toHaveLength(1);
    expect([...cluster.of("n0").unheard()].sort()).toEqual(["n1", "n2"]);
    cluster.start("n1");
    cluster.until(() => cluster.of("n0").get("n1")?.state === "alive", seconds(30));
    cluster.run(seconds(120));
    expect(cluster.of("n0").unheard()).toEqual(["n2"]);
    for (const node of ["n0", "n1"]) cluster.crash(node);
    for (const node of ["n0", "n1"]) cluster.start(node);
    cluster.run(seconds(120));
    expect(cluster.of("n1").unheard()).toEqual(["n2"]);
    cluster.start("n2");
    cluster.until(() => cluster.of("n0").unheard().length === 0, seconds(60));
    expect(cluster.of("n0").get("n2")?.state).toBe("alive");
  });

  it("learns from one who has heard of all that somebody left while it was away", () => {
    const cluster = MembershipCluster.settled(4, "left meanwhile");
    cluster.crash("n0");
    cluster.act("n3", (membership, turn) => membership.leave("left", turn));
    cluster.run(seconds(10));
    cluster.crash("n3");
    for (const node of ["n1", "n2"]) cluster.crash(node);
    for (const node of ["n0", "n1", "n2"]) cluster.start(node);
    expect(cluster.until(() => cluster.of("n0").unheard().length === 0, seconds(60))).toBeLessThan(
      seconds(60),
    );
  });

  it("that is back before anybody noticed is not suspected", () => {
    const cluster = MembershipCluster.settled(5, "quick");
    const { incarnation } = cluster.of("n3").self();
    cluster.crash("n3");
    cluster.start("n3");
    cluster.until(() => cluster.of("n0").get("n3")?.incarnation === incarnation + 1, seconds(5));
    expect(cluster.kinds("suspected")).toEqual([]);
  });

  it("that lost its disk is told what it was, and goes past it", () => {
    const cluster = MembershipCluster.settled(5, "wiped");
    for (const draining of [true, false, true, false]) {
      cluster.act("n3", (membership, turn) => membership.update({ draining }, turn));
    }
    cluster.run(seconds(5));
    const { incarnation } = cluster.of("n3").self();
    for (const dead of [true, false]) {
      cluster.crash("n3");
      cluster.wipe("n3");
      if (dead) cluster.until(() => cluster.allSee("n3", "dead"), seconds(30));
      cluster.start("n3", ["n0"]);
      expect(cluster.of("n3").self().incarnation).toBe(1);
      cluster.until(() => cluster.agree("alive"), seconds(30));
      cluster.until(() => cluster.of("n3").self().incarnation > incarnation, seconds(30));
      cluster.until(
        () => cluster.of("n1").get("n3")?.incarnation === cluster.of("n3").self().incarnation,
        seconds(30),
      );
    }
  });

  it("never speaks of an incarnation that a crash could make it forget", () => {
    const cluster = MembershipCluster.settled(5, "slow-disk", {}, { disk: 3000 });
    const known = () => cluster.of("n0").get("n1")?.incarnation ?? 0;
    const before = known();
    cluster.act("n1", (membership, turn) => membership.update({ draining: true }, turn));
    cluster.run(2900);
    expect(cluster.of("n1").self().incarnation).toBe(before + 1);
    expect(known()).toBe(before);
    cluster.run(seconds(5));
    expect(known()).toBe(before + 1);
  });

  it("reads what it can of a damaged disk", () => {
    for (const incarnation of [Number.NaN, -1, 1.5, "7", null, Number.MAX_VALUE]) {
      const peers = [{ id: "b", addresses: ["/memory/b"] }, null, { id: 7 }, { id: "c", addresses: "x" }];
      const restored = new Map<string, unknown>([
        ["dnt/incarnation", incarnation],
        ["dnt/peers", peers],
      ]);
      const membership = new Membership({}, { self: profile("a"), random: new Random("disk"), restored });
      expect(membership.self().incarnation).toBe(0);
    }
  });
});
