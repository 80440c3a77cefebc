/** `vmr-instance/2`: a whole problem in the project's own words and units (docs/reference/instance-format.md). */
import type { Level, Rule } from "../../model/constraint.ts";
import type { Amounts, PlanLimits, Problem, ProblemHost, ProblemVm } from "../problem.ts";
import type { Fields, Reader } from "./reader.ts";

const STATES = ["running", "waiting", "sleeping"] as const;
const DESIRED = ["running", "sleeping", "stopped"] as const;
export const OBJECTIVES = ["memory", "makespan", "migrations", "hosts", "distance"] as const;

export function readVersion2(root: Reader): Problem {
  const fields = root.fields(["format", "name", "hosts", "vms", "rules", "objective", "plan"]);
  return {
    hosts: fields.must("hosts").list().map(readHost),
    vms: fields.must("vms").list().map(readVm),
    rules: fields.may("rules", (rules) => rules.list().map(readRule), []),
    objective: fields.may("objective", (objective) => objective.oneOf(OBJECTIVES), "memory"),
    ...fields.may("plan", (plan) => ({ plan: readPlanLimits(plan) }), {}),
  };
}

function readHost(host: Reader): ProblemHost {
  const fields = host.fields(["id", "capacity", "online", "labels", "concurrency"]);
  return {
    id: fields.must("id").id(),
    capacity: readAmounts(fields.must("capacity")),
    online: fields.may("online", (online) => online.flag(), true),
    labels: fields.may("labels", readLabels, {}),
    ...fields.may("concurrency", (count) => ({ concurrency: count.count(1) }), {}),
  };
}

export function readVm(vm: Reader): ProblemVm {
  const fields = vm.fields(["id", "state", "desired", "host", "demand", "cost", "pinned", "suspendable"]);
  const host = fields.may("host", (reader) => (reader.isNull ? null : reader.id()), null);
  return {
    id: fields.must("id").id(),
    state: fields.may("state", (state) => state.oneOf(STATES), host === null ? "waiting" : "running"),
    desired: fields.may("desired", (desired) => desired.oneOf(DESIRED), "running"),
    host,
    demand: readAmounts(fields.must("demand")),
    ...fields.may("cost", (cost) => ({ cost: cost.count() }), {}),
    ...fields.may("pinned", (pinned) => ({ pinned: pinned.flag() }), {}),
    ...fields.may("suspendable", (may) => ({ suspendable: may.flag() }), {}),
  };
}

const readAmounts = (amounts: Reader): Amounts =>
  Object.fromEntries(amounts.entries().map(([name, amount]) => [name, amount.count()]));

const readLabels = (labels: Reader) =>
  Object.fromEntries(labels.entries().map(([name, label]) => [name, label.text()]));

function readPlanLimits(plan: Reader): PlanLimits {
  const names = ["migrationsPerHost", "migrationsBetweenSites", "bandwidthMibPerSecond"];
  const fields = plan.fields(names);
  return Object.fromEntries(
    names.filter((name) => fields.has(name)).map((name) => [name, fields.must(name).count(1)]),
  );
}

/** The fields that each kind of rule has beside `kind`, `name`, `continuous` and `preferred`. */
const RULE_FIELDS = {
  spread: ["vms", "level?"],
  gather: ["vms", "level?"],
  ban: ["vms", "hosts"],
  fence: ["vms", "hosts"],
  root: ["vms"],
  lonely: ["vms", "level?"],
  split: ["groups", "level?"],
  among: ["vms", "hostGroups"],
  "split-among": ["groups", "hostGroups"],
  "running-capacity": ["hosts", "max"],
  "resource-capacity": ["hosts", "resource", "max"],
  preserve: ["vms", "resource", "amount"],
  overbook: ["hosts", "resource", "numerator", "denominator"],
  "max-online": ["hosts", "max"],
  quarantine: ["hosts"],
  offline: ["hosts"],
  online: ["hosts"],
  "no-delay": ["vms"],
  serialize: ["vms"],
  sync: ["vms"],
  precedence: ["before", "after"],
  deadline: ["vms", "atMs"],
} as const satisfies { readonly [kind in Rule["kind"]]: readonly string[] };

const KINDS = Object.keys(RULE_FIELDS) as Rule["kind"][];

const READ_FIELD: { readonly [field: string]: (reader: Reader) => unknown } = {
  vms: (reader) => reader.ids(),
  hosts: (reader) => reader.ids(),
  before: (reader) => reader.ids(),
  after: (reader) => reader.ids(),
  groups: (reader) => reader.list().map((group) => group.ids()),
  hostGroups: (reader) => reader.list().map((group) => group.ids()),
  resource: (reader) => reader.text(),
  level: readLevel,
  max: (reader) => reader.count(),
  amount: (reader) => reader.count(),
  numerator: (reader) => reader.count(),
  denominator: (reader) => reader.count(1),
  atMs: (reader) => reader.count(),
};

function readRule(rule: Reader): Rule {
  const kind = rule
    .fields(["kind", "name", "continuous", "preferred", ...Object.keys(READ_FIELD)])
    .must("kind")
    .oneOf(KINDS);
  const names = RULE_FIELDS[kind].map((name) => name.replace("?", ""));
  const fields = rule.fields(["kind", "name", "continuous", "preferred", ...names]);
  const own = RULE_FIELDS[kind].flatMap((name) => readField(fields, name));
  return {
    kind,
    ...Object.fromEntries(own),
    ...fields.may("name", (name) => ({ name: name.text() }), {}),
    ...fields.may("continuous", (continuous) => ({ continuous: continuous.flag() }), {}),
    ...fields.may("preferred", (preferred) => ({ preferred: readWeight(preferred) }), {}),
  } as Rule;
}

function readField(fields: Fields, name: string): readonly (readonly [string, unknown])[] {
  const field = name.replace("?", "");
  const read = READ_FIELD[field] as (reader: Reader) => unknown;
  if (field !== name) return fields.may(field, (reader) => [[field, read(reader)]], []);
  return [[field, read(fields.must(field))]];
}

const readWeight = (preferred: Reader) => ({ weight: preferred.fields(["weight"]).must("weight").count(1) });

function readLevel(level: Reader): Level {
  if (level.is("host")) return "host";
  if (!level.isObject) return level.fail('neither "host" nor {"label": …}');
  return { label: level.fields(["label"]).must("label").text() };
}
