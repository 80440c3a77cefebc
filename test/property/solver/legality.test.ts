import { describe, expect, test } from "vitest";
import { Random } from "../../../src/lib/random.ts";
import type { Action, Plan } from "../../../src/model/plan.ts";
import { capacityOf, resourcesOf, taken } from "../../../src/solver/checkers/amounts.ts";
import { checkPlan, checkSteps, type Problem, solve } from "../../../src/solver/index.ts";
import { randomProblem } from "../../support/random-problem.ts";

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
      const random = new Random(seed);
      for (let k = 0; k < 5; k++) expect(execute(problem, answer.plan, random), seed).toEqual([]);
    }
    expect(planned).toBeGreaterThan(1500);
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

  test("are the same for the same seed", () => {
    for (let i = 0; i < 300; i++) {
      const problem = randomProblem(`same ${i}`, SHAPE);
      const limits = { decisions: 1500, seed: i, bestEffort: true };
      expect(solve(problem, limits)).toEqual(solve(problem, limits));
    }
  });
});
