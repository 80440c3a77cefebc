import { describe, expect, it } from "vitest";
import { randomWalk, rttBucket, walk } from "../../../../src/dnt/overlay/walk.ts";
import { hash32, Random } from "../../../../src/lib/random.ts";
import type { Member } from "../../../../src/model/member.ts";
import type { Labels } from "../../../../src/model/node.ts";
import { ids, profile } from "../../../support/membership-cluster.ts";

function member(id: string, labels: Labels = {}, change: Partial<Member> = {}): Member {
  return { ...profile(id), incarnation: 1, state: "alive", labels, ...change };
}

const NOBODY: ReadonlySet<string> = new Set();
const unmeasured = () => null;

describe("the walk", () => {
  it("goes to the same rack, then the same room, then the same site, then away, whatever was measured", () => {
    const origin = member("o", { site: "paris", room: "1", rack: "a" });
    const members = [
      member("far", { site: "nice", room: "1", rack: "a" }),
      member("site", { site: "paris", room: "2", rack: "a" }),
      origin,
      member("rack", { site: "paris", room: "1", rack: "a" }),
      member("room", { site: "paris", room: "1", rack: "b" }),
    ];
    const rtt = (id: string) => (id === "far" ? 0 : 50);
    expect(walk(origin, members, rtt, NOBODY)).toEqual(["rack", "room", "site", "far"]);
  });

  it("goes by round trips where labels say nothing, the unmeasured last", () => {
    const origin = member("o");
    const rtts: Record<string, number | null> = { a: 40, b: null, c: 0, d: 9 };
    const members = [origin, ...Object.keys(rtts).map((id) => member(id))];
    expect(walk(origin, members, (id) => rtts[id] ?? null, NOBODY)).toEqual(["c", "d", "a", "b"]);
  });

  it("is not reordered by noise of the measurements", () => {
    expect([0, 1, 2, 3, 4, 7, 8, 15, 16].map(rttBucket)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4]);
    const origin = member("o");
    const members = ids(50).map((id) => member(id));
    const quiet = walk(origin, members, () => 0, NOBODY);
    const noisy = walk(origin, members, (id) => id.charCodeAt(1) % 2, NOBODY);
    expect(noisy).toEqual(quiet);
  });

  it("leaves out itself, the excluded, the draining and all that are not alive", () => {
    const origin = member("o");
    const members = [
      origin,
      member("ok"),
      member("drained", {}, { draining: true }),
      member("suspect", {}, { state: "suspect" }),
      member("dead", {}, { state: "dead" }),
      member("left", {}, { state: "left" }),
      member("asked"),
    ];
    expect(walk(origin, members, unmeasured, new Set(["asked"]))).toEqual(["ok"]);
    expect(randomWalk(origin, members, new Random("w"), new Set(["asked"]))).toEqual(["ok"]);
  });

  it("orders members whose hashes are equal by their ids, whatever the order of the list", () => {
    const seen = new Map<number, string>();
    let twins: readonly [string, string] | undefined;
    for (let i = 0; twins === undefined; i++) {
      const id = `n${i}`;
      const hash = hash32(`o/${id}`);
      const other = seen.get(hash);
      if (other !== undefined) twins = [other, id];
      seen.set(hash, id);
    }
    const origin = member("o");
    const members = twins.map((id) => member(id));
    const sorted = [...twins].sort();
    expect(walk(origin, members, unmeasured, NOBODY)).toEqual(sorted);
    expect(walk(origin, members.toReversed(), unmeasured, NOBODY)).toEqual(sorted);
  });

  it("differs from node to node and does not depend on the order of the list", () => {
    const members = ids(100).map((id) => member(id));
    const firsts = new Set(members.map((origin) => walk(origin, members, unmeasured, NOBODY)[0]));
    expect(firsts.size).toBeGreaterThan(40);
    const [origin] = members;
    if (origin === undefined) throw new Error("there are members");
    expect(walk(origin, members.toReversed(), unmeasured, NOBODY)).toEqual(
      walk(origin, members, unmeasured, NOBODY),
    );
    const random = (list: readonly Member[]) => randomWalk(origin, list, new Random("w"), NOBODY);
    expect(random(members.toReversed())).toEqual(random(members));
    expect(random(members).toSorted()).toEqual(ids(100).slice(1));
  });
});
