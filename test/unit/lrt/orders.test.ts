import { expect, test } from "vitest";
import { ordersOf } from "../../../src/lrt/scheduling/orders.ts";
import type { NodeSnapshot } from "../../../src/lrt/scheduling/snapshot.ts";
import type { Action } from "../../../src/model/plan.ts";
import { DEFAULT_POLICY } from "../../../src/model/virtual-machine.ts";

const snapshot = (node: string, vms: NodeSnapshot["vms"]): NodeSnapshot => ({
  node,
  name: node,
  capacity: { cpu: 1000, memory: 4096 },
  labels: {},
  draining: false,
  version: 1,
  vms,
});

const migrate = (id: number, from: string, to: string, after: number[]): Action => ({
  id,
  kind: "migrate",
  vm: "a",
  from,
  to,
  start: 0,
  duration: 1000,
  after,
});

test("the second leg of a pivot tells its destination of the host that the first one left", () => {
  const vm = {
    id: "a",
    name: "shop.a",
    demand: { cpu: 100, memory: 512 },
    pinned: null,
    adopted: false,
    policy: DEFAULT_POLICY,
    left: [{ host: "h9", agoMs: 5000 }],
    failed: [],
    restsForMs: null,
  };
  const snapshots = [snapshot("h1", [vm]), snapshot("h2", []), snapshot("h3", [])];
  const plan = { actions: [migrate(0, "h1", "h2", []), migrate(1, "h2", "h3", [0])] };
  const cause = { kind: "overload", resource: "cpu", wanted: 1200, limit: 1000 } as const;
  const orders = ordersOf(plan, {
    ref: { pid: "h1#1.1", partitionEpoch: 3 },
    snapshots,
    events: [{ id: "h1/overload/1.1", origin: "h1", ageMs: 0, cause }],
    reason: () => "h1 is too full",
  });
  expect(orders.get(0)?.what).toMatchObject({ left: [{ host: "h9", agoMs: 5000 }] });
  const left = [
    { host: "h9", agoMs: 5000 },
    { host: "h1", agoMs: 0 },
  ];
  expect(orders.get(1)?.what).toMatchObject({ left });
});

test("both legs of a pivot are told to be of the drain of the host that the VM is on", () => {
  const vm = {
    id: "a",
    name: "shop.a",
    demand: { cpu: 100, memory: 512 },
    pinned: null,
    adopted: false,
    policy: DEFAULT_POLICY,
    left: [],
    failed: [],
    restsForMs: null,
  };
  const snapshots = [snapshot("h1", [vm]), snapshot("h2", []), snapshot("h3", [])];
  const plan = { actions: [migrate(0, "h1", "h2", []), migrate(1, "h2", "h3", [0])] };
  const overload = { kind: "overload", resource: "cpu", wanted: 1200, limit: 1000 } as const;
  const orders = ordersOf(plan, {
    ref: { pid: "h2#1.1", partitionEpoch: 3 },
    snapshots,
    events: [
      { id: "h2/overload/1.1", origin: "h2", ageMs: 0, cause: overload },
      { id: "h1/drain/1.1", origin: "h1", ageMs: 0, cause: { kind: "drain" } },
    ],
    reason: ({ id }) => id,
  });
  expect([...orders.values()].map(({ event }) => event)).toEqual(["h1/drain/1.1", "h1/drain/1.1"]);
});
