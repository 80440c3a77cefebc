/** Ids of people in the place of ids of machines: a host's name, a domain's name, each once. */
import { byText } from "../lib/order.ts";
import type { Rule } from "../model/constraint.ts";
import type { NodeId } from "../model/node.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Problem } from "../solver/problem.ts";

export interface Called {
  readonly id: string;
  readonly name: string;
  /** The host that has it; null: none. */
  readonly at: string | null;
}

/** Who shares a name gets its host's beside it, or else its id instead, and a warning says so. */
export function uniqueNames(what: string, all: readonly Called[]) {
  const once = [...new Map(all.toReversed().map((called) => [called.id, called])).values()];
  const groups = [...Map.groupBy(once, ({ name }) => name)].sort(([a], [b]) => byText(a, b));
  const names = new Map<string, string>();
  const taken = new Set(groups.map(([name]) => name));
  for (const [name, called] of groups) {
    for (const one of called.toSorted((a, b) => byText(a.id, b.id))) {
      const given = called.length === 1 ? name : apart(one, taken);
      names.set(one.id, given);
      taken.add(given);
    }
  }
  const shared = groups.filter(([, called]) => called.length > 1);
  const warnings = shared.map(([name, called]) => {
    const given = called.map(({ id }) => names.get(id) ?? id).sort(byText);
    return `${called.length} ${what} are called ${name}; here they are ${given.join(", ")}`;
  });
  return { nameOf: (id: string): string => names.get(id) ?? id, warnings };
}

function apart({ id, name, at }: Called, taken: ReadonlySet<string>): string {
  const beside = `${name}@${at}`;
  return at === null || taken.has(beside) ? id : beside;
}

export interface Names {
  readonly host: (node: NodeId) => string;
  readonly vm: (vm: VmId) => string;
}

/** The same problem, sorted by its new ids; a label without a value says nothing, and the format has none such. */
export function renamed(problem: Problem, { host, vm }: Names): Problem {
  const hosts = problem.hosts.map((one) => ({ ...one, id: host(one.id), labels: filled(one.labels) }));
  const vms = problem.vms.map((one) => ({
    ...one,
    id: vm(one.id),
    host: one.host === null ? null : host(one.host),
  }));
  return {
    ...problem,
    hosts: hosts.sort((a, b) => byText(a.id, b.id)),
    vms: vms.sort((a, b) => byText(a.id, b.id)),
    rules: problem.rules.map((rule) => renamedRule(rule, { host, vm })),
  };
}

/** Rules of the scheduler name VMs and hosts in lists of these two names. */
function renamedRule(rule: Rule, { host, vm }: Names): Rule {
  return {
    ...rule,
    ...("vms" in rule ? { vms: rule.vms.map(vm).sort(byText) } : {}),
    ...("hosts" in rule ? { hosts: rule.hosts.map(host).sort(byText) } : {}),
  } as Rule;
}

function filled(labels: { readonly [label: string]: string }): { readonly [label: string]: string } {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
}
