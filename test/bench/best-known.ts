/**
 * The cheapest executable plans ever found, per instance, with the best lower bound: a file in the repository that only
 * improves. A plan comes in when an independent replay finds nothing wrong with it and it costs what is claimed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Action, Plan } from "../../src/model/plan.ts";
import { checkPlan, type Problem } from "../../src/solver/index.ts";
import { FAMILIES, type FamilyName } from "./families.ts";

const FILE = new URL("instances/best-known.json", import.meta.url);

export interface Known {
  /** Migrated MiB of the plan. */
  readonly cost: number;
  readonly foundBy: string;
  /** No plan migrates less. */
  readonly bound: number;
  readonly boundBy: string;
  readonly plan: Plan;
}

/** An action in the file, in the order of its fields. */
type Row = readonly [
  Action["id"],
  Action["kind"],
  Action["vm"],
  Action["from"],
  Action["to"],
  Action["start"],
  Action["duration"],
  Action["after"],
];

export class BestKnown {
  readonly #known: Map<string, Known>;

  constructor(text = readFileSync(FILE, "utf8")) {
    const entries = Object.entries(JSON.parse(text) as Record<string, Known & { plan: readonly Row[] }>);
    this.#known = new Map(
      entries.map(([instance, known]) => [instance, { ...known, plan: planOf(known.plan) }]),
    );
  }

  get instances(): readonly string[] {
    return [...this.#known.keys()].sort();
  }

  get(instance: string): Known | undefined {
    return this.#known.get(instance);
  }

  /** Takes in what is better: the cheaper plan, the higher bound. Returns the best cost there is. */
  offer(instance: string, offered: Known): number {
    const faults = faultsOf(instance, offered);
    if (faults.length > 0) throw new Error(`${instance}: ${faults[0]}`);
    const old = this.#known.get(instance) ?? offered;
    const { cost, foundBy, plan } = offered.cost < old.cost ? offered : old;
    const { bound, boundBy } = offered.bound > old.bound ? offered : old;
    this.#known.set(instance, { cost, foundBy, bound, boundBy, plan });
    return cost;
  }

  get text(): string {
    const entries = this.instances.map((instance) => {
      const { plan, ...rest } = this.#known.get(instance) as Known;
      const rows = plan.actions.map((action) => `      ${JSON.stringify(rowOf(action))}`);
      const head = Object.entries(rest).map(
        ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`,
      );
      return `  ${JSON.stringify(instance)}: {\n${head.join("")}    "plan": [\n${rows.join(",\n")}\n    ]\n  }`;
    });
    return `{\n${entries.join(",\n")}\n}\n`;
  }

  /** Merges with what the file has by now: another search may have saved meanwhile. */
  save(): void {
    const now = new BestKnown();
    for (const [instance, known] of now.#known) this.offer(instance, known);
    writeFileSync(FILE, this.text);
  }
}

/** The instance called `FAMILY/HOSTS/SEED`. */
export function instanceCalled(name: string): Problem {
  const [family, hosts, seed] = name.split("/");
  return FAMILIES[family as FamilyName](Number(hosts), Number(seed));
}

/** What is wrong with what is claimed of an instance. */
export function faultsOf(instance: string, { plan, cost, bound }: Known): readonly string[] {
  const problem = instanceCalled(instance);
  const illegal = checkPlan(problem, plan).map((fault) => JSON.stringify(fault));
  const migrated = migratedBy(problem, plan);
  return [
    ...illegal,
    ...(migrated === cost ? [] : [`the plan migrates ${migrated} MiB, not ${cost}`]),
    ...(bound <= cost ? [] : [`the bound ${bound} is above the cost ${cost}`]),
  ];
}

function migratedBy(problem: Problem, { actions }: Plan): number {
  const memory = new Map(problem.vms.map((vm) => [vm.id, vm.demand["memory"] ?? 0]));
  return actions
    .filter((action) => action.kind === "migrate")
    .reduce((sum, action) => sum + (memory.get(action.vm) ?? 0), 0);
}

const rowOf = ({ id, kind, vm, from, to, start, duration, after }: Action): Row => [
  id,
  kind,
  vm,
  from,
  to,
  start,
  duration,
  after,
];

const planOf = (rows: readonly Row[]): Plan => ({
  actions: rows.map(
    ([id, kind, vm, from, to, start, duration, after]): Action => ({
      id,
      kind,
      vm,
      from,
      to,
      start,
      duration,
      after,
    }),
  ),
});
