/**
 * No action lifts a host above a limit or adds to an excess, at any instant of any legal order. During a migration
 * the VM counts on both hosts: the arrival weighs from its start, the departure until its end.
 */
import type { Action, Plan } from "../../model/plan.ts";
import type { Problem, ProblemHost, ProblemVm } from "../problem.ts";
import { capacityOf, resourcesOf, taken } from "./amounts.ts";
import { heaviestClosure, type Movement } from "./closure.ts";
import type { Precedence } from "./precedence.ts";

export function checkRoom(problem: Problem, plan: Plan, order: Precedence): readonly string[] {
  const vms = new Map(problem.vms.map((vm) => [vm.id, vm]));
  const touched = new Set(plan.actions.map((action) => action.to));
  return problem.hosts
    .filter((host) => touched.has(host.id))
    .flatMap((host) =>
      resourcesOf(problem).flatMap((resource) => checkHost(problem, plan, order, vms, host, resource)),
    );
}

function checkHost(
  problem: Problem,
  plan: Plan,
  order: Precedence,
  vms: ReadonlyMap<string, ProblemVm>,
  host: ProblemHost,
  resource: string,
): readonly string[] {
  const arrivals: Movement[] = [];
  const departures: Movement[] = [];
  const grown = new Set<string>();
  for (const action of plan.actions) {
    const vm = vms.get(action.vm) as ProblemVm;
    const asked = taken(problem, vm, resource, true);
    const had = taken(
      problem,
      vm,
      resource,
      grown.has(vm.id) || vm.host !== host.id || vm.state !== "running",
    );
    if (frees(action, host, vm)) departures.push({ action: action.id, amount: had });
    if (action.to === host.id) {
      arrivals.push({ action: action.id, amount: action.kind === "allocate" ? asked - had : asked });
      grown.add(vm.id);
    }
  }
  const start = problem.vms
    .filter((vm) => vm.state === "running" && vm.host === host.id)
    .reduce((sum, vm) => sum + taken(problem, vm, resource, false), 0);
  const limit = capacityOf(problem, host, resource, false);
  return arrivals
    .filter(({ amount }) => amount > 0)
    .flatMap((arrival) => {
      const worst = start + worstAt(arrival, arrivals, departures, order);
      if (worst <= limit) return [];
      return [`action ${arrival.action} can find ${host.id} with ${worst} ${resource} of ${limit}`];
    });
}

function frees(action: Action, host: ProblemHost, vm: ProblemVm): boolean {
  if (action.from !== host.id || action.kind === "resume" || action.kind === "allocate") return false;
  return !(action.kind === "stop" && vm.state === "sleeping");
}

/** The heaviest that arrivals minus departures can be when `arrival` starts. */
function worstAt(
  arrival: Movement,
  arrivals: readonly Movement[],
  departures: readonly Movement[],
  order: Precedence,
): number {
  const gone = departures.filter(({ action }) => order.ordered(action, arrival.action));
  const kept = departures.filter(({ action }) => !order.ordered(action, arrival.action));
  const certain = arrival.amount - gone.reduce((sum, { amount }) => sum + amount, 0);
  const possible = arrivals.filter(
    ({ action }) => action !== arrival.action && !order.ordered(arrival.action, action),
  );
  return certain + heaviestClosure(possible, kept, (a, d) => order.ordered(d, a));
}
