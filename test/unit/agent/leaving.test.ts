import { describe, expect, test } from "vitest";
import { Agent, PROTOCOL } from "../../../src/agent/agent.ts";
import { Random } from "../../../src/lib/random.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { type Intent, intentKey } from "../../../src/lrt/execution/intent.ts";

const SELF = "node-h1";
const PEER = "node-h2";
const PID = `${PEER}#1.1`;

const INTENT: Intent = {
  order: {
    key: `${PID}@3/0`,
    vm: "vm-1",
    name: "web",
    what: {
      kind: "migrate",
      from: PEER,
      to: SELF,
      memory: 1024,
      cpu: 500,
      policy: { bandwidthMibPerSecond: 0, timeoutMs: 60_000 },
      adopted: false,
      left: [],
    },
    event: `${PEER}/drain/1.1`,
    reason: "h2 is draining",
  },
  role: "destination",
  ref: { pid: PID, partitionEpoch: 3 },
  leader: PEER,
  token: 1,
  uri: "test:",
  outcome: null,
  word: null,
  since: 0,
};

const BOOKING = {
  pid: PID,
  partitionEpoch: 3,
  leader: PEER,
  token: 1,
  event: INTENT.order.event,
  phase: "applying",
  members: [PEER, SELF],
  ageMs: 0,
};

/** How a drained agent that has this on its disk takes its leave; its hypervisor runs nothing. */
function leave(rows: Readonly<Record<string, unknown>>, connected = true): string {
  const restored = new Map<string, unknown>([
    ["agent/drain", { state: "drained", reason: "an operator asked for it" }],
    ...Object.entries(rows),
  ]);
  const capacity = { cpu: 8000, memory: 16_384 };
  const known = {
    addresses: [],
    labels: {},
    joinedAt: "2026-01-01T00:00:00Z",
    version: `test/${PROTOCOL.max}`,
  };
  const identity = { ...known, id: SELF, name: "h1", capacity, boot: 2 };
  const config = { lrt: DEFAULT_LRT_CONFIG, membership: {} };
  const agent = new Agent(config, identity, new Random("leaving"), restored);
  agent.step({ kind: "started" }, 1000);
  const info = { description: "test", migrationUri: "test:", capacity };
  const effects = connected
    ? agent.step({ kind: "hypervisor-event", event: { kind: "connected", info } }, 2000)
    : [];
  for (const effect of effects)
    if (effect.kind === "hypervisor" && effect.command.kind === "list") {
      const outcome = { ok: true, domains: [] } as const;
      agent.step({ kind: "hypervisor-completed", operation: effect.operation, outcome }, 3000);
    }
  agent.step({ kind: "stopping" }, 4000);
  return agent.membership.self().state;
}

describe("the leave of a drained host", () => {
  test("is for good when nothing of others' is there", () => {
    expect(leave({})).toBe("left");
  });

  test("is not while its hypervisor cannot be seen", () => {
    expect(leave({}, false)).toBe("dead");
  });

  test("is not while a guest may still come", () => {
    expect(leave({ [intentKey(INTENT.order.key)]: INTENT })).toBe("dead");
  });

  test("is not while its word has not been heard", () => {
    const what = { ...INTENT.order.what, from: SELF, to: PEER };
    const outcome = { kind: "done", durationMs: 1000 };
    const ended = { ...INTENT, role: "source", order: { ...INTENT.order, what }, outcome };
    expect(leave({ [intentKey(INTENT.order.key)]: ended })).toBe("dead");
  });

  test("is not while a partition holds it", () => {
    expect(leave({ "lrt/booking": BOOKING, "lrt/token": 1 })).toBe("dead");
  });

  test("is not while a record is there, or on its way from there", () => {
    const record = { record: { name: "shop", handler: "h" }, moving: { to: PEER, number: 1 } };
    expect(leave({ "registry/record/shop": record })).toBe("dead");
  });
});
