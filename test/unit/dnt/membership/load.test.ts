import { describe, expect, it } from "vitest";
import { seconds } from "../../../../src/lib/instant.ts";
import { ids, MembershipCluster } from "../../../support/membership-cluster.ts";

/** Messages per node and second: the mean and the busiest node's, over a minute. */
function rate(cluster: MembershipCluster) {
  cluster.forgetHistory();
  cluster.run(seconds(60));
  const sent = cluster.running.map((id) => (cluster.sent.get(id) ?? 0) / 60);
  return { mean: sent.reduce((a, b) => a + b, 0) / sent.length, most: Math.max(...sent) };
}

describe("the load of a node", () => {
  it("does not grow with the network while nothing happens", () => {
    const rates = [60, 120, 240].map((count) => rate(MembershipCluster.settled(count, "idle")));
    for (const { mean, most } of rates) {
      expect(mean).toBeGreaterThan(2);
      expect(mean).toBeLessThan(2.2);
      expect(most).toBeLessThan(3);
    }
  });

  it("is at most seven messages a second in a small network, where each probes more", () => {
    for (const count of [2, 5, 16, 30]) {
      const { mean, most } = rate(MembershipCluster.settled(count, "small"));
      expect(mean).toBeLessThan(6.2);
      expect(most).toBeLessThan(7);
    }
  });

  it("stays within its bound through a crash of a tenth of the network", () => {
    const cluster = MembershipCluster.settled(100, "storm");
    for (const id of ids(100).slice(0, 10)) cluster.crash(id);
    const { mean } = rate(cluster);
    expect(cluster.allSee("n03", "dead")).toBe(true);
    expect(mean).toBeLessThan(6);
  });
});
