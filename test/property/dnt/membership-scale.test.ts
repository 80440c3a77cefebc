import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/lib/instant.ts";
import { ids, MembershipCluster } from "../../support/membership-cluster.ts";

describe("a thousand members", () => {
  it("join at once, cost each two messages a second, and know of a crash within 9 s", () => {
    const cluster = MembershipCluster.settled(1000, "thousand");
    cluster.run(seconds(60));
    const sent = cluster.running.map((id) => cluster.sent.get(id) ?? 0);
    expect(sent.reduce((a, b) => a + b, 0) / 1000 / 60).toBeLessThan(2.2);
    expect(Math.max(...sent) / 60).toBeLessThan(3);
    expect(cluster.kinds("suspected")).toEqual([]);
    const victim = ids(1000)[500] ?? "";
    cluster.crash(victim);
    cluster.until(() => cluster.allSee(victim, "dead"), seconds(9));
  });
});
