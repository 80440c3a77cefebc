import { describe, expect, test } from "vitest";
import { BestKnown, faultsOf, type Known } from "../../bench/best-known.ts";

const file = new BestKnown();
const known = file.instances.map((instance): [string, Known] => [instance, file.get(instance) as Known]);

describe("the best-known file", () => {
  test("has the packed instances, of development seeds and fresh ones", () => {
    expect(file.instances).toEqual(
      expect.arrayContaining(["packed95/64/1", "packed98/64/1", "packed98/64/1001"]),
    );
  });

  test.each(known)("%s: the plan is executable, and costs what is said", (instance, entry) => {
    expect(faultsOf(instance, entry)).toEqual([]);
  });

  test("is written as it is read", () => {
    expect(new BestKnown(file.text).text).toBe(file.text);
  });
});

describe("an offer", () => {
  const [instance, entry] = known[0] as [string, Known];
  const { actions } = entry.plan;

  test("that is worse changes nothing, except for a higher bound", () => {
    const text = `{${JSON.stringify(instance)}: ${JSON.stringify({ ...entry, bound: 0, plan: rows(entry) })}}`;
    const one = new BestKnown(text);
    expect(one.offer(instance, { ...entry, foundBy: "somebody else" })).toBe(entry.cost);
    expect(one.get(instance)).toEqual(entry);
  });

  test.each([
    ["a plan that does not reach the end", { ...entry, plan: { actions: actions.slice(1) } }],
    ["a cost that is not the plan's", { ...entry, cost: entry.cost - 256 }],
    ["a bound above the cost", { ...entry, bound: entry.cost + 1 }],
    [
      "an order that is not legal",
      { ...entry, plan: { actions: actions.map((it) => ({ ...it, after: [] })) } },
    ],
  ])("with %s is refused", (_, offered) => {
    expect(() => new BestKnown("{}").offer(instance, offered)).toThrow(instance);
  });
});

const rows = ({ plan }: Known) => plan.actions.map((action) => Object.values(action));
