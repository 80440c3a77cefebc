/** Whether a problem is well formed: what `solve` relies on, said with the place of each fault. */
import type { Rule } from "../model/constraint.ts";
import type { Amounts, Problem, ProblemHost, ProblemVm } from "./problem.ts";

/** The largest amount; sums of a million of them are still exact. */
export const LARGEST_AMOUNT = 2 ** 33;

interface Known {
  readonly hosts: Set<string>;
  readonly vms: Set<string>;
  readonly faults: string[];
}

/** The faults found, with their places; empty when the problem is well formed. */
export function problemFaults(problem: Problem): readonly string[] {
  const known: Known = { hosts: new Set(), vms: new Set(), faults: [] };
  for (const [i, host] of problem.hosts.entries()) checkHost(host, `hosts[${i}]`, known);
  for (const [i, vm] of problem.vms.entries()) checkVm(vm, `vms[${i}]`, known);
  for (const [i, rule] of problem.rules.entries()) checkRule(rule, `rules[${i}]`, known);
  return known.faults;
}

function checkHost(host: ProblemHost, place: string, { hosts, faults }: Known): void {
  if (hosts.has(host.id)) faults.push(`${place}.id: ${quote(host.id)} is taken`);
  hosts.add(host.id);
  checkAmounts(host.capacity, `${place}.capacity`, faults);
  if (host.concurrency !== undefined && !isCount(host.concurrency, 1)) {
    faults.push(`${place}.concurrency: not a whole number from 1 on`);
  }
}

function checkVm(vm: ProblemVm, place: string, { hosts, vms, faults }: Known): void {
  if (vms.has(vm.id)) faults.push(`${place}.id: ${quote(vm.id)} is taken`);
  vms.add(vm.id);
  faults.push(...vmFaults(vm, place, hosts));
}

/** The faults of one VM by itself. */
export function vmFaults(
  vm: ProblemVm,
  place: string,
  hosts: { has(id: string): boolean },
): readonly string[] {
  const faults: string[] = [];
  checkAmounts(vm.demand, `${place}.demand`, faults);
  if (vm.cost !== undefined && !isCount(vm.cost, 0))
    faults.push(`${place}.cost: not a whole number from 0 on`);
  if (vm.state === "waiting" && vm.host !== null) faults.push(`${place}.host: a waiting VM has no host`);
  if (vm.state !== "waiting" && vm.host === null) faults.push(`${place}.host: a ${vm.state} VM has a host`);
  if (vm.host !== null && !hosts.has(vm.host)) faults.push(`${place}.host: unknown host ${quote(vm.host)}`);
  return faults;
}

function checkAmounts(amounts: Amounts, place: string, faults: string[]): void {
  for (const [name, amount] of Object.entries(amounts)) {
    if (name in Object.prototype) faults.push(`${place}.${name}: not a name for a resource`);
    if (!isCount(amount, 0)) faults.push(`${place}.${name}: not a whole number from 0 to ${LARGEST_AMOUNT}`);
  }
}

function checkRule(rule: Rule, place: string, { hosts, vms, faults }: Known): void {
  const { preferred } = rule;
  if (preferred !== undefined && !isCount(preferred.weight, 1)) {
    faults.push(`${place}.preferred.weight: not a whole number from 1 on`);
  }
  if (preferred !== undefined && STRICT_ONLY.has(rule.kind))
    faults.push(`${place}.preferred: ${rule.kind} is always strict`);
  if ("resource" in rule && rule.resource in Object.prototype)
    faults.push(`${place}.resource: not a name for a resource`);
  if ("hostGroups" in rule) checkDisjoint(rule.hostGroups, `${place}.hostGroups`, faults);
  if ("groups" in rule) checkDisjoint(rule.groups, `${place}.groups`, faults);
  for (const [field, value] of Object.entries(rule)) {
    const known = VM_FIELDS.has(field) ? vms : HOST_FIELDS.has(field) ? hosts : null;
    if (known !== null) checkIds(value as Ids, `${place}.${field}`, known, faults);
    if (NUMBER_FIELDS.has(field) && !isCount(value, field === "denominator" ? 1 : 0)) {
      faults.push(`${place}.${field}: not a whole number in range`);
    }
  }
}

function checkDisjoint(groups: readonly (readonly string[])[], place: string, faults: string[]): void {
  const seen = new Set<string>();
  for (const [i, group] of groups.entries()) {
    for (const id of group)
      if (seen.has(id)) faults.push(`${place}[${i}]: ${quote(id)} is in another group too`);
    for (const id of group) seen.add(id);
  }
}

type Ids = readonly (string | readonly string[])[];

function checkIds(ids: Ids, place: string, known: ReadonlySet<string>, faults: string[]): void {
  const seen = new Set<string>();
  ids.forEach((id, i) => {
    if (typeof id !== "string") checkIds(id, `${place}[${i}]`, known, faults);
    else if (!known.has(id)) faults.push(`${place}[${i}]: unknown ${quote(id)}`);
    else if (seen.has(id)) faults.push(`${place}[${i}]: ${quote(id)} twice`);
    else seen.add(id);
  });
}

const STRICT_ONLY: ReadonlySet<string> = new Set([
  "preserve",
  "online",
  "no-delay",
  "serialize",
  "sync",
  "precedence",
  "deadline",
]);
const VM_FIELDS: ReadonlySet<string> = new Set(["vms", "groups", "before", "after"]);
const HOST_FIELDS: ReadonlySet<string> = new Set(["hosts", "hostGroups"]);
const NUMBER_FIELDS: ReadonlySet<string> = new Set(["max", "amount", "numerator", "denominator", "atMs"]);

const isCount = (value: unknown, least: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= LARGEST_AMOUNT;

const quote = (id: string): string => JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id);
