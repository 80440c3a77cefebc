import { describe, expect, test } from "vitest";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { BookingDesk, type ReserveRequest } from "../../../src/lrt/scheduling/booking.ts";
import { Stepper, sent } from "../../support/turn.ts";

const ask = (pid: string, ageMs = 0, partitionEpoch = 1): ReserveRequest => ({
  from: pid.split("#")[0] ?? pid,
  pid,
  partitionEpoch,
  event: `${pid}/event`,
  ageMs,
});

const STORED = {
  pid: "a#1",
  partitionEpoch: 2,
  leader: "a",
  token: 7,
  event: "e",
  phase: "applying",
  members: ["a"],
  ageMs: 0,
};

/** A node that was booked when its agent ended, and has started anew. */
function restarted() {
  const restored = new Map<string, unknown>([
    ["lrt/booking", STORED],
    ["lrt/token", 7],
  ]);
  const found = desk(() => 0, restored);
  found.stepper.turn((turn) => found.desk.start(turn));
  return found;
}

function desk(openActions = () => 0, restored = new Map<string, unknown>()) {
  const stepper = new Stepper();
  return { desk: new BookingDesk(DEFAULT_LRT_CONFIG, restored, openActions), stepper };
}

describe("a node's reservation", () => {
  test("is granted to one partition, under a token that is durable before it is told", () => {
    const { desk: it, stepper } = desk();
    const effects = stepper.turn((turn) => {
      const grant = it.reserve(ask("a#1"), turn);
      expect(grant).toMatchObject({ kind: "granted", token: 1 });
      expect(grant.kind === "granted" && grant.after).toBeGreaterThan(0);
    });
    expect(effects.find(({ kind }) => kind === "persist")).toMatchObject({
      writes: [{ key: "lrt/token", value: 1 }, { key: "lrt/booking" }],
    });
    stepper.turn((turn) =>
      expect(it.reserve(ask("b#1"), turn)).toMatchObject({ kind: "busy", holder: "a#1" }),
    );
  });

  test("gives the same answer to the same partition asking twice", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1"), turn));
    stepper.turn((turn) => expect(it.reserve(ask("a#1"), turn)).toMatchObject({ kind: "granted", token: 1 }));
  });

  test("gets a higher token at every booking, across a restart, too", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1"), turn));
    stepper.turn((turn) => it.end("released", turn));
    stepper.turn((turn) => expect(it.reserve(ask("b#1"), turn)).toMatchObject({ token: 2 }));
    const after = desk(() => 0, new Map([["lrt/token", 2]]));
    after.stepper.turn((turn) => expect(after.desk.reserve(ask("c#1"), turn)).toMatchObject({ token: 3 }));
  });

  test("is not granted to what a partition asked before it gave the node back that it never heard from", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => expect(it.release({ pid: "a#1", partitionEpoch: 4 }, "a", turn)).toBe(false));
    stepper.turn((turn) => it.release({ pid: "a#1", partitionEpoch: 2 }, "a", turn));
    stepper.turn((turn) =>
      expect(it.reserve(ask("a#1", 0, 3), turn)).toEqual({ kind: "stale", partitionEpoch: 4 }),
    );
    stepper.turn((turn) => expect(it.reserve(ask("a#1", 0, 4), turn)).toMatchObject({ kind: "granted" }));
  });

  test("is not granted to what a partition asked before it had a higher epoch and gave the node back", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1", 0, 3), turn));
    stepper.turn((turn) => it.heard({ pid: "a#1", partitionEpoch: 5 }, "growing", [], turn));
    stepper.turn((turn) => it.end("released", turn));
    stepper.turn((turn) =>
      expect(it.reserve(ask("a#1", 0, 4), turn)).toEqual({ kind: "stale", partitionEpoch: 5 }),
    );
    stepper.turn((turn) => expect(it.reserve(ask("a#1", 0, 5), turn)).toMatchObject({ kind: "granted" }));
  });

  test("wounds a younger partition that is still growing when an older one asks", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("young#1", 0), turn));
    const effects = stepper.turn((turn) => it.reserve(ask("old#1", 60_000), turn), 100);
    expect(sent(effects, "partition.wound")).toMatchObject([
      { to: "young", message: { pid: "young#1", by: { pid: "old#1" } } },
    ]);
  });

  test("never wounds a partition that applies its plan, nor an older one", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1", 5_000), turn));
    expect(
      sent(
        stepper.turn((turn) => it.reserve(ask("b#1", 0), turn)),
        "partition.wound",
      ),
    ).toEqual([]);
    stepper.turn((turn) => it.heard({ pid: "a#1", partitionEpoch: 2 }, "applying", ["a"], turn));
    expect(
      sent(
        stepper.turn((turn) => it.reserve(ask("c#1", 90_000), turn)),
        "partition.wound",
      ),
    ).toEqual([]);
  });

  test("keeps a hand-over slot for the oldest waiter and offers it when it is free", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1", 50_000), turn));
    stepper.turn((turn) => it.reserve(ask("b#1", 10_000), turn));
    stepper.turn((turn) => expect(it.reserve(ask("c#1", 20_000), turn)).toMatchObject({ slotted: true }));
    stepper.turn((turn) => expect(it.reserve(ask("d#1", 15_000), turn)).toMatchObject({ slotted: false }));
    const effects = stepper.turn((turn) => it.end("released", turn));
    expect(sent(effects, "partition.turn")).toMatchObject([{ to: "c", message: { pid: "c#1" } }]);
    stepper.turn((turn) =>
      expect(it.reserve(ask("d#1", 15_000), turn)).toMatchObject({ kind: "busy", holder: "c#1" }),
    );
    stepper.turn((turn) => expect(it.reserve(ask("c#1", 20_000), turn)).toMatchObject({ kind: "granted" }));
  });

  test("gives a slot up after its lease, and at once when its holder passes", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1", 50_000), turn));
    stepper.turn((turn) => it.reserve(ask("b#1", 10_000), turn));
    stepper.turn((turn) => it.end("released", turn));
    stepper.turn((turn) => it.pass("b#1", turn));
    stepper.turn((turn) => expect(it.reserve(ask("d#1", 0), turn)).toMatchObject({ kind: "granted" }));
    stepper.turn((turn) => it.reserve(ask("e#1", 10_000), turn));
    stepper.turn((turn) => it.end("released", turn));
    stepper.turn((turn) => {
      it.onTimer("lrt/slot", turn);
      expect(it.reserve(ask("f#1", 0), turn)).toMatchObject({ kind: "granted" });
    }, DEFAULT_LRT_CONFIG.slotMs);
  });

  test("does not open a slot again that was over while its host stood still", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1", 50_000), turn));
    stepper.turn((turn) => it.reserve(ask("b#1", 10_000), turn));
    stepper.turn((turn) => it.end("released", turn));
    stepper.turn((turn) => expect(it.reserve(ask("c#1", 20_000), turn)).toMatchObject({ kind: "granted" }));
    const effects = stepper.turn((turn) => it.end("lapsed", turn), DEFAULT_LRT_CONFIG.slotMs);
    expect(sent(effects, "partition.turn")).toEqual([]);
    stepper.turn((turn) => expect(it.reserve(ask("d#1", 0), turn)).toMatchObject({ kind: "granted" }));
  });

  test("ends when its lease is over, but not while one of its actions runs", () => {
    let open = 1;
    const { desk: it, stepper } = desk(() => open);
    stepper.turn((turn) => it.reserve(ask("a#1"), turn));
    stepper.turn((turn) => it.onTimer("lrt/lease", turn), DEFAULT_LRT_CONFIG.leaseMs);
    expect(it.free).toBe(false);
    expect(it.holds(1, stepper.now, 0)).toBe(false);
    stepper.turn((turn) => expect(it.reserve(ask("b#1"), turn)).toMatchObject({ kind: "busy" }));
    open = 0;
    stepper.turn((turn) => it.settled(turn));
    expect(it.free).toBe(true);
  });

  test("is not renewed when its lease is over, though its host stood still and no timer has fired", () => {
    const { desk: it, stepper } = desk();
    const ref = { pid: "a#1", partitionEpoch: 1 };
    stepper.turn((turn) => it.reserve(ask("a#1"), turn));
    stepper.turn((turn) => expect(it.refusal(ref, "a", turn)).toBeNull(), DEFAULT_LRT_CONFIG.leaseMs - 1);
    stepper.turn((turn) => expect(it.refusal(ref, "a", turn)).toEqual({ kind: "not-mine" }), 1);
    expect(it.free).toBe(true);
  });

  test("is kept by renewals", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1"), turn));
    stepper.turn((turn) => it.heard({ pid: "a#1", partitionEpoch: 2 }, "growing", [], turn), 20_000);
    stepper.turn((turn) => it.onTimer("lrt/lease", turn), 20_000);
    expect(it.free).toBe(false);
  });

  test("answers a lower epoch, and another leader, with stale, and others with not mine", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1", 0, 3), turn));
    stepper.turn((turn) =>
      expect(it.refusal({ pid: "a#1", partitionEpoch: 2 }, "a", turn)).toEqual({
        kind: "stale",
        partitionEpoch: 3,
      }),
    );
    stepper.turn((turn) =>
      expect(it.refusal({ pid: "a#1", partitionEpoch: 3 }, "z", turn)).toEqual({
        kind: "stale",
        partitionEpoch: 3,
      }),
    );
    stepper.turn((turn) =>
      expect(it.refusal({ pid: "b#1", partitionEpoch: 9 }, "b", turn)).toEqual({ kind: "not-mine" }),
    );
    stepper.turn((turn) => expect(it.refusal({ pid: "a#1", partitionEpoch: 3 }, "a", turn)).toBeNull());
  });

  test("follows one leader per epoch", () => {
    const { desk: it, stepper } = desk();
    stepper.turn((turn) => it.reserve(ask("a#1"), turn));
    stepper.turn((turn) =>
      expect(it.follow({ pid: "a#1", partitionEpoch: 2 }, "m", turn)).toBeGreaterThan(0),
    );
    stepper.turn((turn) =>
      expect(it.follow({ pid: "a#1", partitionEpoch: 2 }, "n", turn)).toMatchObject({ kind: "stale" }),
    );
    stepper.turn((turn) =>
      expect(it.follow({ pid: "a#1", partitionEpoch: 2 }, "m", turn)).toBeGreaterThan(0),
    );
    stepper.turn((turn) =>
      expect(it.refusal({ pid: "a#1", partitionEpoch: 2 }, "a", turn)).toMatchObject({ kind: "stale" }),
    );
  });

  test("found after a restart has a whole lease to come", () => {
    const { desk: it, stepper } = restarted();
    expect(it.booking?.leaseUntil).toBe(stepper.now + DEFAULT_LRT_CONFIG.leaseMs);
  });

  test("lets nothing begin under a token of an earlier process, and gives its leader a new one", () => {
    const { desk: it, stepper } = restarted();
    expect(it.holds(7, stepper.now, 0)).toBe(false);
    stepper.turn((turn) =>
      expect(it.reserve(ask("b#1"), turn)).toMatchObject({ kind: "busy", holder: "a#1" }),
    );
    stepper.turn((turn) => it.pass("b#1", turn));
    const effects = stepper.turn((turn) =>
      expect(it.reserve(ask("a#1", 0, 3), turn)).toMatchObject({ kind: "granted", token: 8 }),
    );
    expect(effects.filter(({ kind }) => kind === "persist").at(-1)).toMatchObject({
      writes: [
        { key: "lrt/token", value: 8 },
        { key: "lrt/booking", value: { token: 8 } },
      ],
    });
    expect(it.holds(7, stepper.now, 0)).toBe(false);
    expect(it.holds(8, stepper.now, 0)).toBe(true);
  });

  test("is renewed by its leader after a restart, and not ended by what that asked before", () => {
    const { desk: it, stepper } = restarted();
    stepper.turn((turn) => it.heard({ pid: "a#1", partitionEpoch: 3 }, "applying", ["a"], turn), 1000);
    expect(it.booking?.leaseUntil).toBe(stepper.now + DEFAULT_LRT_CONFIG.leaseMs);
    stepper.turn((turn) => expect(it.reserve(ask("a#1", 0, 2), turn)).toMatchObject({ kind: "stale" }));
    expect(it.booking?.token).toBe(7);
  });

  test("goes to who waits for it, not to its leader, once a restart has ended it", () => {
    const { desk: it, stepper } = restarted();
    stepper.turn((turn) => expect(it.reserve(ask("b#1", 60_000), turn)).toMatchObject({ slotted: true }));
    const effects = stepper.turn((turn) =>
      expect(it.reserve(ask("a#1", 0, 3), turn)).toMatchObject({ kind: "busy", holder: "b#1" }),
    );
    expect(sent(effects, "partition.turn")).toMatchObject([{ to: "b", message: { pid: "b#1" } }]);
  });
});
