/**
 * No action lifts a host above a limit or adds to an excess, at any instant of any legal order. During a migration
 * the VM counts on both hosts: the arrival weighs from its start, the departure until its end.
 */
import type { Action, Plan } from "../../model/plan.ts";
import type { Problem, ProblemHost, ProblemVm } from "../problem.ts";
import { capacityOf, resourcesOf, taken } from "./amounts.ts";
import { heaviestClosure, type Movement } from "./closure.ts";
import type { Precedence } from "./precedence.ts";

/** What one host has to do with a plan. */
interface Site {
  readonly host: ProblemHost;
  /** VMs that run on it at the start. */
  readonly residents: readonly ProblemVm[];
  readonly actions: readonly { readonly action: Action; readonly vm: ProblemVm }[];
}

export function checkRoom(problem: Problem, plan: Plan, order: Precedence): readonly string[] {
  const resources = resourcesOf(problem);
  return sites(problem, plan).flatMap((site) =>
    resources.flatMap((resource) => checkSite(problem, site, resource, order)),
  );
}

function sites(problem: Problem, plan: Plan): readonly Site[] {
  const vms = new Map(problem.vms.map((vm) => [vm.id, vm]));
  const residents = Map.groupBy(
    problem.vms.filter((vm) => vm.state === "running"),
    (vm) => vm.host,
  );
  const entered = new Set(plan.actions.map((action) => action.to));
  const touching = new Map<string, { action: Action; vm: ProblemVm }[]>();
  for (const action of plan.actions) {
    for (const host of new Set([action.from, action.to])) {
      if (host === null || !entered.has(host)) continue;
      const list = touching.get(host) ?? [];
      list.push({ action, vm: vms.get(action.vm) as ProblemVm });
      touching.set(host, list);
    }
  }
  const hosts = problem.hosts.filter((host) => entered.has(host.id));
  return hosts.map((host) => ({
    host,
    residents: residents.get(host.id) ?? [],
    actions: touching.get(host.id) ?? [],
  }));
}

function checkSite(problem: Problem, site: Site, resource: string, order: Precedence): readonly string[] {
  const { host, residents, actions } = site;
  const arrivals: Movement[] = [];
  const departures: Movement[] = [];
  const grown = new Set<string>();
  for (const { action, vm } of actions) {
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
  const start = residents.reduce((sum, vm) => sum + taken(problem, vm, resource, false), 0);
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
