/**
 * From snapshots and events to a problem for the solver.
 *
 * A partition sees only its members, so a rule that reaches outside must not be broken blindly. `apart` at host
 * level cannot be: members are reserved, nobody else can put a VM on them, and a sibling elsewhere is on no
 * member. `together` with a sibling outside pins the VM. Both follow from exclusive reservation.
 *
 * `apart`, required labels and cool-downs hold at every instant of a plan (no swap of siblings, no pivot through a
 * host that is out of bounds); `together` holds at its end only: two VMs never move in the same instant.
 */
import { assert } from "../../lib/assert.ts";
import { byText } from "../../lib/order.ts";
import { DEPARTURES_REMEMBERED } from "../../model/bounds.ts";
import type { Rule } from "../../model/constraint.ts";
import type { NodeId } from "../../model/node.ts";
import type { Plan } from "../../model/plan.ts";
import type { ResourceName } from "../../model/resources.ts";
import type { VmId, VmPolicy } from "../../model/virtual-machine.ts";
import type { Problem, ProblemHost, ProblemVm } from "../../solver/problem.ts";
import type { LrtConfig } from "../config.ts";
import { share } from "../monitoring/monitor.ts";
import { type Doubles, doubleRules, doublesOf, type Member, withoutDoubles } from "./doubles.ts";
import type { ArrivingVm, EventKind, TravellingEvent } from "./event.ts";
import type { NodeSnapshot, VmSnapshot } from "./snapshot.ts";

export interface PlanningInput {
  /** In join order. */
  readonly members: readonly NodeSnapshot[];
  readonly events: readonly TravellingEvent[];
  /** Moves that failed in this partition: not tried again. */
  readonly failed: readonly { readonly vm: VmId; readonly host: NodeId }[];
  /** VMs of arrivals that this partition has started already. */
  readonly started?: ReadonlySet<VmId>;
  readonly config: LrtConfig;
  /** For a plan that only reduces a violation. */
  readonly bestEffort?: boolean;
  /** Only what people asked for is done: who is too full may stay so, and what a rule is broken by may stay where it is. */
  readonly asIs?: boolean;
}

/** What a problem is made of: the events it is made for, and its members without second copies. */
interface Input extends PlanningInput {
  readonly members: readonly Member[];
}

export function buildProblem(given: PlanningInput): Problem {
  const events = eventsOf(given);
  const doubles = doublesOf(given.members, originsOf("underload", events));
  const input: Input = { ...given, members: withoutDoubles(given.members, doubles), events };
  const inside = new Set(input.members.map((member) => member.node));
  const emptied = new Set([...hostsToEmpty(input.events)].filter((host) => inside.has(host)));
  const placed = input.members.flatMap((member) => member.vms.map((vm) => ({ vm, member })));
  const arriving = arrivals(input, new Set(placed.map(({ vm }) => vm.id)));
  const here = new Set([...placed.map(({ vm }) => vm.id), ...arriving.map((vm) => vm.spec.id)]);
  const drained = originsOf("drain", input.events);
  const vms: ProblemVm[] = placed.map(({ vm, member }) => ({
    id: vm.id,
    state: "running",
    desired: "running",
    host: member.node,
    demand: { cpu: vm.demand.cpu, memory: vm.demand.memory },
    pinned:
      whyPinned(vm, member, here, input.events, drained) !== null ||
      isTied(vm, input, doubles) ||
      isAstray(vm, member, input),
  }));
  for (const { spec, demand } of arriving) {
    vms.push({ id: spec.id, state: "waiting", desired: "running", host: null, demand: { ...demand } });
  }
  return {
    hosts: input.members.map((member) => problemHost(member, input)),
    vms: vms.sort((a, b) => byText(a.id, b.id)),
    rules: [
      ...rules(input, placed, arriving, here, emptied).filter((rule) => !gathers(rule, doubles)),
      ...coolDownRules(given, placed),
      ...fullRules(input, vms),
      ...doubleRules(doubles, policiesOf(placed, arriving), homesOf(placed)),
    ],
    objective: "memory",
  };
}

/** A host that is only emptied by half has gained nothing: its guests would wander for ever. */
function eventsOf({ events, bestEffort }: PlanningInput): readonly TravellingEvent[] {
  if (bestEffort !== true) return events;
  const worthHalf = events.filter(({ cause }) => cause.kind !== "underload");
  assert(worthHalf.length > 0, "part of a plan is asked for only where that is of use to somebody");
  return worthHalf;
}

/**
 * A plan that ends half-way must not part two that belong together: it leaves them where they are. So does any plan whose
 * members hold one of them twice: it is not known which of the two to follow.
 */
function isTied({ policy }: VmSnapshot, { bestEffort }: PlanningInput, doubles: Doubles): boolean {
  return bestEffort === true ? policy.together.length > 0 : policy.together.some((vm) => doubles.has(vm));
}

function gathers(rule: Rule, doubles: Doubles): boolean {
  return rule.kind === "gather" && rule.vms.some((vm) => doubles.has(vm));
}

/** Where conditions are left as they are, one that is not where its labels want it is not sent somewhere else, either. */
function isAstray(
  { id, policy }: VmSnapshot,
  member: NodeSnapshot,
  { asIs, events }: PlanningInput,
): boolean {
  if (asIs !== true || isExempt(id, member.node, events)) return false;
  return Object.entries(policy.require).some(([label, value]) => member.labels[label] !== value);
}

/** Why a VM stays where it is in this partition, or null when it may move. */
export function whyPinned(
  vm: VmSnapshot,
  member: NodeSnapshot,
  here: ReadonlySet<VmId>,
  events: readonly TravellingEvent[],
  drained: ReadonlySet<NodeId>,
): string | null {
  if (vm.pinned !== null) return vm.pinned;
  if (vm.policy.together.some((other) => !here.has(other))) {
    return "must stay together with a VM outside the partition";
  }
  if (isWantedElsewhere(vm.id, member.node, events)) return null;
  if (events.every(({ cause }) => cause.kind === "move")) return "not the VM that was asked to move";
  if (drained.has(member.node)) return vm.policy.drain === "stay" ? "its VE says: drain action stay" : null;
  if (vm.left.length >= DEPARTURES_REMEMBERED)
    return `it has left ${vm.left.length} hosts within its cool-down`;
  return vm.policy.balancing === "auto" ? whyResting(vm) : `balancing is ${vm.policy.balancing}`;
}

export function whyResting({ restsForMs }: VmSnapshot): string | null {
  return restsForMs === null
    ? null
    : `several hosts could not get it (not tried again for ${Math.ceil(restsForMs / 1000)} s)`;
}

/** Hosts that an event wants empty. */
export function hostsToEmpty(events: readonly TravellingEvent[]): ReadonlySet<NodeId> {
  return new Set([...originsOf("drain", events), ...originsOf("underload", events)]);
}

function originsOf(kind: EventKind, events: readonly TravellingEvent[]): ReadonlySet<NodeId> {
  return new Set(events.filter(({ cause }) => cause.kind === kind).map(({ origin }) => origin));
}

/** Emptying one host into another that is empty gains nothing, and would go on for ever. */
function hostsToSpare({ events, members }: Input): NodeId[] {
  if (!events.every(({ cause }) => cause.kind === "underload")) return [];
  return members.filter(({ vms, copies }) => vms.length + copies.length === 0).map(({ node }) => node);
}

function offlineRule(hosts: ReadonlySet<NodeId>): Rule[] {
  return hosts.size > 0 ? [{ kind: "offline", hosts: [...hosts].sort(byText), name: "the plan" }] : [];
}

/**
 * Some of them may have come: a plan is made anew when one of its other actions has failed. Two events may ask for the
 * same VM, the later of them by a home that knows no more of the earlier.
 */
function arrivals({ events, started }: PlanningInput, here: ReadonlySet<VmId>): ArrivingVm[] {
  const all = events.flatMap(({ cause }) => (cause.kind === "arrival" ? cause.vms : []));
  const waiting = all.filter(({ spec }) => !here.has(spec.id) && started?.has(spec.id) !== true);
  return [...new Map(waiting.map((vm) => [vm.spec.id, vm])).values()];
}

/**
 * What a host may carry at the plan's end: memory up to the limit. The origin of an overload is to be brought below its
 * margin of cpu, or it would not leave the state; others may fill up to theirs, or stay as full as they are below the limit.
 * An operator's migration relieves nobody: who is too full may stay so.
 */
function problemHost(member: Member, input: Input): ProblemHost {
  const { events, config } = input;
  const limit = roomOf(member, "cpu", config.overloadPermille);
  const target = roomOf(member, "cpu", config.overloadPermille - config.marginPermille);
  const relieved = events.some(({ origin, cause }) => origin === member.node && cause.kind === "overload");
  const used = load(member.vms, "cpu");
  const cpu = relieved ? target : Math.max(target, stays(input) ? used : Math.min(used, limit));
  const memory = memoryOf(member, input);
  return {
    id: member.node,
    capacity: { cpu, memory: stays(input) ? Math.max(memory, load(member.vms, "memory")) : memory },
    online: true,
    labels: member.labels,
    concurrency: config.migrationsPerHost,
  };
}

/** Whether who is too full may stay so: only what people asked for is done. */
function stays({ events, asIs }: PlanningInput): boolean {
  return asIs === true || events.every(({ cause }) => cause.kind === "move");
}

function load(vms: readonly VmSnapshot[], of: ResourceName): number {
  return vms.reduce((sum, { demand }) => sum + demand[of], 0);
}

function memoryOf(member: Member, { config }: Input): number {
  return roomOf(member, "memory", Math.min(1000, config.overloadPermille));
}

/** What second copies leave of a share of what a host has. */
function roomOf({ capacity, copies }: Member, of: ResourceName, permille: number): number {
  return Math.max(0, share(capacity[of], permille) - load(copies, of));
}

/** What VMs' policies demand, whatever the event. */
type Standing = Extract<Rule, { kind: "fence" | "gather" | "spread" }>;

interface Placed {
  readonly vm: VmSnapshot;
  readonly member: NodeSnapshot;
}

function rules(
  input: Input,
  placed: readonly Placed[],
  arriving: readonly ArrivingVm[],
  here: ReadonlySet<VmId>,
  emptied: ReadonlySet<NodeId>,
): Rule[] {
  const policies = policiesOf(placed, arriving);
  return [
    ...offlineRule(new Set([...emptied, ...hostsToSpare(input)])),
    ...binding(
      [...pairRules(policies, here, homesOf(placed)), ...labelRules(policies, input.members, placed)],
      input,
      placed,
    ),
    ...moveRules(input.events, new Set(input.members.map((member) => member.node)), here),
    ...drainingRules(input, here),
    ...failedRules(input, placed, arriving),
  ];
}

function policiesOf(placed: readonly Placed[], arriving: readonly ArrivingVm[]): [VmId, VmPolicy][] {
  return [
    ...placed.map(({ vm }): [VmId, VmPolicy] => [vm.id, vm.policy]),
    ...arriving.map(({ spec, stamp }): [VmId, VmPolicy] => [spec.id, stamp.policy]),
  ];
}

function homesOf(placed: readonly Placed[]): ReadonlyMap<VmId, NodeId> {
  return new Map(placed.map(({ vm, member }) => [vm.id, member.node]));
}

/** Where conditions are left as they are: the rules that hold, and those of VMs that people want elsewhere. */
function binding(
  standing: readonly Standing[],
  { events, asIs }: PlanningInput,
  placed: readonly Placed[],
): readonly Rule[] {
  if (asIs !== true) return standing;
  const homes = homesOf(placed);
  const moves = (vm: VmId): boolean => {
    const home = homes.get(vm);
    return home === undefined || isExempt(vm, home, events);
  };
  return standing.filter((rule) => rule.vms.some(moves) || holds(rule, homes));
}

/** Another plan may have brought it there while the operator's migration waited. */
function isWantedElsewhere(vm: VmId, home: NodeId, events: readonly TravellingEvent[]): boolean {
  return events.some(
    ({ origin, cause }) =>
      cause.kind === "move" && cause.vm === vm && (cause.to === null ? home === origin : home !== cause.to),
  );
}

function holds(rule: Standing, homes: ReadonlyMap<VmId, NodeId>): boolean {
  const hosts = rule.vms.map((vm) => homes.get(vm) ?? "");
  if (rule.kind === "fence") return hosts.every((host) => rule.hosts.includes(host));
  return new Set(hosts).size === (rule.kind === "gather" ? 1 : hosts.length);
}

/** Two that are apart now stay so at every instant of the plan; two that share a host are parted at its end. */
function pairRules(
  policies: readonly [VmId, VmPolicy][],
  here: ReadonlySet<VmId>,
  hostOf: ReadonlyMap<VmId, NodeId>,
): Standing[] {
  const pairs = new Map<string, Standing>();
  for (const [vm, policy] of policies) {
    for (const other of policy.apart) {
      if (!here.has(other)) continue;
      const continuous = hostOf.get(vm) !== hostOf.get(other);
      const vms = [vm, other].sort(byText);
      pairs.set(`apart ${pair(vm, other)}`, {
        kind: "spread",
        vms,
        continuous,
        name: "the rule apart",
      });
    }
    for (const other of policy.together) {
      if (here.has(other))
        pairs.set(`together ${pair(vm, other)}`, {
          kind: "gather",
          vms: [vm, other].sort(byText),
          name: "the rule together",
        });
    }
  }
  return [...pairs].sort(([a], [b]) => byText(a, b)).map(([, rule]) => rule);
}

function pair(a: VmId, b: VmId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** A VM that is where it may be passes through no host where it may not be. */
function labelRules(
  policies: readonly [VmId, VmPolicy][],
  members: readonly NodeSnapshot[],
  placed: readonly Placed[],
): Standing[] {
  const right = new Set(
    placed.filter(({ vm, member }) => satisfies(member, vm.policy)).map(({ vm }) => vm.id),
  );
  return policies
    .filter(([, policy]) => Object.keys(policy.require).length > 0)
    .map(([vm, policy]) => ({
      kind: "fence",
      vms: [vm],
      hosts: members.filter((member) => satisfies(member, policy)).map((member) => member.node),
      continuous: right.has(vm),
      name: `the labels it requires (${labelsOf(policy)})`,
    }));
}

const labelsOf = ({ require }: VmPolicy): string =>
  Object.entries(require)
    .map(([label, value]) => `${label}=${value}`)
    .join(", ");

/** Whether a host has every label that a VM requires. */
export function satisfies(host: Pick<NodeSnapshot, "labels">, policy: Pick<VmPolicy, "require">): boolean {
  return Object.entries(policy.require).every(([label, value]) => host.labels[label] === value);
}

/** What the rules of an operator's migration are called. */
const OPERATOR = "the operator's choice";

function moveRules(
  events: readonly TravellingEvent[],
  inside: ReadonlySet<NodeId>,
  here: ReadonlySet<VmId>,
): Rule[] {
  return events.flatMap(({ origin, cause }): Rule[] => {
    if (cause.kind !== "move" || !here.has(cause.vm)) return [];
    return cause.to === null
      ? [{ kind: "ban", vms: [cause.vm], hosts: [origin].filter((host) => inside.has(host)), name: OPERATOR }]
      : [
          {
            kind: "fence",
            vms: [cause.vm],
            hosts: [cause.to].filter((host) => inside.has(host)),
            name: OPERATOR,
          },
        ];
  });
}

/** A draining host joins for its own events, whatever they are: nothing comes to it. */
function drainingRules({ members }: PlanningInput, here: ReadonlySet<VmId>): Rule[] {
  return members.flatMap(({ node, draining, vms }): Rule[] => {
    if (!draining) return [];
    const own = new Set(vms.map(({ id }) => id));
    const others = [...here].filter((vm) => !own.has(vm)).sort(byText);
    return others.length > 0
      ? [{ kind: "ban", vms: others, hosts: [node], continuous: true, name: "the drain of the host" }]
      : [];
  });
}

/** In this partition, starts too, or in others before; what failed in others a drain or an operator may try again at once. */
function failedRules(
  { events, failed, members }: PlanningInput,
  placed: readonly Placed[],
  arriving: readonly ArrivingVm[],
): Rule[] {
  const inside = new Set(members.map((member) => member.node));
  const bans = (id: VmId, at: NodeId | null, before: readonly NodeId[]): Rule[] => {
    const now = failed.filter(({ vm }) => vm === id).map(({ host }) => host);
    const hosts = [...now, ...before].filter((host) => host !== at && inside.has(host));
    return hosts.length > 0 ? [lastingBan(id, hosts, "a move there that failed")] : [];
  };
  const moves = placed.flatMap(({ vm, member }) => {
    const before = isExempt(vm.id, member.node, events) ? [] : vm.failed.map(({ host }) => host);
    return bans(vm.id, member.node, before);
  });
  return [...moves, ...arriving.flatMap(({ spec }) => bans(spec.id, null, []))];
}

/** Who is too full and may stay so takes nobody in, not even in place of somebody who leaves. */
function fullRules(input: Input, vms: readonly ProblemVm[]): Rule[] {
  if (!stays(input)) return [];
  return input.members.flatMap((member): Rule[] => {
    if (load(member.vms, "memory") <= memoryOf(member, input)) return [];
    const others = vms.filter(({ host }) => host !== member.node).map(({ id }) => id);
    const name = "a host that is full";
    return others.length > 0
      ? [{ kind: "ban", vms: others, hosts: [member.node], continuous: true, name }]
      : [];
  });
}

/**
 * Overload and underload never send a VM back where it came from within its cool-down; others may. A plan of best effort
 * leaves underload out, but it is still that partition that makes it.
 */
function coolDownRules({ events, members, config }: PlanningInput, placed: readonly Placed[]): Rule[] {
  if (!events.some(({ cause }) => cause.kind === "overload" || cause.kind === "underload")) return [];
  const inside = new Set(members.map((member) => member.node));
  return placed.flatMap(({ vm, member }): Rule[] => {
    if (isExempt(vm.id, member.node, events)) return [];
    const hosts = vm.left
      .filter(({ host, agoMs }) => agoMs < config.cooldownMs && host !== member.node && inside.has(host))
      .map(({ host }) => host);
    return hosts.length > 0 ? [lastingBan(vm.id, hosts, "its cool-down")] : [];
  });
}

/** Whom a drain or an operator moves: without a cool-down. */
function isExempt(vm: VmId, home: NodeId, events: readonly TravellingEvent[]): boolean {
  return originsOf("drain", events).has(home) || isWantedElsewhere(vm, home, events);
}

/** Whether a plan sends a VM back to a host that it leaves by the same plan: no rule tells the solver. */
export function sendsBack({ actions }: Plan, events: readonly TravellingEvent[]): boolean {
  if (!events.some(({ cause }) => cause.kind === "overload" || cause.kind === "underload")) return false;
  return actions.some(({ id, vm, to }) => {
    const before = actions.filter((other) => other.vm === vm && other.id < id);
    const home = before[0]?.from ?? null;
    if (home !== null && isExempt(vm, home, events)) return false;
    return before.some(({ from }) => from !== null && from === to);
  });
}

/**
 * Whether a plan breaks, on its way, a rule that held already: takes a VM out of where its labels let it be, or beside one
 * from which it was parted before. To the solver such a rule binds at every instant only if it holds at the start: where
 * it does not, somebody may have to make way before it can.
 */
export function strays({ actions }: Plan, members: readonly NodeSnapshot[]): boolean {
  const hosts = new Map(members.map((member) => [member.node, member]));
  const policies = new Map(members.flatMap(({ vms }) => vms.map(({ id, policy }) => [id, policy])));
  const at = new Map(members.flatMap(({ node, vms }) => vms.map(({ id }) => [id, node])));
  const before = new Map<VmId, NodeId>();
  return [...actions]
    .sort((a, b) => a.id - b.id)
    .some(({ vm, from, to }) => {
      const [left, entered, policy] = [hosts.get(from ?? ""), hosts.get(to ?? ""), policies.get(vm)];
      if (left === undefined || entered === undefined || policy === undefined) return false;
      const beside = policy.apart.some(
        (other) => other !== vm && at.get(other) === entered.node && before.get(other) !== left.node,
      );
      at.set(vm, entered.node);
      before.set(vm, left.node);
      return beside || (satisfies(left, policy) && !satisfies(entered, policy));
    });
}

/** Not on the way to another host either. */
function lastingBan(vm: VmId, hosts: readonly NodeId[], name: string): Rule {
  return {
    kind: "ban",
    vms: [vm],
    hosts: [...new Set(hosts)].sort(byText),
    continuous: true,
    name,
  };
}
