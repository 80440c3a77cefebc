import { describe, expect, it } from "vitest";
import { Ceded } from "../../../../src/dnt/registry/ceded.ts";
import { Receipts } from "../../../../src/dnt/registry/receipts.ts";
import { homeOf, type RegistryMember, ranked } from "../../../../src/dnt/registry/rendezvous.ts";

const NAMES = Array.from({ length: 400 }, (_, n) => `ve-${n}`);

function members(count: number): RegistryMember[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `node-${n}`,
    state: "alive",
    draining: false,
  }));
}

function changed(
  all: readonly RegistryMember[],
  id: string,
  change: Partial<RegistryMember>,
): RegistryMember[] {
  return all.map((member) => (member.id === id ? { ...member, ...change } : member));
}

describe("the home of a name", () => {
  const all = members(8);

  it("is the member with the highest weight, whatever the order of the list", () => {
    for (const name of NAMES) {
      expect(homeOf(name, all)).toBe(ranked(name, all)[0]?.id);
      expect(homeOf(name, [...all].reverse())).toBe(homeOf(name, all));
    }
  });

  it("is spread over the members", () => {
    const counts = all.map(({ id }) => NAMES.filter((name) => homeOf(name, all) === id).length);
    expect(Math.min(...counts)).toBeGreaterThan(20);
    expect(Math.max(...counts)).toBeLessThan(100);
  });

  it("changes for nobody else's names when a member leaves or drains", () => {
    for (const change of [{ state: "left" }, { draining: true }] as const) {
      const after = changed(all, "node-3", change);
      for (const name of NAMES) {
        const before = homeOf(name, all);
        if (before === "node-3") expect(homeOf(name, after)).not.toBe("node-3");
        else expect(homeOf(name, after)).toBe(before);
      }
    }
  });

  it("stays with a dead member, so that nobody makes its VEs again", () => {
    const after = changed(all, "node-3", { state: "dead" });
    expect(NAMES.map((name) => homeOf(name, after))).toEqual(NAMES.map((name) => homeOf(name, all)));
  });

  it("is a draining member when there is no other, and nobody when nobody is there", () => {
    expect(homeOf("shop", [{ ...(all[0] as RegistryMember), draining: true }])).toBe("node-0");
    expect(homeOf("shop", [{ ...(all[0] as RegistryMember), state: "left" }])).toBeNull();
  });
});

describe("names that went elsewhere", () => {
  it("are remembered over a restart until they come back", () => {
    const ceded = new Ceded(new Map());
    const { key, value } = ceded.add("shop");
    const later = new Ceded(new Map([[key, value]]));
    expect([later.has("shop"), later.has("bank")]).toEqual([true, false]);
    expect(later.remove("bank")).toEqual([]);
    expect(later.remove("shop")).toEqual([{ key, value: null }]);
    expect(later.has("shop")).toBe(false);
  });
});

describe("receipts of transfers", () => {
  it("know what was taken, also after a restart, and everything below what the sender has open", () => {
    const receipts = new Receipts(new Map());
    receipts.take("a", 7, 7);
    receipts.take("a", 9, 7);
    const row = receipts.take("b", 7, 7);
    expect([7, 8, 9].map((number) => receipts.taken("a", number))).toEqual([true, false, true]);
    const { key, value } = receipts.take("a", 12, 9);
    const later = new Receipts(
      new Map([
        [key, value],
        [row.key, row.value],
      ]),
    );
    expect([7, 8, 9, 10, 12].map((number) => later.taken("a", number))).toEqual([
      true,
      true,
      true,
      false,
      true,
    ]);
    expect(later.taken("c", 7)).toBe(false);
    expect(value).toEqual({ floor: 9, taken: [9, 12] });
  });
});
