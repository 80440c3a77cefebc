/** Whether a placement rule holds in a configuration: one checker per rule, straight from its definition. */
import type { Level, PlacementRule, Rule } from "../../model/constraint.ts";
import type { Problem } from "../problem.ts";
import { capacityOf, taken } from "./amounts.ts";

/** Where each running VM is. A VM that does not run is absent. */
export type Configuration = ReadonlyMap<string, string>;

export function holds(rule: Rule, problem: Problem, now: Configuration): boolean {
  switch (rule.kind) {
    case "spread":
      return allDifferent(spots(problem, now, rule.vms, rule.level));
    case "gather":
      return new Set(spots(problem, now, rule.vms, rule.level)).size <= 1;
    case "ban":
      return hostsOf(now, rule.vms).every((host) => !rule.hosts.includes(host));
    case "fence":
      return hostsOf(now, rule.vms).every((host) => rule.hosts.includes(host));
    case "lonely":
      return lonely(rule, problem, now);
    case "split":
      return disjoint(rule.groups.map((vms) => spots(problem, now, vms, rule.level)));
    case "among":
      return groupsUsed(now, rule.vms, rule.hostGroups) !== null;
    case "split-among":
      return splitAmong(rule, now);
    case "running-capacity":
      return running(now, rule.hosts).length <= rule.max;
    case "resource-capacity":
      return (
        running(now, rule.hosts).reduce((sum, vm) => sum + demandOf(problem, vm, rule.resource), 0) <=
        rule.max
      );
    case "max-online":
      return new Set(running(now, rule.hosts).map((vm) => now.get(vm))).size <= rule.max;
    case "offline":
      return running(now, rule.hosts).length === 0;
    case "online":
      return rule.hosts.every((id) => problem.hosts.some((host) => host.id === id && host.online));
    case "root":
      return unmoved(problem, now, (vm) => rule.vms.includes(vm));
    case "quarantine":
      return quarantined(rule, problem, now);
    case "overbook":
      return overbooked(rule, problem, now);
    case "preserve":
      return true;
    default:
      return true;
  }
}

const hostsOf = (now: Configuration, vms: readonly string[]): readonly string[] =>
  vms.flatMap((vm) => now.get(vm) ?? []);

const running = (now: Configuration, hosts: readonly string[]): readonly string[] =>
  [...now].filter(([, host]) => hosts.includes(host)).map(([vm]) => vm);

const allDifferent = (items: readonly string[]): boolean => new Set(items).size === items.length;

function spots(
  problem: Problem,
  now: Configuration,
  vms: readonly string[],
  level: Level | undefined,
): readonly string[] {
  const hosts = hostsOf(now, vms);
  if (level === undefined || level === "host") return hosts;
  return hosts.map((id) => problem.hosts.find((host) => host.id === id)?.labels[level.label] ?? "");
}

function disjoint(groups: readonly (readonly string[])[]): boolean {
  return allDifferent(groups.flatMap((group) => [...new Set(group)]));
}

function lonely(rule: PlacementRule & { kind: "lonely" }, problem: Problem, now: Configuration): boolean {
  const others = [...now.keys()].filter((vm) => !rule.vms.includes(vm));
  return disjoint([spots(problem, now, rule.vms, rule.level), spots(problem, now, others, rule.level)]);
}

/** The one group that has all the VMs' hosts: its index, -1 when no VM runs, null when there is none. */
function groupsUsed(
  now: Configuration,
  vms: readonly string[],
  groups: readonly (readonly string[])[],
): number | null {
  const hosts = hostsOf(now, vms);
  if (hosts.length === 0) return -1;
  const group = groups.findIndex((candidates) => hosts.every((host) => candidates.includes(host)));
  return group === -1 ? null : group;
}

/** Each VM group in one host group, no two in the same: some assignment of groups to groups exists. */
function splitAmong(rule: PlacementRule & { kind: "split-among" }, now: Configuration): boolean {
  const used = rule.groups.map((vms) => groupsUsed(now, vms, rule.hostGroups));
  if (used.includes(null)) return false;
  return allDifferent(used.filter((group) => group !== -1).map(String));
}

function unmoved(problem: Problem, now: Configuration, concerns: (vm: string) => boolean): boolean {
  return problem.vms.every((vm) => {
    const here = now.get(vm.id);
    return !concerns(vm.id) || vm.state !== "running" || here === undefined || here === vm.host;
  });
}

function quarantined(
  rule: PlacementRule & { kind: "quarantine" },
  problem: Problem,
  now: Configuration,
): boolean {
  return problem.vms.every((vm) => {
    const here = now.get(vm.id);
    const was = vm.state === "running" ? vm.host : null;
    if (here === undefined || here === was) return true;
    return !rule.hosts.includes(here) && (was === null || !rule.hosts.includes(was));
  });
}

function demandOf(problem: Problem, id: string, resource: string): number {
  const vm = problem.vms.find((candidate) => candidate.id === id);
  return vm === undefined ? 0 : taken(problem, vm, resource, true);
}

/** Strict ratios change the capacity (checked there); a preferred one is held when the load keeps to it. */
function overbooked(
  rule: PlacementRule & { kind: "overbook" },
  problem: Problem,
  now: Configuration,
): boolean {
  return problem.hosts
    .filter((host) => rule.hosts.includes(host.id))
    .every((host) => {
      const load = running(now, [host.id]).reduce((sum, vm) => sum + demandOf(problem, vm, rule.resource), 0);
      const physical = host.capacity[rule.resource] ?? 0;
      const virtual = Math.floor((physical * rule.numerator) / rule.denominator);
      return (
        load <=
        Math.max(virtual, rule.preferred === undefined ? capacityOf(problem, host, rule.resource, true) : 0)
      );
    });
}
