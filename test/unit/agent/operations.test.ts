import { describe, expect, test } from "vitest";
import { Operations } from "../../../src/agent/operations.ts";

const written = (operations: Operations) =>
  new Map(operations.takeWrites().map(({ key, value }) => [key, value] as [string, unknown]));

describe("operations", () => {
  test("are kept when they begin and when they end, not at every step", () => {
    const it = new Operations("node-h1", 1, new Map());
    const name = it.begin("host-drain", "h1", "maintenance", 10);
    expect(it.takeWrites()).toMatchObject([{ key: `agent/operation/${name}`, value: { state: "running" } }]);
    it.progress(name, "3 VMs left", { done: 1, total: 4 });
    expect(it.takeWrites()).toEqual([]);
    expect(it.get(name)).toMatchObject({ message: "3 VMs left", progress: { done: 1, total: 4 } });
    it.end(name, "drained", null, 20);
    expect(it.takeWrites()).toMatchObject([{ value: { state: "succeeded", endedAt: 20 } }]);
  });

  test("that were running when the agent ended have failed, and say why", () => {
    const before = new Operations("node-h1", 1, new Map());
    const name = before.begin("vm-migrate", "shop.web", "", 10);
    const after = new Operations("node-h1", 2, written(before));
    expect(after.get(name)).toMatchObject({ state: "failed", message: "the agent restarted meanwhile" });
    expect(after.begin("vm-migrate", "shop.web", "", 10)).not.toBe(name);
  });

  test("that have ended are not ended again", () => {
    const it = new Operations("node-h1", 1, new Map());
    const name = it.begin("ve-stop", "shop", "", 10);
    it.end(name, "called off", { code: "cancelled", message: "called off" }, 20);
    it.end(name, "done", null, 30);
    expect(it.get(name)).toMatchObject({ state: "cancelled", endedAt: 20 });
  });

  test("are forgotten, oldest first, when too many have ended", () => {
    const it = new Operations("node-h1", 1, new Map());
    const names = Array.from({ length: 250 }, (_, i) => it.begin("ve-start", `ve-${i}`, "", i));
    for (const name of names) it.end(name, "done", null, 1000);
    expect(it.list()).toHaveLength(200);
    expect(it.get(names[0] ?? "")).toBeUndefined();
    expect(it.get(names.at(-1) ?? "")).toBeDefined();
  });
});
