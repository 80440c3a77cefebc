import { describe, expect, it } from "vitest";
import { seconds } from "../../../../src/lib/instant.ts";
import { ids, MembershipCluster } from "../../../support/membership-cluster.ts";

const seeds = Array.from({ length: 20 }, (_, i) => `seed-${i}`);

/** Virtual time from a crash until the first and until all know. */
function detect(count: number, seed: string, loss: number) {
  const cluster = MembershipCluster.settled(count, seed, {}, { loss });
  cluster.run(new TextEncoder().encode(seed).reduce((a, b) => a + 17 * b, 0) % 1000);
  const victim = ids(count).at(-1) ?? "";
  cluster.crash(victim);
  const at = cluster.now;
  const all = cluster.until(() => cluster.allSee(victim, "dead"), seconds(60));
  const first = Math.min(...cluster.kinds("died").map((seen) => seen.at)) - at;
  const wrong = cluster
    .kinds("died")
    .filter(({ change }) => "member" in change && change.member.id !== victim);
  return { first, all, wrong: wrong.length };
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe("a crash", () => {
  for (const count of [2, 3, 5, 16, 30]) {
    it(`is declared within 5 s at the median and known everywhere within 8 s among ${count}`, () => {
      const runs = seeds.map((seed) => detect(count, seed, 0.01));
      expect(median(runs.map(({ first }) => first))).toBeLessThanOrEqual(seconds(5));
      expect(Math.max(...runs.map(({ all }) => all))).toBeLessThanOrEqual(seconds(8));
      expect(runs.reduce((sum, { wrong }) => sum + wrong, 0)).toBe(0);
    });
  }

  it("is declared no sooner than a stall of 3 s could be told from it", () => {
    const runs = seeds.flatMap((seed) => [detect(3, seed, 0), detect(16, seed, 0)]);
    const inFlight = 3;
    expect(Math.min(...runs.map(({ first }) => first))).toBeGreaterThanOrEqual(seconds(4) - inFlight);
  });

  it("stays listed as a death", () => {
    const cluster = MembershipCluster.settled(5, "tombstone");
    cluster.crash("n2");
    cluster.until(() => cluster.allSee("n2", "dead"), seconds(30));
    cluster.start("n9", ["n0"]);
    cluster.run(seconds(600));
    expect(cluster.of("n9").get("n2")?.state).toBe("dead");
    expect(cluster.allSee("n2", "dead")).toBe(true);
  });

  it("of a third of the hosts at once is declared of those, and of nobody else", () => {
    const cluster = MembershipCluster.settled(30, "third");
    const victims = ids(30).slice(0, 10);
    for (const id of victims) cluster.crash(id);
    cluster.until(() => victims.every((id) => cluster.allSee(id, "dead")), seconds(30));
    cluster.run(seconds(30));
    const buried = cluster.kinds("died").map(({ change }) => ("member" in change ? change.member.id : ""));
    expect([...new Set(buried)].sort()).toEqual(victims);
  });
});

describe("a suspect", () => {
  it("is told so by every ping, before any other news", () => {
    const cluster = MembershipCluster.settled(6, "told");
    cluster.crash("n3");
    cluster.until(() => cluster.allSee("n3", "suspect"), seconds(10));
    const pings: unknown[] = [];
    cluster.overhear = (_from, to, message) => {
      if (to === "n3" && message.type === "membership.ping") pings.push(message.claims[0]);
    };
    cluster.until(() => cluster.of("n0").get("n3")?.state === "dead", seconds(10));
    expect(pings.length).toBeGreaterThan(2);
    for (const claim of pings) expect(claim).toMatchObject({ member: { id: "n3" } });
  });
});

describe("a live member", () => {
  it("that stalls for 3 s is declared dead by nobody, at 5 % loss", () => {
    let refuted = 0;
    for (const seed of seeds) {
      for (const count of [3, 10, 30]) {
        const cluster = MembershipCluster.settled(count, seed, {}, { loss: 0.05 });
        cluster.pause(ids(count)[1] ?? "", seconds(3));
        cluster.run(seconds(20));
        expect(cluster.kinds("died")).toEqual([]);
        expect(cluster.agree("alive")).toBe(true);
        refuted += cluster.kinds("refuted").length;
      }
    }
    expect(refuted).toBeGreaterThan(seeds.length);
  });

  it("buries nobody when it wakes from a stall of its own", () => {
    const cluster = MembershipCluster.settled(10, "sleeper");
    cluster.pause("n4", seconds(60));
    cluster.run(seconds(60));
    cluster.run(seconds(10));
    expect(cluster.kinds("suspected").filter(({ node }) => node === "n4")).toEqual([]);
    expect(cluster.agree("alive")).toBe(true);
  });

  it("is declared dead by nobody at 5 % loss in five minutes", () => {
    const cluster = MembershipCluster.settled(30, "lossy", {}, { loss: 0.05 });
    cluster.run(seconds(300));
    expect(cluster.kinds("died")).toEqual([]);
  });

  it("refutes a false suspicion by a higher incarnation, which clears it everywhere", () => {
    const cluster = MembershipCluster.settled(10, "slander");
    const member = cluster.of("n0").get("n5");
    if (member === undefined) throw new Error("n5 is listed");
    const claim = { member: { ...member, state: "suspect" as const }, observers: ["n1", "n2", "n3"] };
    cluster.inject("n1", "n0", { type: "membership.gossip", claims: [claim] });
    expect(cluster.of("n0").get("n5")?.state).toBe("suspect");
    cluster.until(() => cluster.agree("alive"), seconds(2));
    cluster.run(seconds(10));
    expect(cluster.of("n0").get("n5")?.incarnation).toBe(member.incarnation + 1);
    expect(cluster.kinds("died")).toEqual([]);
    const refuted = cluster.kinds("refuted").map(({ node, change }) => [node, change.kind]);
    expect(refuted).toEqual([["n5", "refuted"]]);
  });

  it("is told at once of its own death by whoever heard it lately", () => {
    const cluster = MembershipCluster.settled(6, "rumour of my death");
    const member = cluster.of("n0").get("n5");
    if (member === undefined) throw new Error("n5 is listed");
    expect(cluster.of("n0").lastHeard("n5", cluster.now)).toBeLessThan(seconds(4));
    const told: unknown[] = [];
    cluster.overhear = (from, to, message) => {
      if (from === "n0" && to === "n5") told.push(message);
    };
    const claims = [{ member: { ...member, state: "dead" as const }, observers: [] }];
    cluster.inject("n1", "n0", { type: "membership.gossip", claims });
    expect(told).toMatchObject([{ type: "membership.gossip", claims }]);
    cluster.until(() => cluster.agree("alive"), seconds(2));
  });

  it("is not suspected when one host cannot reach it and others can", () => {
    for (const seed of seeds) {
      const cluster = MembershipCluster.settled(10, seed);
      cluster.cut((from, to) => from === "n1" && to === "n2");
      cluster.run(seconds(60));
      expect(cluster.kinds("suspected")).toEqual([]);
    }
  });
});

describe("doubt", () => {
  it("grows with stalls and with helpers that are mute, and goes when rounds are clean", () => {
    const cluster = MembershipCluster.settled(10, "doubt");
    expect(cluster.of("n3").doubt).toBe(0);
    cluster.pause("n3", seconds(5));
    cluster.run(seconds(5) + 1);
    cluster.run(seconds(1));
    expect(cluster.of("n3").doubt).toBeGreaterThan(0);
    cluster.run(seconds(20));
    expect(cluster.of("n3").doubt).toBe(0);
    cluster.cut((from) => from === "n3");
    cluster.run(seconds(30));
    expect(cluster.of("n3").doubt).toBe(8);
  });
});
