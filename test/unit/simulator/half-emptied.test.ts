import { expect, test } from "vitest";
import { DEFAULT_LRT_CONFIG, type LrtConfig } from "../../../src/lrt/config.ts";
import type { NodeSnapshot, VmSnapshot } from "../../../src/lrt/scheduling/snapshot.ts";
import { DEFAULT_POLICY } from "../../../src/model/virtual-machine.ts";
import type { Agendas } from "../../../src/simulator/checkers/agendas.ts";
import type { Ledger } from "../../../src/simulator/checkers/ledger.ts";
import { PlanChecker } from "../../../src/simulator/checkers/plans.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";

const vm = (id: string, cpu: number): VmSnapshot => ({
  id,
  name: id,
  demand: { cpu, memory: 1024 },
  pinned: null,
  adopted: false,
  policy: DEFAULT_POLICY,
  left: [],
  failed: [],
  restsForMs: null,
});

const member = (node: string, ...vms: VmSnapshot[]): NodeSnapshot => ({
  node,
  name: node,
  capacity: { cpu: 4000, memory: 8192 },
  labels: {},
  draining: false,
  version: 1,
  vms,
});

type Raised = ReturnType<Agendas["of"]>[number];

const underload: Raised = {
  id: "h1/underload/1.1",
  origin: "h1",
  cause: { kind: "underload", wanted: 500 },
};

const overload: Raised = {
  id: "h2/overload/1.1",
  origin: "h2",
  cause: { kind: "overload", resource: "cpu", wanted: 4500, limit: 4000 },
};

/** What is said of half a plan that makes these moves. */
function half(
  members: readonly NodeSnapshot[],
  events: readonly Raised[],
  moves: readonly (readonly [string, string, string])[],
  config: LrtConfig = DEFAULT_LRT_CONFIG,
): readonly string[] {
  const ledger = { snapshots: () => new Map(members.map((one) => [one.node, one])) };
  const agendas = { notified: () => {}, of: () => events };
  const checker = new PlanChecker(ledger as unknown as Ledger, agendas as unknown as Agendas, config);
  const actions = moves.map(([name, from, to], id) => ({
    id,
    kind: "migrate" as const,
    vm: name,
    from,
    to,
    after: id === 0 ? [] : [id - 1],
    start: 0,
    duration: 1,
  }));
  return checker.notified({} as SimulatedHost, {
    kind: "partition-planned",
    pid: "h1#1.1",
    partitionEpoch: 1,
    plan: { actions },
    status: "reduced",
    cost: 1024,
    bound: 0,
    hosts: members.map(({ node }) => node),
    reason: "",
    applied: true,
  });
}

/** h1 was to be emptied and h2 relieved; the plan helps h2 by nothing, and moves `moved` of h1's guests to h3. */
function judged(loads: readonly number[], moved: number): readonly string[] {
  const guests = loads.map((load, i) => vm(`a${i}`, load));
  const members = [member("h1", ...guests), member("h2", vm("b", 4500)), member("h3")];
  const moves = guests.slice(0, moved).map(({ id }) => [id, "h1", "h3"] as const);
  return half(members, [underload, overload], moves);
}

test("half a plan takes nothing from a host that is to be emptied, unless it has become too full", () => {
  const halfEmptied = "h1#1.1 moves VMs off h1 for its underload, and leaves others there";
  expect(judged([300, 200], 1)).toEqual([halfEmptied]);
  expect(judged([2000, 2000], 1)).toEqual([halfEmptied]);
  expect(judged([2000, 2001], 1)).toEqual([]);
  expect(judged([300, 200], 2)).toEqual([]);
});

test("what makes room below the margin, or is wanted elsewhere by people, may leave a host that is not emptied", () => {
  const members = [
    member("h1", vm("a", 3400), vm("b", 250)),
    member("h2", vm("c", 200), vm("d", 4300)),
    member("h3"),
  ];
  const swap = [
    ["b", "h1", "h3"],
    ["c", "h2", "h1"],
  ] as const;
  expect(half(members, [underload, overload], swap)).toEqual([]);
  const move: Raised = { id: "h2/move/1.2", origin: "h2", cause: { kind: "move", vm: "b", to: "h3" } };
  expect(half(members, [underload, move], [["b", "h1", "h3"]])).toEqual([]);
});

test("so may what makes room on the way below the share that plans fill memory to", () => {
  const bound = { ...vm("a1", 100), policy: { ...DEFAULT_POLICY, require: { site: "s2" } } };
  const others = ["a0", "a2", "a3", "a4", "a5"].map((id) => vm(id, 100));
  const members = [
    member("h1", bound, ...others),
    { ...member("h2", vm("b", 100), vm("c", 100)), labels: { site: "s2" } },
    member("h3"),
  ];
  const rest = [
    ["b", "h2", "h1"],
    ["c", "h2", "h1"],
    ["a1", "h1", "h2"],
  ] as const;
  const judge = (overloadPermille: number) =>
    half(members, [underload, overload], [["a0", "h1", "h3"], ...rest], {
      ...DEFAULT_LRT_CONFIG,
      overloadPermille,
    });
  expect(judge(900)).toEqual([]);
  expect(judge(1000)).toEqual(["h1#1.1 moves VMs off h1 for its underload, and leaves others there"]);
});

test("so may one that somebody new must be apart from", () => {
  const members = [member("h1", vm("a", 100), vm("b", 100)), member("h2"), member("h3")];
  const arrival = (apart: readonly string[]): Raised => ({
    id: "h2/arrival/1.1",
    origin: "h2",
    cause: {
      kind: "arrival",
      ve: "new",
      vms: [
        {
          spec: { id: "n", name: "n", cpus: 1, memory: 1024, disks: [], nics: [] },
          stamp: {
            ve: "new",
            vm: "n",
            handler: "h2-1-1",
            generation: 1,
            adopted: false,
            policy: { ...DEFAULT_POLICY, apart },
          },
          demand: { cpu: 100, memory: 1024 },
        },
      ],
    },
  });
  const judge = (apart: readonly string[]) =>
    half(members, [underload, arrival(apart)], [["a", "h1", "h3"]]).length;
  expect([judge(["a"]), judge(["b"])]).toEqual([0, 1]);
});
