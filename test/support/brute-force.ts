/**
 * The cheapest plan by brute force: Dijkstra over every configuration that single legal steps reach, written from
 * the definitions alone (it shares the rule checkers with the replay, and nothing with the search).
 */
import type { Rule } from "../../src/model/constraint.ts";
import { capacityOf, resourcesOf, taken } from "../../src/solver/checkers/amounts.ts";
import { holds } from "../../src/solver/checkers/rules.ts";
import type { Problem, ProblemVm } from "../../src/solver/index.ts";
import { MEMORY } from "../../src/solver/problem.ts";

/** Where a VM is: `on` a host (`grown`: with its full demand), `asleep` on one, or neither. */
type Place =
  | { readonly at: "on"; readonly host: string; readonly grown: boolean }
  | { readonly at: "asleep"; readonly host: string }
  | { readonly at: "nowhere" };

type State = readonly Place[];

/** The least cost of any plan, preferred rules included; infinite: none exists. */
export function cheapestPlan(problem: Problem): number {
  return new BruteForce(problem).run();
}

interface Move {
  readonly next: State;
  readonly charge: number;
}

class BruteForce {
  readonly #problem: Problem;
  readonly #strict: readonly Rule[];
  readonly #continuous: readonly Rule[];
  readonly #resources: readonly string[];
  readonly #grows: boolean;

  constructor(problem: Problem) {
    this.#problem = problem;
    this.#strict = problem.rules.filter((rule) => rule.preferred === undefined);
    this.#continuous = this.#strict.filter((rule) => rule.continuous === true);
    this.#resources = resourcesOf(problem);
    this.#grows = problem.rules.some((rule) => rule.kind === "preserve");
  }

  run(): number {
    const open = new Map<number, State[]>([[0, [this.#start()]]]);
    const reached = new Map<string, number>([[JSON.stringify(this.#start()), 0]]);
    let best = Number.POSITIVE_INFINITY;
    for (let cost = 0; open.size > 0 && cost < best; cost++) {
      const level = open.get(cost) ?? [];
      open.delete(cost);
      for (let i = 0; i < level.length; i++) {
        const state = level[i] as State;
        if ((reached.get(JSON.stringify(state)) as number) < cost) continue;
        best = Math.min(best, cost + this.#endCost(state));
        for (const { next, charge } of this.#steps(state)) {
          const key = JSON.stringify(next);
          if (cost + charge >= (reached.get(key) ?? Number.POSITIVE_INFINITY)) continue;
          reached.set(key, cost + charge);
          if (charge === 0) level.push(next);
          else open.set(cost + charge, [...(open.get(cost + charge) ?? []), next]);
        }
      }
    }
    return best;
  }

  #start(): State {
    return this.#problem.vms.map((vm): Place => {
      if (vm.host === null) return { at: "nowhere" };
      return vm.state === "running"
        ? { at: "on", host: vm.host, grown: !this.#grows }
        : { at: "asleep", host: vm.host };
    });
  }

  /** What the preferred rules cost in an end state; infinite when it is none. */
  #endCost(state: State): number {
    const now = this.#configuration(state);
    const ended = this.#problem.vms.every((vm, i) => {
      const place = state[i] as Place;
      if (vm.desired === "running") return place.at === "on" && this.#host(place.host).online;
      return (
        vm.state === "waiting" || (vm.desired === "sleeping" ? place.at === "asleep" : place.at === "nowhere")
      );
    });
    if (!ended || !this.#fitsAtEnd(now) || !this.#strict.every((rule) => holds(rule, this.#problem, now))) {
      return Number.POSITIVE_INFINITY;
    }
    const broken = this.#problem.rules.filter(
      (rule) => rule.preferred !== undefined && !holds(rule, this.#problem, now),
    );
    return broken.reduce((sum, rule) => sum + (rule.preferred?.weight ?? 0), 0);
  }

  #configuration(state: State): ReadonlyMap<string, string> {
    return new Map(
      this.#problem.vms.flatMap((vm, i): [string, string][] => {
        const place = state[i] as Place;
        return place.at === "on" ? [[vm.id, place.host]] : [];
      }),
    );
  }

  #fitsAtEnd(now: ReadonlyMap<string, string>): boolean {
    return this.#problem.hosts.every((host) =>
      this.#resources.every((resource) => {
        const here = this.#problem.vms.filter((vm) => now.get(vm.id) === host.id);
        const load = here.reduce((sum, vm) => sum + taken(this.#problem, vm, resource, true), 0);
        return load <= capacityOf(this.#problem, host, resource, true);
      }),
    );
  }

  *#steps(state: State): Iterable<Move> {
    for (const [i, vm] of this.#problem.vms.entries()) {
      if (vm.desired === "running") yield* this.#stepsOfStanding(state, i, vm);
      else yield* this.#stepsOfLeaving(state, i, vm);
    }
  }

  *#stepsOfStanding(state: State, i: number, vm: ProblemVm): Iterable<Move> {
    const place = state[i] as Place;
    const memory = memoryOf(vm);
    for (const host of this.#problem.hosts) {
      if (!this.#mayEnter(state, i, vm, host.id)) continue;
      const next = state.with(i, { at: "on", host: host.id, grown: true });
      if (place.at === "on") yield { next, charge: memory };
      else yield { next, charge: place.at === "nowhere" ? 0 : place.host === host.id ? memory : 2 * memory };
    }
    if (place.at !== "on" || vm.suspendable !== true || this.#rooted(vm)) return;
    yield { next: state.with(i, { at: "asleep", host: place.host }), charge: memory };
  }

  *#stepsOfLeaving(state: State, i: number, vm: ProblemVm): Iterable<Move> {
    const place = state[i] as Place;
    if (place.at === "nowhere" || (place.at === "asleep" && vm.desired !== "stopped")) return;
    const sleeps = vm.desired === "sleeping";
    const next: Place = sleeps ? { at: "asleep", host: place.host } : { at: "nowhere" };
    yield { next: state.with(i, next), charge: sleeps ? memoryOf(vm) : 0 };
  }

  #mayEnter(state: State, i: number, vm: ProblemVm, to: string): boolean {
    const place = state[i] as Place;
    const moves = place.at === "on";
    if (moves && (place.host === to || this.#rooted(vm))) return false;
    if (!this.#host(to).online || this.#strict.some((rule) => bars(rule, vm, to))) return false;
    return this.#hasRoom(state, vm, to) && this.#continuityHolds(state, i, vm, to);
  }

  #rooted(vm: ProblemVm): boolean {
    if (vm.state !== "running") return false;
    const bound = (rule: Rule) =>
      (rule.kind === "root" && rule.vms.includes(vm.id)) ||
      (rule.kind === "quarantine" && vm.host !== null && rule.hosts.includes(vm.host));
    return vm.pinned === true || this.#strict.some(bound);
  }

  #hasRoom(state: State, vm: ProblemVm, to: string): boolean {
    return this.#resources.every((resource) => {
      const wanted = taken(this.#problem, vm, resource, true);
      const load = this.#problem.vms.reduce((sum, other, k) => {
        const place = state[k] as Place;
        return place.at === "on" && place.host === to
          ? sum + taken(this.#problem, other, resource, place.grown)
          : sum;
      }, 0);
      return wanted === 0 || load + wanted <= capacityOf(this.#problem, this.#host(to), resource, false);
    });
  }

  /** With the VM on both hosts, and then on the new one alone. */
  #continuityHolds(state: State, i: number, vm: ProblemVm, to: string): boolean {
    if (this.#continuous.length === 0) return true;
    const ghost = `${vm.id}'`;
    const doubled = { ...this.#problem, vms: [...this.#problem.vms, { ...vm, id: ghost }] };
    const during = new Map([...this.#configuration(state), [ghost, to]]);
    const after = this.#configuration(state.with(i, { at: "on", host: to, grown: true }));
    return this.#continuous.filter(aboutGroups).every((rule) => {
      return holds(withMember(rule, vm.id, ghost), doubled, during) && holds(rule, this.#problem, after);
    });
  }

  #host(id: string) {
    const host = this.#problem.hosts.find((candidate) => candidate.id === id);
    if (host === undefined) throw new Error(id);
    return host;
  }
}

function bars(rule: Rule, vm: ProblemVm, to: string): boolean {
  if (rule.kind === "offline" || rule.kind === "quarantine") return rule.hosts.includes(to);
  if (rule.continuous !== true || (rule.kind !== "ban" && rule.kind !== "fence")) return false;
  return rule.vms.includes(vm.id) && rule.hosts.includes(to) === (rule.kind === "ban");
}

const memoryOf = (vm: ProblemVm): number => vm.demand[MEMORY] ?? 0;

const aboutGroups = (rule: Rule): boolean =>
  !["ban", "fence", "root", "offline", "quarantine", "online", "preserve", "overbook"].includes(rule.kind);

function withMember(rule: Rule, vm: string, ghost: string): Rule {
  const add = (ids: readonly string[]) => (ids.includes(vm) ? [...ids, ghost] : ids);
  if ("vms" in rule) return { ...rule, vms: add(rule.vms) } as Rule;
  return "groups" in rule ? ({ ...rule, groups: rule.groups.map(add) } as Rule) : rule;
}
