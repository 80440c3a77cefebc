import { expect, test } from "vitest";
import { Vitals } from "../../../src/daemon/vitals.ts";

function vitals() {
  const clock = { now: 1_000_000 };
  const it = new Vitals({ now: () => clock.now, lag: () => {} });
  return { it, later: (ms: number) => (clock.now += ms) };
}

test("an agent that has nothing to do is healthy, however long", () => {
  const { it, later } = vitals();
  it.writing(1);
  it.persisted(1);
  it.asking(1, { kind: "list" });
  it.answered(1);
  later(1_000_000);
  expect(it.problem()).toBeNull();
});

test("writes may take their time, as long as some become durable", () => {
  const { it, later } = vitals();
  for (let id = 1; id <= 10; id++) it.writing(id);
  for (let id = 1; id < 10; id++) {
    later(29_000);
    it.persisted(id);
  }
  expect(it.problem()).toBeNull();
  later(31_000);
  expect(it.problem()).toBe("the journal has written nothing for 31 s");
});

test("writes that wait for room on a full disk are no reason to start anew", () => {
  const { it, later } = vitals();
  it.writing(1);
  it.space("full");
  later(1_000_000);
  expect(it.problem()).toBeNull();
  it.space("ample");
  expect(it.problem()).toBeNull();
  later(31_000);
  expect(it.problem()).toMatch(/journal/);
});

test("a listing that is never answered is a reason, unless the hypervisor went away", () => {
  const { it, later } = vitals();
  it.asking(7, { kind: "list" });
  it.answered(6);
  later(91_000);
  expect(it.problem()).toBe("the hypervisor was asked 91 s ago what it runs");
  it.heard({ kind: "disconnected", reason: "gone" });
  expect(it.problem()).toBeNull();
});
