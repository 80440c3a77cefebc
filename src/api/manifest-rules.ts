/** What a manifest's fields must be to one another. */
import type { Problem } from "../config/problem.ts";
import type { Places } from "../config/validate.ts";
import { write } from "../config/validate.ts";
import type { Path } from "../config/yaml-source.ts";
import { nearest } from "../lib/nearest.ts";
import { MAX_VMS } from "../vet/lifecycle/validate.ts";

interface Vm {
  readonly name: string;
  readonly count: number;
  readonly boot?: unknown;
  readonly disks?: readonly unknown[] | undefined;
  readonly nics?: readonly unknown[] | undefined;
  readonly domain?: { readonly fromFile?: string | undefined; readonly xml?: string | undefined } | undefined;
}

interface Document {
  readonly spec: {
    readonly vms: readonly Vm[];
    readonly placement: {
      readonly rules: readonly { readonly kind: string; readonly vms: readonly string[] }[];
    };
  };
}

export function manifestRules({ spec }: Document, places: Places): Problem[] {
  const at = (path: Path, message: string, hint?: string): Problem => ({
    where: places.place(path),
    path: write(path),
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  const problems = [...nameProblems(spec.vms, at), ...spec.vms.flatMap((vm, i) => domainProblems(vm, i, at))];
  return problems.length > 0 ? problems : ruleProblems(spec, at);
}

type At = (path: Path, message: string, hint?: string) => Problem;

/** The names that a template stands for. */
function namesOf({ name, count }: Vm): string[] {
  return count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}-${i}`);
}

function nameProblems(vms: readonly Vm[], at: At): Problem[] {
  const all = vms.reduce((sum, { count }) => sum + count, 0);
  if (all > MAX_VMS) return [at(["spec", "vms"], `spec.vms has ${all} VMs; a VE has at most ${MAX_VMS}`)];
  const owners = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [i, vm] of vms.entries()) {
    const names = namesOf(vm);
    const taken = [vm.name, ...names].find((name) => owners.has(name));
    if (taken !== undefined)
      problems.push(at(["spec", "vms", i, "name"], `two VMs would be called ${taken}`));
    if ((names.at(-1) ?? "").length > 63) {
      problems.push(at(["spec", "vms", i, "name"], `${names.at(-1)} has more than 63 characters`));
    }
    for (const name of [vm.name, ...names]) owners.set(name, i);
  }
  return problems;
}

function domainProblems({ domain, count, boot, disks, nics }: Vm, i: number, at: At): Problem[] {
  if (domain === undefined) return [];
  const path = ["spec", "vms", i] as const;
  const both = Object.entries({ boot, disks, nics }).filter(([, value]) => value !== undefined);
  const problems = both.map(([key]) =>
    at(
      [...path, key],
      `${write([...path, key])} cannot be given together with domain`,
      "the document says it all",
    ),
  );
  if (count !== 1)
    problems.push(at([...path, "count"], `${write([...path, "count"])} must be 1 with a domain document`));
  if (domain.xml === undefined && domain.fromFile === undefined) {
    problems.push(at([...path, "domain"], `${write([...path, "domain"])} needs fromFile or xml`));
  } else if (domain.fromFile !== undefined) {
    const message = `${write([...path, "domain", "fromFile"])} is read by discoveryctl, not by the agent`;
    problems.push(at([...path, "domain", "fromFile"], message, "send the document itself as domain.xml"));
  }
  return problems;
}

function ruleProblems({ vms, placement }: Document["spec"], at: At): Problem[] {
  const members = new Map<string, readonly string[]>(
    vms.flatMap((vm) => namesOf(vm).map((name) => [name, [name]])),
  );
  for (const vm of vms) members.set(vm.name, namesOf(vm));
  const problems: Problem[] = [];
  for (const [i, rule] of placement.rules.entries()) {
    for (const [k, name] of rule.vms.entries()) {
      if (!members.has(name))
        problems.push(unknownName(["spec", "placement", "rules", i, "vms", k], name, members, at));
    }
  }
  if (problems.length > 0) return problems;
  const rules = placement.rules.map(({ kind, vms: named }) => ({
    kind,
    vms: [...new Set(named.flatMap((name) => members.get(name) ?? []))],
  }));
  return contradictions(rules, at);
}

function unknownName(path: Path, name: string, members: ReadonlyMap<string, unknown>, at: At): Problem {
  const near = nearest(name, [...members.keys()]);
  return at(path, `no VM is called ${name}`, near === null ? undefined : `did you mean "${near}"?`);
}

/** VMs that must be together form groups; a rule that keeps two of one group apart cannot be held. */
function contradictions(
  rules: readonly { readonly kind: string; readonly vms: readonly string[] }[],
  at: At,
): Problem[] {
  const parents = new Map<string, string>();
  const groupOf = (name: string): string => {
    const parent = parents.get(name);
    if (parent === undefined) return name;
    const root = groupOf(parent);
    parents.set(name, root);
    return root;
  };
  for (const { kind, vms } of rules) {
    if (kind !== "together") continue;
    const [first = "", ...others] = vms.map(groupOf);
    for (const other of others)
      if (groupOf(other) !== groupOf(first)) parents.set(groupOf(other), groupOf(first));
  }
  return rules.flatMap(({ kind, vms }, i) => {
    if (kind !== "apart") return [];
    const first = new Map<string, string>();
    for (const name of vms) {
      const other = first.get(groupOf(name));
      const path = ["spec", "placement", "rules", i];
      if (other !== undefined) return [at(path, `${other} and ${name} would have to be apart and together`)];
      first.set(groupOf(name), name);
    }
    return [];
  });
}
