import { describe, expect, test } from "vitest";
import { Random } from "../../../src/lib/random.ts";
import type { Rule } from "../../../src/model/constraint.ts";
import type { Action, Plan } from "../../../src/model/plan.ts";
import { capacityOf, resourcesOf, taken } from "../../../src/solver/checkers/amounts.ts";
import { holds } from "../../../src/solver/checkers/rules.ts";
import { checkPlan, checkSteps, type Problem, resolve, solve } from "../../../src/solver/index.ts";
import { randomProblem } from "../../support/random-problem.ts";

const LIMITS = { decisions: 1500 };
const SHAPE = { hosts: 6, vms: 14, rules: 4, planRules: true };

/** Runs the plan in a random order that its graph allows, with overlaps; returns what went wrong. */
function execute(problem: Problem, plan: Plan, random: Random): readonly string[] {
  const run = new Execution(problem, plan);
  while (run.unfinished) run.advance(random);
  return run.faults;
}

class Execution {
  readonly faults: string[] = [];
  readonly #problem: Problem;
  readonly #waiting: Action[];
  readonly #under: Action[] = [];
  readonly #ended = new Set<number>();
  /** What each VM has on each host, by "host vm". */
  readonly #has = new Map<string, { readonly host: string; readonly vm: string; readonly asked: boolean }>();

  constructor(problem: Problem, plan: Plan) {
    this.#problem = problem;
    this.#waiting = [...plan.actions];
    for (const vm of problem.vms) if (vm.state === "running") this.#put(vm.host as string, vm.id, false);
  }

  get unfinished(): boolean {
    return this.#waiting.length + this.#under.length > 0;
  }

  advance(random: Random): void {
    const ready = this.#waiting.filter((action) => action.after.every((id) => this.#ended.has(id)));
    if (ready.length > 0 && (this.#under.length === 0 || random.chance(0.6)))
      this.#start(random.pick(ready) as Action);
    else this.#end(random.pick(this.#under) as Action);
  }

  #start(action: Action): void {
    this.#waiting.splice(this.#waiting.indexOf(action), 1);
    this.#under.push(action);
    if (action.to === null) return;
    const before = this.#loads(action.to);
    this.#put(action.to, action.vm, true);
    const after = this.#loads(action.to);
    for (const [resource, load] of after) {
      const limit = capacityOf(this.#problem, this.#host(action.to), resource, false);
      const grew = load > (before.get(resource) as number);
      if (grew && load > limit)
        this.faults.push(`action ${action.id}: ${action.to} has ${load} ${resource} of ${limit}`);
    }
  }

  #end(action: Action): void {
    this.#under.splice(this.#under.indexOf(action), 1);
    this.#ended.add(action.id);
    const leaves = action.kind === "migrate" || action.kind === "suspend" || action.kind === "stop";
    if (leaves) this.#has.delete(`${action.from} ${action.vm}`);
  }

  #put(host: string, vm: string, asked: boolean): void {
    this.#has.set(`${host} ${vm}`, { host, vm, asked });
  }

  #loads(host: string): ReadonlyMap<string, number> {
    const here = [...this.#has.values()].filter((entry) => entry.host === host);
    return new Map(
      resourcesOf(this.#problem).map((resource) => {
        const load = here.reduce(
          (sum, { vm, asked }) => sum + taken(this.#problem, this.#vm(vm), resource, asked),
          0,
        );
        return [resource, load];
      }),
    );
  }

  #vm(id: string) {
    return this.#problem.vms.find((vm) => vm.id === id) as Problem["vms"][number];
  }

  #host(id: string) {
    return this.#problem.hosts.find((host) => host.id === id) as Problem["hosts"][number];
  }
}

/** The preferred rules that do not hold where the plan ends. */
function brokenWishes(problem: Problem, plan: Plan): readonly number[] {
  const end = endOf(problem, plan);
  return problem.rules.flatMap((rule, index) =>
    rule.preferred === undefined || holds(rule, problem, end) ? [] : [index],
  );
}

/** The plan without one VM's actions; what waited for these waits for what they waited for. */
function without({ actions }: Plan, vm: string): Plan {
  const before = new Map<number, readonly number[]>();
  for (const { id, after } of actions)
    before.set(id, [...new Set([...after, ...after.flatMap((i) => before.get(i) ?? [])])]);
  const rest = actions.filter((action) => action.vm !== vm);
  const ids = new Map(rest.map(({ id }, i) => [id, i]));
  return {
    actions: rest.map((action, i) => ({
      ...action,
      id: i,
      after: (before.get(action.id) ?? []).flatMap((id) => ids.get(id) ?? []),
    })),
  };
}

function endOf(problem: Problem, { actions }: Plan): Map<string, string> {
  const running = problem.vms.filter(({ state }) => state === "running");
  const end = new Map(running.map(({ id, host }) => [id, host as string]));
  for (const { vm, to } of actions) {
    if (to === null) end.delete(vm);
    else end.set(vm, to);
  }
  return end;
}

/** What each host has too much of where the plan ends, by "host resource". */
function excesses(problem: Problem, plan: Plan): ReadonlyMap<string, number> {
  const end = endOf(problem, plan);
  return new Map(
    problem.hosts.flatMap((host) =>
      resourcesOf(problem).map((resource): [string, number] => {
        const here = problem.vms.filter(({ id }) => end.get(id) === host.id);
        const load = here.reduce((sum, vm) => sum + taken(problem, vm, resource, true), 0);
        return [`${host.id} ${resource}`, Math.max(0, load - capacityOf(problem, host, resource, true))];
      }),
    ),
  );
}

/** What is too much where the plan ends, and the whole demand, and one, of each VM that should run and does not. */
function violation(problem: Problem, plan: Plan): number {
  const end = endOf(problem, plan);
  const online = new Set(problem.hosts.filter((host) => host.online).map(({ id }) => id));
  const missing = problem.vms.filter(
    ({ id, desired }) => desired === "running" && !online.has(end.get(id) ?? ""),
  );
  const resources = resourcesOf(problem);
  const demands = missing.map((vm) =>
    resources.reduce((sum, resource) => sum + taken(problem, vm, resource, true), 1),
  );
  return [...excesses(problem, plan).values(), ...demands].reduce((sum, amount) => sum + amount, 0);
}

/** VMs whose actions may as well be left out, as far as capacities tell: all rules hold without them. */
function idle(problem: Problem, plan: Plan): readonly string[] {
  const before = excesses(problem, plan);
  return problem.vms.flatMap(({ id, state, host, desired }) => {
    const offline = problem.hosts.some((one) => one.id === host && !one.online);
    if (state !== "running" || desired !== "running" || offline) return [];
    if (!plan.actions.some(({ vm, kind }) => vm === id && kind !== "allocate")) return [];
    const rest = without(plan, id);
    if (checkSteps(problem, rest).length > 0) return [];
    const end = endOf(problem, rest);
    if (problem.rules.some((rule) => !holds(rule, problem, end))) return [];
    const worse = [...excesses(problem, rest)].some(([where, excess]) => excess > (before.get(where) ?? 0));
    return worse ? [] : [id];
  });
}

/** One host is to be emptied, in an order that up to four rules have a say in. */
function withPlanRules(problem: Problem, random: Random): Problem {
  const emptied = random.pick(problem.hosts)?.id ?? "";
  const movers = problem.vms.filter(({ host, state }) => host === emptied && state === "running");
  const some = () => {
    const vms = random.shuffle(movers.map(({ id }) => id));
    return vms.slice(0, random.int(1, 3));
  };
  const drawn = Array.from({ length: random.int(1, 4) }, (): Rule => {
    const kind = random.pick(["sync", "sync", "serialize", "precedence", "deadline"] as const) ?? "sync";
    if (kind === "deadline") return { kind, vms: some(), atMs: random.int(1000, 9000) };
    if (kind !== "precedence") return { kind, vms: some() };
    const [first = "", ...others] = some();
    return { kind, before: [first], after: others };
  });
  const offline: Rule = { kind: "offline", hosts: [emptied] };
  return { ...problem, rules: movers.length === 0 ? [offline] : [offline, ...drawn] };
}

describe("plans", () => {
  test("are legal in random orders with overlaps, whatever the rules", () => {
    let planned = 0;
    for (let i = 0; i < 4000; i++) {
      const seed = `legality ${i}`;
      const problem = randomProblem(seed, SHAPE);
      const answer = solve(problem, { decisions: 1500, bestEffort: true });
      if (answer.status === "infeasible" || answer.status === "limit") continue;
      planned++;
      const check = answer.status === "reduced" ? checkSteps : checkPlan;
      expect(check(problem, answer.plan), seed).toEqual([]);
      if (answer.status !== "reduced")
        expect(answer.broken, seed).toEqual(brokenWishes(problem, answer.plan));
      const random = new Random(seed);
      for (let k = 0; k < 5; k++) expect(execute(problem, answer.plan, random), seed).toEqual([]);
    }
    expect(planned).toBeGreaterThan(1500);
  });

  test("are legal where several rules about the plan meet in the VMs that must migrate", () => {
    let planned = 0;
    for (let i = 0; i < 2000; i++) {
      const seed = `plan rules ${i}`;
      const problem = withPlanRules(randomProblem(seed, { ...SHAPE, rules: 0 }), new Random(seed));
      const answer = solve(problem, { decisions: 1500 });
      if (answer.status === "infeasible" || answer.status === "limit") continue;
      planned++;
      expect(checkPlan(problem, answer.plan), seed).toEqual([]);
    }
    expect(planned).toBeGreaterThan(700);
  });

  test("that only reduce a violation do reduce it", () => {
    let reduced = 0;
    for (let i = 0; i < 1500; i++) {
      const answer = solve(randomProblem(`effort ${i}`, SHAPE), { decisions: 800, bestEffort: true });
      if (answer.status !== "reduced") continue;
      reduced++;
      expect(answer.violationAfter).toBeLessThan(answer.violationBefore);
    }
    expect(reduced).toBeGreaterThan(100);
  });

  test("that only reduce a violation leave as much of it as they say", () => {
    let reduced = 0;
    for (let i = 0; i < 3000; i++) {
      const seed = `left ${i}`;
      const problem = randomProblem(seed, { ...SHAPE, rules: 0, planRules: false });
      const answer = solve(problem, { decisions: 800, bestEffort: true });
      if (answer.status !== "reduced") continue;
      reduced++;
      expect(answer.violationAfter, seed).toBe(violation(problem, answer.plan));
    }
    expect(reduced).toBeGreaterThan(100);
  });

  test("that are not proved to be the cheapest move nobody for nothing", () => {
    let moved = 0;
    for (let i = 0; i < 3000; i++) {
      const seed = `spared ${i}`;
      const problem = randomProblem(seed, { ...SHAPE, rules: 1, planRules: false });
      const answer = solve(problem, { decisions: 60 });
      if (answer.status !== "feasible") continue;
      moved += answer.plan.actions.filter(({ kind }) => kind === "migrate").length;
      expect(checkPlan(problem, answer.plan), seed).toEqual([]);
      if (answer.broken.length > 0) continue;
      expect(idle(problem, answer.plan), seed).toEqual([]);
    }
    expect(moved).toBeGreaterThan(100);
  });

  test("that only reduce a violation move nobody for nothing", () => {
    let moved = 0;
    for (let i = 0; i < 1500; i++) {
      const seed = `idle ${i}`;
      const problem = randomProblem(seed, { ...SHAPE, rules: 1, planRules: false });
      const answer = solve(problem, { decisions: 800, bestEffort: true });
      if (answer.status !== "reduced") continue;
      moved += answer.plan.actions.filter(({ kind }) => kind === "migrate").length;
      expect(idle(problem, answer.plan), seed).toEqual([]);
    }
    expect(moved).toBeGreaterThan(100);
  });

  test("for an event are as good as from scratch, prepared or not", () => {
    const ratios: number[] = [];
    for (let i = 0; i < 400; i++) {
      const random = new Random(`event ${i}`);
      const problem = randomProblem(`event ${i}`, { ...SHAPE, planRules: false });
      const vm = random.pick(problem.vms);
      if (vm === undefined) continue;
      const grown = { ...vm, demand: { cpu: random.int(0, 6), memory: random.int(1, 6) } };
      const first = resolve({ problem }, {}, LIMITS);
      const { solution, problem: changed } = resolve(first, { vms: [grown] }, LIMITS);
      const scratch = solve(changed, LIMITS);
      const proved = ["optimal", "infeasible"];
      if (proved.includes(solution.status) && proved.includes(scratch.status))
        expect(solution.status).toBe(scratch.status);
      if ("bound" in solution && "bound" in scratch) ratios.push((solution.cost + 1) / (scratch.cost + 1));
    }
    ratios.sort((a, b) => a - b);
    expect(ratios.length).toBeGreaterThan(100);
    expect(ratios[ratios.length >> 1]).toBeLessThanOrEqual(1.01);
  });

  test("are the same for the same seed", () => {
    for (let i = 0; i < 300; i++) {
      const problem = randomProblem(`same ${i}`, SHAPE);
      const limits = { decisions: 1500, seed: i, bestEffort: true };
      expect(solve(problem, limits)).toEqual(solve(problem, limits));
    }
  });
});
