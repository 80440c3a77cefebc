import { describe, expect, it } from "vitest";
import { sameProfile } from "../../../../src/dnt/membership/claim.ts";
import type { Member } from "../../../../src/model/member.ts";
import { profile } from "../../../support/membership-cluster.ts";

const member: Member = {
  ...profile("a"),
  incarnation: 1,
  state: "alive",
  addresses: ["x", "y"],
  labels: { site: "s", rack: "r" },
};

describe("two profiles", () => {
  it("are the same whatever the order of their labels, their incarnation and their state", () => {
    const copy = { ...member, addresses: [...member.addresses], labels: { rack: "r", site: "s" } };
    expect(sameProfile(member, { ...copy, incarnation: 2, state: "dead" })).toBe(true);
  });

  it.each<[string, Partial<Member>]>([
    ["an address", { addresses: ["x", "z"] }],
    ["the order of addresses", { addresses: ["y", "x"] }],
    ["a label's value", { labels: { site: "s", rack: "q" } }],
    ["a label less", { labels: { site: "s" } }],
    ["a label more", { labels: { site: "s", rack: "r", room: "1" } }],
    ["another label", { labels: { site: "s", room: "r" } }],
    ["the capacity", { capacity: { cpu: 1, memory: 1 } }],
    ["draining", { draining: !member.draining }],
  ])("differ by %s", (_what, change) => {
    expect(sameProfile(member, { ...member, ...change })).toBe(false);
    expect(sameProfile({ ...member, ...change }, member)).toBe(false);
  });
});
