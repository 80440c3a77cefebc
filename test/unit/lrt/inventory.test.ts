import { describe, expect, test } from "vitest";
import type { DomainCause } from "../../../src/hypervisor/command.ts";
import type { Domain } from "../../../src/hypervisor/domain.ts";
import { Inventory } from "../../../src/lrt/monitoring/inventory.ts";

const domain = (vm: string, state: Domain["state"] = "running"): Domain => ({
  vm,
  name: vm,
  state,
  pauseReason: null,
  cpus: 1,
  memory: 256,
  persistent: false,
  stamp: null,
  job: "none",
});

const changed = (vm: string, now: Domain | null, cause: DomainCause = "changed") =>
  ({ kind: "domain-changed", vm, domain: now, cause }) as const;

/** One that has been listed once, with these. */
function inventory(...vms: string[]): Inventory {
  const it = new Inventory();
  it.listing();
  it.list(vms.map((vm) => domain(vm)));
  return it;
}

const names = (it: Inventory): string[] => it.all().map(({ vm }) => vm);

describe("what runs on a host", () => {
  test("is what a listing has, and what was told after it", () => {
    const it = inventory("a", "b");
    it.change(changed("c", domain("c"), "started"));
    it.change(changed("a", null, "stopped"));
    expect(names(it)).toEqual(["b", "c"]);
  });

  test("keeps a guest that started while it was being listed", () => {
    const it = inventory("a");
    it.listing();
    it.change(changed("b", domain("b"), "started"));
    expect(it.list([domain("a")])).toEqual({ appeared: [], vanished: [] });
    expect(names(it)).toEqual(["a", "b"]);
  });

  test("does not take back a guest that ended while it was being listed", () => {
    const it = inventory("a", "b");
    it.listing();
    it.change(changed("b", null, "migrated-out"));
    it.list([domain("a"), domain("b")]);
    expect(names(it)).toEqual(["a"]);
  });

  test("keeps the last of what was told, and what was read, while it was being listed", () => {
    const it = inventory("a", "b");
    it.listing();
    it.change(changed("a", domain("a", "paused")));
    it.set("b", domain("b", "paused"));
    it.change(changed("a", domain("a", "crashed"), "crashed"));
    it.list([domain("a"), domain("b")]);
    expect(it.all().map(({ state }) => state)).toEqual(["crashed", "paused"]);
  });

  test("has what was told before its first listing was answered, once it is", () => {
    const it = new Inventory();
    it.listing();
    expect(it.change(changed("b", domain("b"), "started"))).toBe(null);
    expect(names(it)).toEqual([]);
    it.list([domain("a")]);
    expect(names(it)).toEqual(["a", "b"]);
  });

  test("forgets what was told before a connection was lost", () => {
    const it = inventory("a");
    it.listing();
    it.change(changed("b", domain("b"), "started"));
    it.disconnected();
    it.change(changed("c", domain("c"), "started"));
    it.listing();
    it.list([domain("a")]);
    expect(names(it)).toEqual(["a"]);
  });

  test("is another version when what was told while it was being listed differs from what was known", () => {
    const it = inventory("a");
    it.listing();
    const before = it.version;
    it.list([domain("a")]);
    expect(it.version).toBe(before);
    it.listing();
    it.change(changed("b", domain("b"), "started"));
    expect(it.version).toBe(before + 1);
    it.list([domain("a")]);
    expect(it.version).toBe(before + 1);
  });
});
