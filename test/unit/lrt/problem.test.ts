import { describe, expect, test } from "vitest";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import type { ArrivingVm, EventCause, TravellingEvent } from "../../../src/lrt/scheduling/event.ts";
import { obstacle } from "../../../src/lrt/scheduling/obstacle.ts";
import { buildProblem, sendsBack, strays } from "../../../src/lrt/scheduling/problem.ts";
import type { NodeSnapshot, VmSnapshot } from "../../../src/lrt/scheduling/snapshot.ts";
import { DEPARTURES_REMEMBERED } from "../../../src/model/bounds.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { DEFAULT_POLICY, type VmPolicy } from "../../../src/model/virtual-machine.ts";
import { solve } from "../../../src/solver/index.ts";

const vm = (id: string, cpu: number, more: Partial<VmSnapshot> & { policy?: VmPolicy } = {}): VmSnapshot => ({
  id,
  name: `shop.${id}`,
  demand: { cpu, memory: 512 },
  pinned: null,
  adopted: false,
  policy: DEFAULT_POLICY,
  left: [],
  failed: [],
  restsForMs: null,
  ...more,
});

const host = (node: string, vms: readonly VmSnapshot[], more: Partial<NodeSnapshot> = {}): NodeSnapshot => ({
  node,
  name: node,
  capacity: { cpu: 1000, memory: 4096 },
  labels: {},
  draining: false,
  version: 1,
  vms,
  ...more,
});

const event = (origin: string, cause: EventCause): TravellingEvent => ({
  id: `${origin}/${cause.kind}/1.1`,
  origin,
  ageMs: 0,
  cause,
});
const overload = (origin: string) =>
  event(origin, { kind: "overload", resource: "cpu", wanted: 1200, limit: 1000 });
const problem = (
  members: readonly NodeSnapshot[],
  events: readonly TravellingEvent[],
  failed: { vm: string; host: string }[] = [],
) => buildProblem({ members, events, failed, config: DEFAULT_LRT_CONFIG });
const plan = (members: readonly NodeSnapshot[], events: readonly TravellingEvent[]) => {
  const solution = solve(problem(members, events), { decisions: 10_000 });
  return "plan" in solution
    ? solution.plan.actions.map(({ kind, vm: id, to }) => `${kind} ${id} → ${to}`)
    : solution.status;
};

const arriving = (id: string): ArrivingVm => ({
  spec: { id, name: id, cpus: 1, memory: 512, disks: [], nics: [] },
  stamp: { ve: "shop", vm: id, handler: "h", generation: 1, adopted: false, policy: DEFAULT_POLICY },
  demand: { cpu: 100, memory: 512 },
});

describe("a partition's problem", () => {
  test("relieves the overloaded host down to its margin, and fills others no further than theirs", () => {
    const { hosts } = problem(
      [host("h1", [vm("a", 1200)]), host("h2", [vm("b", 970)]), host("h3", [])],
      [overload("h1")],
    );
    expect(hosts.map(({ id, capacity }) => [id, capacity["cpu"]])).toEqual([
      ["h1", 950],
      ["h2", 970],
      ["h3", 950],
    ]);
  });

  test("empties a host that is drained, but not of a VM whose VE says stay", () => {
    const stays = vm("s", 100, { policy: { ...DEFAULT_POLICY, drain: "stay" } });
    const drained = [host("h1", [vm("a", 100), stays], { draining: true }), host("h2", [])];
    const found = problem(drained, [event("h1", { kind: "drain" })]);
    expect(found.rules).toContainEqual(expect.objectContaining({ kind: "offline", hosts: ["h1"] }));
    expect(found.vms.filter(({ pinned }) => pinned).map(({ id }) => id)).toEqual(["s"]);
  });

  test("empties an underloaded host as a whole, or leaves it out where a half of a plan will do", () => {
    const members = [host("h1", [vm("a", 1200)]), host("h2", [vm("b", 100)]), host("h3", [])];
    const events = [overload("h1"), event("h2", { kind: "underload", wanted: 100 })];
    const given = { members, events, failed: [], config: DEFAULT_LRT_CONFIG };
    const emptied = expect.objectContaining({ kind: "offline", hosts: ["h2"] });
    expect(buildProblem(given).rules).toContainEqual(emptied);
    expect(buildProblem({ ...given, bestEffort: true }).rules).not.toContainEqual(emptied);
  });

  test("moves only the VM that an operator named, and only where it was sent", () => {
    const members = [host("h1", [vm("a", 100), vm("b", 100)]), host("h2", [vm("c", 100)])];
    expect(plan(members, [event("h1", { kind: "move", vm: "a", to: "h2" })])).toEqual(["migrate a → h2"]);
    const full = [host("h1", [vm("a", 100)]), host("h2", [vm("c", 900)])];
    expect(plan(full, [event("h1", { kind: "move", vm: "a", to: "h2" })])).toBe("infeasible");
  });

  test("moves what an operator named from a host that is too full, and asks for no relief", () => {
    const stays = { policy: { ...DEFAULT_POLICY, balancing: "off" } } as const;
    const members = [host("h1", [vm("a", 100), vm("b", 700, stays), vm("c", 700, stays)]), host("h2", [])];
    expect(plan(members, [event("h1", { kind: "move", vm: "a", to: "h2" })])).toEqual(["migrate a → h2"]);
  });

  test("lets nothing land on a host that drains, whatever the event", () => {
    const members = [host("h1", [vm("a", 700), vm("b", 500)]), host("h2", [], { draining: true })];
    expect(plan(members, [overload("h1")])).toBe("infeasible");
    expect(plan([...members, host("h3", [])], [overload("h1")])).toEqual(["migrate b → h3"]);
  });

  test("never puts together what must be apart", () => {
    const apart = (other: string): VmPolicy => ({ ...DEFAULT_POLICY, apart: [other] });
    const members = [
      host("h1", [vm("a", 700, { policy: apart("b") }), vm("x", 500)]),
      host("h2", [vm("b", 100, { policy: apart("a") })]),
      host("h3", []),
    ];
    const moves = plan(members, [overload("h1")]);
    expect(moves).not.toContain("migrate a → h2");
    expect(moves).toHaveLength(1);
  });

  test("pins a VM whose companion is outside the partition", () => {
    const bound = vm("a", 700, { policy: { ...DEFAULT_POLICY, together: ["elsewhere"] } });
    const found = problem([host("h1", [bound, vm("x", 500)]), host("h2", [])], [overload("h1")]);
    expect(found.vms.find(({ id }) => id === "a")?.pinned).toBe(true);
  });

  test("keeps VMs to hosts with the labels they require", () => {
    const picky = vm("a", 600, { policy: { ...DEFAULT_POLICY, require: { site: "rennes" } } });
    const members = [
      host("h1", [picky, vm("b", 600, { pinned: "not managed by DISCOVERY" })], {
        labels: { site: "rennes" },
      }),
      host("h2", [], { labels: { site: "nantes" } }),
      host("h3", [], { labels: { site: "rennes" } }),
    ];
    expect(plan(members, [overload("h1")])).toEqual(["migrate a → h3"]);
  });

  test("never sends a VM back within its cool-down, unless a drain or an operator asks", () => {
    const back = vm("a", 600, { left: [{ host: "h2", agoMs: 60_000 }] });
    const members = [host("h1", [back, vm("b", 600, { pinned: "no" })]), host("h2", [])];
    expect(plan(members, [overload("h1")])).toBe("infeasible");
    expect(plan(members, [event("h1", { kind: "move", vm: "a", to: "h2" })])).toEqual(["migrate a → h2"]);
    const drained = [host("h1", [back], { draining: true }), host("h2", [])];
    expect(plan(drained, [event("h1", { kind: "drain" })])).toEqual(["migrate a → h2"]);
  });

  test("never moves a VM whose balancing is off to consolidate, only for a drain", () => {
    const off = vm("a", 100, { policy: { ...DEFAULT_POLICY, balancing: "off" } });
    const stays = vm("b", 100, { policy: { ...DEFAULT_POLICY, drain: "stay" } });
    const pinned = (events: readonly TravellingEvent[]) =>
      problem([host("h1", [off, stays]), host("h2", [])], events).vms.map((it) => it.pinned);
    expect(pinned([event("h1", { kind: "underload", wanted: 200 })])).toEqual([true, false]);
    expect(pinned([event("h1", { kind: "drain" })])).toEqual([false, true]);
  });

  test("leaves conditions as they are where only what people asked for is done", () => {
    const ssd: VmPolicy = { ...DEFAULT_POLICY, require: { disk: "ssd" } };
    const members = [
      host("h1", [vm("a", 100, { policy: ssd })]),
      host("h2", [vm("b", 1200, { demand: { cpu: 1200, memory: 5000 }, policy: ssd })]),
      host("h3", [], { labels: { disk: "ssd" } }),
    ];
    const events = [event("h1", { kind: "drain" })];
    const given = { members, events, failed: [], config: DEFAULT_LRT_CONFIG };
    const auto = buildProblem(given);
    const asIs = buildProblem({ ...given, asIs: true });
    const fenced = ({ rules }: typeof auto) => rules.flatMap((it) => (it.kind === "fence" ? it.vms : []));
    expect([auto.hosts[1]?.capacity, fenced(auto)]).toEqual([{ cpu: 1000, memory: 4096 }, ["a", "b"]]);
    expect([asIs.hosts[1]?.capacity, fenced(asIs)]).toEqual([{ cpu: 1200, memory: 5000 }, ["a"]]);
  });

  test("leaves alone who is beside a VM that is already where an operator wants it, where only that is done", () => {
    const members = [
      host("h1", [vm("a", 100, { policy: { ...DEFAULT_POLICY, apart: ["b"] } }), vm("b", 100)]),
    ];
    const move = event("h2", { kind: "move", vm: "a", to: "h1" });
    const given = { members, events: [move], failed: [], config: DEFAULT_LRT_CONFIG };
    const spread = (asIs: boolean) =>
      buildProblem({ ...given, asIs }).rules.some(({ kind }) => kind === "spread");
    expect([spread(true), spread(false)]).toEqual([false, true]);
  });

  test("keeps to what was said of a VM before that another plan has brought where an operator wants it", () => {
    const off: VmPolicy = { ...DEFAULT_POLICY, balancing: "off" };
    const astray: VmPolicy = { ...DEFAULT_POLICY, require: { disk: "ssd" } };
    const left = [{ host: "h3", agoMs: 60_000 }];
    const a = (more: Partial<VmSnapshot>) => problemOf(vm("a", 100, more));
    const problemOf = (it: VmSnapshot) => (origin: string, to: string | null, asIs: boolean) =>
      buildProblem({
        members: [host("h1", [it]), host("h3", [vm("b", 1200)])],
        events: [event(origin, { kind: "move", vm: "a", to }), overload("h3")],
        failed: [],
        config: DEFAULT_LRT_CONFIG,
        asIs,
      });
    const pinned = (policy: VmPolicy, origin: string, asIs: boolean) =>
      a({ policy })(origin, null, asIs).vms.find(({ id }) => id === "a")?.pinned;
    expect([pinned(off, "h1", false), pinned(off, "h2", false)]).toEqual([false, true]);
    expect([pinned(astray, "h1", true), pinned(astray, "h2", true)]).toEqual([false, true]);
    const cools = (origin: string) =>
      a({ left })(origin, null, false).rules.some(({ name }) => name === "its cool-down");
    expect([cools("h1"), cools("h2")]).toEqual([false, true]);
  });

  test("lets a VM rest that has left as many hosts as it remembers, unless a drain or an operator asks", () => {
    const left = Array.from({ length: DEPARTURES_REMEMBERED }, (_, n) => ({ host: `x${n}`, agoMs: n }));
    const members = (more: Partial<VmSnapshot>) => [host("h1", [vm("a", 1200, more)]), host("h2", [])];
    const wide = (more: Partial<VmSnapshot>) => problem(members(more), [overload("h1")]).vms[0]?.pinned;
    expect([wide({ left }), wide({ left: left.slice(1) })]).toEqual([true, false]);
    const drain = problem(members({ left }), [event("h1", { kind: "drain" })]);
    const move = problem(members({ left }), [event("h1", { kind: "move", vm: "a", to: "h2" })]);
    expect([drain.vms[0]?.pinned, move.vms[0]?.pinned]).toEqual([false, false]);
  });

  test("never sends a VM back by a half plan either, which leaves the underload out", () => {
    const back = vm("a", 600, { left: [{ host: "h2", agoMs: 60_000 }] });
    const members = [host("h1", [back]), host("h2", [vm("b", 100)])];
    const apart: EventCause = { kind: "violation", vms: ["b"], rule: "b requires ssd" };
    const banned = (events: readonly TravellingEvent[]) =>
      buildProblem({ members, events, failed: [], config: DEFAULT_LRT_CONFIG, bestEffort: true }).rules;
    const ban = expect.objectContaining({ kind: "ban", vms: ["a"], hosts: ["h2"], continuous: true });
    expect(banned([event("h2", { kind: "underload", wanted: 100 }), event("h2", apart)])).toContainEqual(ban);
    expect(banned([event("h2", apart)])).not.toContainEqual(ban);
  });

  test("knows a plan that sends a VM back to a host it leaves by it, which a drain or an operator may", () => {
    const legs = [
      ["h1", "h2"],
      ["h2", "h1"],
      ["h1", "h3"],
    ] as const;
    const there: Plan = {
      actions: legs.map(([from, to], id) => ({
        id,
        kind: "migrate",
        vm: "a",
        from,
        to,
        after: [],
        start: 0,
        duration: 1,
      })),
    };
    const once: Plan = { actions: there.actions.slice(0, 1) };
    expect(sendsBack(there, [overload("h1")])).toBe(true);
    expect(sendsBack(once, [overload("h1")])).toBe(false);
    expect(sendsBack(there, [overload("h3"), event("h1", { kind: "drain" })])).toBe(false);
    expect(sendsBack(there, [event("h1", { kind: "move", vm: "a", to: "h3" })])).toBe(false);
  });

  test("knows a plan that takes a VM out again of where its labels let it be", () => {
    const policy = { ...DEFAULT_POLICY, require: { site: "s1" } };
    const plain = { ...host("h1", [{ ...vm("a", 100), policy }, vm("b", 100)]), labels: {} };
    const right = { ...host("h2", []), labels: { site: "s1" } };
    const members = [plain, right, { ...host("h3", []), labels: { site: "s0" } }];
    const plan = (id: string, ...hosts: string[]): Plan => ({
      actions: hosts.slice(1).map((to, n) => ({
        id: n,
        kind: "migrate",
        vm: id,
        from: hosts[n] as string,
        to,
        after: [],
        start: 0,
        duration: 1,
      })),
    });
    expect(strays(plan("a", "h1", "h2", "h3", "h2"), members)).toBe(true);
    expect(strays(plan("b", "h1", "h2", "h3", "h2"), members)).toBe(false);
    expect(strays(plan("a", "h1", "h3", "h2"), members)).toBe(false);
    const alone = { ...DEFAULT_POLICY, apart: ["b"] };
    const pair = [host("h1", [{ ...vm("a", 100), policy: alone }, vm("b", 100)]), host("h2", [])];
    expect(strays(plan("a", "h1", "h2"), pair)).toBe(false);
    expect(strays(plan("a", "h1", "h2", "h1"), pair)).toBe(true);
  });

  test("does not start again what has come while the rest of its VE waits", () => {
    const vms = [arriving("a"), arriving("b"), arriving("c")];
    const events = [event("h1", { kind: "arrival", ve: "shop", vms })];
    const members = [host("h1", [vm("a", 100)]), host("h2", [])];
    const started = new Set(["b"]);
    const made = buildProblem({ members, events, failed: [], started, config: DEFAULT_LRT_CONFIG });
    expect(made.vms.map(({ id, state }) => `${id} ${state}`)).toEqual(["a running", "c waiting"]);
  });

  test("does not start a VM again where that failed", () => {
    const events = [event("h1", { kind: "arrival", ve: "shop", vms: [arriving("a")] })];
    const made = problem([host("h1", []), host("h2", [])], events, [{ vm: "a", host: "h2" }]);
    expect(made.rules).toContainEqual(expect.objectContaining({ kind: "ban", vms: ["a"], hosts: ["h2"] }));
    const solution = solve(made, { decisions: 10_000 });
    expect("plan" in solution && solution.plan.actions.map(({ to }) => to)).toEqual(["h1"]);
  });

  test("does not try again what has failed", () => {
    const members = [
      host("h1", [vm("a", 700), vm("b", 500, { pinned: "no" })]),
      host("h2", []),
      host("h3", []),
    ];
    const { rules } = problem(members, [overload("h1")], [{ vm: "a", host: "h2" }]);
    expect(rules).toContainEqual(expect.objectContaining({ kind: "ban", vms: ["a"], hosts: ["h2"] }));
  });

  test("does not try again so soon what failed before, in this partition or on the way; a drain or an operator may", () => {
    const failed = [
      { host: "h2", forMs: 4000 },
      { host: "h9", forMs: 4000 },
    ];
    const members = [host("h1", [vm("a", 1200, { failed })]), host("h2", []), host("h3", [])];
    const bans = (events: readonly TravellingEvent[]) =>
      problem(members, events).rules.filter(({ name }) => name === "a move there that failed");
    expect(bans([overload("h1")])).toEqual([
      { kind: "ban", vms: ["a"], hosts: ["h2"], continuous: true, name: "a move there that failed" },
    ]);
    expect(bans([overload("h1"), event("h1", { kind: "drain" })])).toEqual([]);
    expect(bans([event("h1", { kind: "move", vm: "a", to: "h2" })])).toEqual([]);
    expect(bans([overload("h1"), event("h3", { kind: "drain" })])).toHaveLength(1);
    const stuck = host("h2", [vm("a", 100)]);
    expect(problem([stuck, host("h1", [])], [overload("h2")], [{ vm: "a", host: "h2" }]).rules).toEqual([]);
  });

  test("moves nobody for a condition whom several hosts could not get a moment ago; a drain or an operator may", () => {
    const members = [host("h1", [vm("a", 600, { restsForMs: 4000 }), vm("b", 600)]), host("h2", [])];
    expect(plan(members, [overload("h1")])).toEqual(["migrate b → h2"]);
    expect(plan([...members, host("h3", [])], [event("h1", { kind: "drain" })])).toHaveLength(2);
    expect(plan(members, [event("h1", { kind: "move", vm: "a", to: "h2" })])).toEqual(["migrate a → h2"]);
    const large = host("h2", [], { capacity: { cpu: 2000, memory: 4096 } });
    expect(plan([host("h1", [vm("a", 1200)]), large], [overload("h1")])).toEqual(["migrate a → h2"]);
    const resting = host("h1", [vm("a", 1200, { restsForMs: 4000 })]);
    expect(plan([resting, large], [overload("h1")])).toBe("infeasible");
  });

  test("leaves alone what balancing is switched off for", () => {
    const off = vm("a", 600, { policy: { ...DEFAULT_POLICY, balancing: "off" } });
    expect(plan([host("h1", [off, vm("b", 600)]), host("h2", [])], [overload("h1")])).toEqual([
      "migrate b → h2",
    ]);
  });
});

describe("an obstacle", () => {
  test("is a move there that failed a moment ago", () => {
    const failed = [{ host: "h2", forMs: 3200 }];
    expect(obstacle(vm("a", 100, { failed }), host("h2", []), DEFAULT_LRT_CONFIG)).toBe(
      "a move there failed (not tried again for 4 s)",
    );
    expect(obstacle(vm("a", 100, { failed }), host("h3", []), DEFAULT_LRT_CONFIG)).toBeNull();
  });

  test("is that several hosts could not get it", () => {
    expect(obstacle(vm("a", 100, { restsForMs: 3200 }), host("h3", []), DEFAULT_LRT_CONFIG)).toBe(
      "several hosts could not get it (not tried again for 4 s)",
    );
  });

  test("is told with numbers", () => {
    const full = host("h2", [vm("b", 800)]);
    expect(obstacle(vm("a", 300), full, DEFAULT_LRT_CONFIG)).toBe("it wants 300 mCPU, 150 are free");
    expect(obstacle(vm("a", 100), full, DEFAULT_LRT_CONFIG)).toBeNull();
    expect(obstacle(vm("b", 100), full, DEFAULT_LRT_CONFIG)).toBe("it is there already");
    expect(obstacle(vm("a", 1), host("h3", [], { draining: true }), DEFAULT_LRT_CONFIG)).toBe(
      "the host is draining",
    );
    const apart = vm("a", 1, { policy: { ...DEFAULT_POLICY, apart: ["b"] } });
    expect(obstacle(apart, full, DEFAULT_LRT_CONFIG)).toBe("it must be apart from shop.b");
    const large = vm("a", 1, { demand: { cpu: 1, memory: 5000 } });
    expect(obstacle(large, full, DEFAULT_LRT_CONFIG)).toBe("it needs 5000 MiB, 3584 are free");
  });
});

describe("a VM that two members hold", () => {
  const copy = vm("a", 300);

  test("does not keep the others from being moved, and neither copy moves", () => {
    const members = [host("h1", [copy, vm("b", 900)]), host("h2", [copy]), host("h3", [])];
    expect(plan(members, [overload("h1")])).toEqual(["migrate b → h3"]);
    expect(problem(members, [overload("h1")]).vms.map(({ id, host, pinned }) => [id, host, pinned])).toEqual([
      ["a", "h1", true],
      ["b", "h1", false],
    ]);
  });

  test("takes its room on both hosts", () => {
    const members = [host("h1", [vm("b", 1100)]), host("h2", [copy]), host("h3", [copy])];
    expect(plan(members, [overload("h1")])).toBe("infeasible");
    const { hosts } = problem(members, []);
    expect(hosts.map(({ capacity }) => capacity["memory"])).toEqual([4096, 4096, 3584]);
  });

  test("takes it of what a host may be filled to", () => {
    const config = { ...DEFAULT_LRT_CONFIG, overloadPermille: 800, marginPermille: 0 };
    const members = [host("h1", [copy]), host("h2", [copy])];
    const { hosts } = buildProblem({ members, events: [], failed: [], config });
    expect(hosts.map(({ capacity }) => capacity["cpu"])).toEqual([800, 500]);
  });

  test("keeps an underloaded host from being emptied, on whichever of its hosts it was found first", () => {
    const empties = (origin: string, members: readonly NodeSnapshot[]) =>
      plan(members, [event(origin, { kind: "underload", wanted: 10 })]);
    const members = [host("h1", [copy]), host("h2", [copy, vm("b", 10)]), host("h3", [vm("c", 10)])];
    expect(empties("h1", members)).toBe("infeasible");
    expect(empties("h2", members)).toBe("infeasible");
    expect(empties("h3", members)).toEqual([expect.stringMatching(/^migrate c → h[12]$/)]);
  });

  test("leaves no host empty that holds but a copy: it may take others", () => {
    const members = [host("h1", [copy, vm("b", 600)]), host("h2", [copy]), host("h3", [vm("c", 200)])];
    expect(plan(members, [event("h3", { kind: "underload", wanted: 200 })])).toEqual(["migrate c → h2"]);
  });

  test("keeps apart whom it is apart from, on both", () => {
    const policy = { ...DEFAULT_POLICY, apart: ["a"] };
    const members = [host("h1", [copy]), host("h2", [copy]), host("h3", [vm("b", 1200, { policy })])];
    expect(plan(members, [overload("h3")])).toBe("infeasible");
  });
});
