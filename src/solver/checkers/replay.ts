/**
 * The independent replay of a plan: whether every legal order is harmless at every instant and ends well. It reads
 * problem and plan as given and shares no code with the search; the agent runs it before the first action.
 */
import { type Rule, ruleName } from "../../model/constraint.ts";
import type { Action, Plan } from "../../model/plan.ts";
import type { Problem, ProblemVm } from "../problem.ts";
import { capacityOf, resourcesOf, taken } from "./amounts.ts";
import { checkConcurrency } from "./concurrency.ts";
import { checkContinuous } from "./continuous.ts";
import { checkPlanRules } from "./plan-rules.ts";
import { Precedence } from "./precedence.ts";
import { checkRoom } from "./room.ts";
import { type Configuration, holds } from "./rules.ts";

/** What is wrong with the plan, in sentences; empty: every order is legal and the end is viable. */
export function checkPlan(problem: Problem, plan: Plan): readonly string[] {
  const { faults, end } = followEachVm(problem, plan);
  if (faults.length > 0) return faults;
  return [...checkSteps(problem, plan), ...checkEnd(problem, end)];
}

/** As `checkPlan`, without asking that the end is viable: for plans that only reduce a violation. */
export function checkSteps(problem: Problem, plan: Plan): readonly string[] {
  const { faults } = followEachVm(problem, plan);
  if (faults.length > 0) return faults;
  const order = new Precedence(plan);
  return [
    ...checkChains(plan, order),
    ...checkAdmission(problem, plan),
    ...checkRoom(problem, plan, order),
    ...checkConcurrency(problem, plan, order),
    ...checkContinuous(problem, plan, order),
    ...checkPlanRules(problem, plan, order),
  ];
}

interface Followed {
  readonly faults: readonly string[];
  readonly end: Configuration;
}

/** Each VM's actions one after the other: does each start where the last one ended? */
function followEachVm(problem: Problem, plan: Plan): Followed {
  const faults: string[] = [];
  const vms = new Map(problem.vms.map((vm) => [vm.id, vm]));
  const hosts = new Set(problem.hosts.map((host) => host.id));
  const running = new Map<string, string>();
  const images = new Map<string, string>();
  for (const vm of problem.vms) {
    if (vm.host !== null) (vm.state === "running" ? running : images).set(vm.id, vm.host);
  }
  plan.actions.forEach((action, i) => {
    const vm = vms.get(action.vm);
    if (action.id !== i || action.after.some((id) => !Number.isInteger(id) || id < 0 || id >= i)) {
      faults.push(`action ${i} is out of order`);
    } else if (vm === undefined || (action.to !== null && !hosts.has(action.to))) {
      faults.push(`action ${i} names what does not exist`);
    } else if (!apply(action, vm, running, images)) {
      faults.push(`action ${i} (${action.kind} ${action.vm}) does not start from where the VM is`);
    }
  });
  return { faults, end: running };
}

function apply(
  action: Action,
  vm: ProblemVm,
  running: Map<string, string>,
  images: Map<string, string>,
): boolean {
  const here = running.get(vm.id);
  const { kind, from, to } = action;
  switch (kind) {
    case "migrate":
      if (here === undefined || from !== here || to === null || to === here || vm.pinned === true)
        return false;
      running.set(vm.id, to);
      return true;
    case "allocate":
      return here !== undefined && from === here && to === here;
    case "run":
      if (here !== undefined || images.has(vm.id) || from !== null || to === null) return false;
      running.set(vm.id, to);
      return vm.desired === "running";
    case "resume":
      if (here !== undefined || from === null || images.get(vm.id) !== from || to === null) return false;
      images.delete(vm.id);
      running.set(vm.id, to);
      return vm.desired === "running";
    case "suspend":
      if (here === undefined || from !== here || to !== null) return false;
      running.delete(vm.id);
      images.set(vm.id, here);
      return vm.desired === "sleeping" || vm.suspendable === true;
    case "stop":
      if (to !== null || from === null || (here ?? images.get(vm.id)) !== from) return false;
      running.delete(vm.id);
      images.delete(vm.id);
      return vm.desired === "stopped";
  }
}

/** A VM's actions never overlap, whatever the order. */
function checkChains(plan: Plan, order: Precedence): readonly string[] {
  const last = new Map<string, number>();
  return plan.actions.flatMap((action) => {
    const previous = last.get(action.vm);
    last.set(action.vm, action.id);
    if (previous === undefined || order.ordered(previous, action.id)) return [];
    return [`actions ${previous} and ${action.id} of ${action.vm} can overlap`];
  });
}

/** Nothing ever enters a host that is offline, to be emptied, or in quarantine; nothing rooted leaves. */
function checkAdmission(problem: Problem, plan: Plan): readonly string[] {
  const strict = problem.rules.filter((rule) => rule.preferred === undefined);
  const barred = new Set(problem.hosts.filter((host) => !host.online).map((host) => host.id));
  const sealed = new Set<string>();
  const rooted = new Set<string>();
  for (const rule of strict) {
    if (rule.kind === "offline" || rule.kind === "quarantine")
      for (const host of rule.hosts) barred.add(host);
    if (rule.kind === "quarantine") for (const host of rule.hosts) sealed.add(host);
    if (rule.kind === "root") for (const vm of rule.vms) rooted.add(vm);
  }
  return plan.actions.flatMap((action) => {
    const arrives = action.to !== null && action.kind !== "allocate";
    if (arrives && strict.some((rule) => keepsOut(rule, action)))
      return [`action ${action.id} enters ${action.to}, which a continuous rule forbids`];
    if (arrives && barred.has(action.to))
      return [`action ${action.id} enters ${action.to}, which takes nothing`];
    if (action.kind !== "migrate") return [];
    if (rooted.has(action.vm)) return [`action ${action.id} moves ${action.vm}, which may not move`];
    if (sealed.has(action.from ?? ""))
      return [`action ${action.id} leaves ${action.from}, which is in quarantine`];
    return [];
  });
}

function keepsOut(rule: Rule, { vm, to }: Action): boolean {
  if (rule.continuous !== true || to === null) return false;
  if (rule.kind === "ban") return rule.vms.includes(vm) && rule.hosts.includes(to);
  return rule.kind === "fence" && rule.vms.includes(vm) && !rule.hosts.includes(to);
}

function checkEnd(problem: Problem, end: Configuration): readonly string[] {
  return [...checkStates(problem, end), ...checkLoads(problem, end), ...checkRules(problem, end)];
}

function checkStates(problem: Problem, end: Configuration): readonly string[] {
  const online = new Set(problem.hosts.filter((host) => host.online).map((host) => host.id));
  return problem.vms.flatMap((vm) => {
    const host = end.get(vm.id);
    if ((host !== undefined) !== (vm.desired === "running")) return [`${vm.id} does not end ${vm.desired}`];
    return host !== undefined && !online.has(host) ? [`${vm.id} ends on ${host}, which is offline`] : [];
  });
}

function checkLoads(problem: Problem, end: Configuration): readonly string[] {
  return resourcesOf(problem).flatMap((resource) => {
    const loads = new Map<string, number>();
    for (const vm of problem.vms) {
      const host = end.get(vm.id);
      if (host !== undefined) loads.set(host, (loads.get(host) ?? 0) + taken(problem, vm, resource, true));
    }
    return problem.hosts.flatMap((host) => {
      const load = loads.get(host.id) ?? 0;
      const limit = capacityOf(problem, host, resource, true);
      return load > limit ? [`${host.id} ends with ${load} ${resource} of ${limit}`] : [];
    });
  });
}

function checkRules(problem: Problem, end: Configuration): readonly string[] {
  return problem.rules.flatMap((rule, i) =>
    rule.preferred === undefined && !holds(rule, problem, end)
      ? [`${ruleName(rule, i)} does not hold at the end`]
      : [],
  );
}
