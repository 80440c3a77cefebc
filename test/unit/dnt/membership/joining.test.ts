import { describe, expect, it } from "vitest";
import { seconds } from "../../../../src/lib/instant.ts";
import { ids, MembershipCluster } from "../../../support/membership-cluster.ts";

describe("joining", () => {
  it("lists thirty members everywhere within seconds, through one seed", () => {
    const cluster = new MembershipCluster("thirty");
    for (const id of ids(30)) cluster.start(id, ["n00"]);
    const took = cluster.until(() => cluster.agree("alive"), seconds(30));
    expect(took).toBeLessThan(seconds(5));
    expect(
      cluster
        .of("n07")
        .members()
        .map(({ id }) => id),
    ).toEqual(ids(30));
    expect(cluster.kinds("suspected")).toEqual([]);
  });

  it("says once, on each node, that a member has joined", () => {
    const cluster = MembershipCluster.settled(5, "once");
    cluster.start("late", ["n3"]);
    cluster.until(() => cluster.agree("alive"), seconds(30));
    cluster.run(seconds(60));
    const told = cluster
      .kinds("joined")
      .filter(({ change }) => "member" in change && change.member.id === "late");
    expect(told.map(({ node }) => node).sort()).toEqual(ids(5));
  });

  it("goes on trying its seed until there is one", () => {
    const cluster = new MembershipCluster("patient");
    cluster.start("early", ["late"]);
    cluster.run(seconds(600));
    expect(cluster.of("early").members()).toHaveLength(1);
    cluster.start("late");
    const took = cluster.until(() => cluster.agree("alive"), seconds(120));
    expect(took).toBeLessThanOrEqual(seconds(80));
  });

  it("is neither isolated nor talkative while it is the only host", () => {
    const cluster = new MembershipCluster("only");
    cluster.start("only", ["only"]);
    cluster.run(seconds(600));
    expect(cluster.of("only").isolated).toBe(false);
    expect(cluster.sent.get("only") ?? 0).toBe(0);
  });

  it("does not try again, in company, a seed that turned out to be its own address", () => {
    const cluster = new MembershipCluster("own address");
    cluster.start("first", ["first", "nobody"], { addresses: ["/memory/elsewhere"] });
    cluster.start("second", ["first"]);
    cluster.until(() => cluster.agree("alive"), seconds(30));
    cluster.forgetHistory();
    cluster.run(seconds(1800));
    expect(new Set(cluster.dialled.get("first"))).toEqual(new Set(["/memory/nobody"]));
  });

  it("meets at once the others of its cluster that formed a group around another seed", () => {
    const cluster = new MembershipCluster("groups");
    cluster.start("a", ["a", "b"]);
    cluster.start("c", ["a"]);
    cluster.run(seconds(5));
    expect(cluster.of("a").members()).toHaveLength(2);
    expect(cluster.of("a").strangers()).toEqual(["/memory/b"]);
    cluster.start("b");
    cluster.start("d", ["b"]);
    expect(cluster.until(() => cluster.agree("alive"), seconds(30))).toBeLessThan(seconds(15));
    expect(cluster.of("a").strangers()).toEqual([]);
  });

  it("takes a seed that nobody has met in its first minute not to be there", () => {
    const cluster = new MembershipCluster("no such seed");
    cluster.start("a", ["nobody"]);
    cluster.start("c", ["a"]);
    cluster.run(seconds(55));
    expect(cluster.of("a").strangers()).toEqual(["/memory/nobody"]);
    cluster.run(seconds(10));
    expect(cluster.of("a").strangers()).toEqual([]);
    cluster.crash("a");
    cluster.start("a", ["nobody"]);
    expect(cluster.of("a").strangers()).toEqual([]);
  });

  it("measures round trips to everybody within as many seconds as there are members", () => {
    const cluster = MembershipCluster.settled(40, "measured", {}, { latency: [4, 4] });
    cluster.run(seconds(40) * 9);
    for (const id of ids(40).slice(1)) expect(cluster.of("n00").rtt(id)).toBe(8);
    cluster.conditions = { ...cluster.conditions, latency: [10, 10] };
    cluster.run(seconds(40) * 6);
    for (const id of ids(40).slice(1)) expect(cluster.of("n00").rtt(id)).toBe(20);
    expect(cluster.of("n00").rtt("n00")).toBeNull();
    expect(cluster.of("n00").lastHeard("n17", cluster.now)).toBeLessThanOrEqual(seconds(40));
  });

  it("keeps both of two hosts with one name and says so", () => {
    const cluster = MembershipCluster.settled(3, "namesakes");
    cluster.start("x", ["n0"], { name: "host-n1" });
    cluster.until(() => cluster.agree("alive"), seconds(30));
    const seen = cluster.kinds("same-name").filter(({ node }) => node === "n2");
    expect(seen.map(({ change }) => change)).toMatchObject([{ member: { id: "x" }, others: ["n1"] }]);
    expect(cluster.kinds("same-name").map(({ node }) => node)).toContain("n1");
  });

  it("spreads what a member says of itself", () => {
    const cluster = MembershipCluster.settled(30, "draining");
    cluster.act("n04", (membership, turn) => membership.update({ draining: true }, turn));
    cluster.until(() => cluster.views().every((view) => view[4]?.draining === true), seconds(5));
    const updates = cluster.kinds("updated");
    expect(updates).toHaveLength(29);
    expect(updates[0]?.change).toMatchObject({ member: { draining: true }, previous: { draining: false } });
  });

  it("is followed by a comparison of lists on every node, for whom the news missed", () => {
    const cluster = MembershipCluster.settled(30, "compare");
    cluster.run(seconds(30));
    cluster.forgetHistory();
    cluster.act("n04", (membership, turn) => membership.update({ draining: true }, turn));
    cluster.run(seconds(10));
    expect(cluster.sentByType.get("membership.digest")).toBeGreaterThanOrEqual(30);
  });

  it("says nothing when an update changes nothing", () => {
    const cluster = MembershipCluster.settled(3, "no-change");
    const { incarnation } = cluster.of("n1").self();
    cluster.act("n1", (membership, turn) => membership.update({ draining: false }, turn));
    expect(cluster.of("n1").self().incarnation).toBe(incarnation);
  });
});

describe("leaving", () => {
  it("is known everywhere without a suspicion", () => {
    const cluster = MembershipCluster.settled(30, "leave");
    cluster.act("n11", (membership, turn) => membership.leave("left", turn));
    cluster.run(1);
    const sent = cluster.sent.get("n11");
    cluster.until(() => cluster.allSee("n11", "left"), seconds(5));
    cluster.run(seconds(60));
    expect(cluster.kinds("suspected")).toEqual([]);
    expect(cluster.kinds("left")).toHaveLength(29);
    expect(cluster.sent.get("n11")).toBe(sent);
  });

  it("for a while counts as dead at once, without a suspicion: what it holds is not forgotten", () => {
    const cluster = MembershipCluster.settled(30, "away");
    cluster.act("n11", (membership, turn) => membership.leave("dead", turn));
    cluster.until(() => cluster.allSee("n11", "dead"), seconds(5));
    cluster.run(seconds(60));
    expect(cluster.kinds("suspected")).toEqual([]);
    expect(cluster.allSee("n11", "dead")).toBe(true);
  });

  it("is forgotten after a day, everywhere, though some forget before others", () => {
    const forgetLeftAfter = seconds(120);
    const cluster = MembershipCluster.settled(8, "forget", { forgetLeftAfter });
    cluster.act("n3", (membership, turn) => membership.leave("left", turn));
    cluster.run(seconds(100));
    expect(cluster.allSee("n3", "left")).toBe(true);
    cluster.crash("n3");
    cluster.run(seconds(200));
    for (const id of cluster.running) expect(cluster.of(id).get("n3")).toBeUndefined();
  });
});
