/**
 * The live infrastructure as one problem of the solver: what a partition of all hosts would be given, edited by what-if.
 *
 * The scheduler's own `buildProblem` makes it, so demands, limits, rules and who may move are the scheduler's. Overloads
 * and drains are taken from what the hosts say of themselves, in every balancing mode; VMs that wait for a host are an
 * arrival. Deviations: a host that judges nothing (blind) joins no partition and is in quarantine here; consolidation is
 * not asked for; and a host that cannot be emptied wholly is emptied as far as it can be, as a drain does.
 */
import { byText } from "../lib/order.ts";
import type { LrtConfig } from "../lrt/config.ts";
import type { Condition } from "../lrt/monitoring/monitor.ts";
import { doublesOf, withoutDoubles } from "../lrt/scheduling/doubles.ts";
import type { ArrivingVm, EventCause, TravellingEvent } from "../lrt/scheduling/event.ts";
import { buildProblem, whyPinned } from "../lrt/scheduling/problem.ts";
import type { NodeSnapshot, VmSnapshot } from "../lrt/scheduling/snapshot.ts";
import type { Rule } from "../model/constraint.ts";
import type { Member } from "../model/member.ts";
import type { NodeId } from "../model/node.ts";
import type { VmId } from "../model/virtual-machine.ts";
import type { Problem, ProblemHost } from "../solver/problem.ts";
import { renamed, uniqueNames } from "./capture-names.ts";
import type { DrainState } from "./drain.ts";
import type { CaptureView } from "./views.ts";

/** A VM without a host, as much of it as a plan needs. */
export type WaitingVm = Pick<VmSnapshot, "id" | "name" | "demand" | "policy">;

/** A host's own part. */
export interface HostPart {
  readonly snapshot: NodeSnapshot;
  readonly condition: Condition;
  readonly drain: DrainState;
  /** VMs here that DISCOVERY does not manage. */
  readonly foreign: readonly VmId[];
  /** VMs of VEs whose home this is. */
  readonly waiting: readonly WaitingVm[];
}

export interface CaptureInput {
  readonly parts: readonly HostPart[];
  /** Hosts that do not answer. */
  readonly silent: readonly Pick<Member, "id" | "name" | "labels" | "capacity">[];
  /** As if these were gone. */
  readonly down: ReadonlySet<NodeId>;
  /** As if these were to be emptied. */
  readonly drain: ReadonlySet<NodeId>;
  readonly config: LrtConfig;
}

export function capture(input: CaptureInput): CaptureView {
  const members = [...input.parts.map((part) => memberOf(part, input)), ...input.silent.map(nothingKnown)];
  const events = eventsOf(input);
  const built = buildProblem({ members, events, failed: [], config: input.config });
  const blind = new Set(blindParts(input).map(({ snapshot }) => snapshot.node));
  const gone = new Set([...input.down, ...input.silent.map(({ id }) => id)]);
  const stuck = stuckHosts(built, blind);
  const problem: Problem = {
    ...built,
    hosts: built.hosts.map((host) => asFound(host, built, { gone, blind })),
    rules: [...built.rules.flatMap((rule) => asFarAsCanBe(rule, built, stuck)), ...quarantine(blind)],
  };
  const names = namesOf(input, members, events);
  return {
    instance: { format: "vmr-instance/2", ...renamed(problem, names) },
    warnings: [...warningsOf(input), ...stayingOf(members, events, names.vm), ...names.warnings],
  };
}

function memberOf({ snapshot }: HostPart, { down, drain }: CaptureInput): NodeSnapshot {
  if (down.has(snapshot.node)) return { ...snapshot, draining: false, vms: [] };
  return drain.has(snapshot.node) ? { ...snapshot, draining: true } : snapshot;
}

function nothingKnown({ id, name, labels, capacity }: CaptureInput["silent"][number]): NodeSnapshot {
  return { node: id, name, labels, capacity, draining: false, version: 0, vms: [] };
}

/** Always with an arrival, of no VM perhaps: without any event nothing would be allowed to move. */
function eventsOf(input: CaptureInput): readonly TravellingEvent[] {
  const { parts, down, drain } = input;
  const up = parts.filter(({ snapshot }) => !down.has(snapshot.node));
  const overloads = up.flatMap(({ snapshot, condition }) =>
    condition.kind === "overloaded" ? [event(snapshot.node, { ...condition, kind: "overload" })] : [],
  );
  const drains = up
    .filter((part) => drain.has(part.snapshot.node) || part.drain === "draining")
    .map(({ snapshot }) => event(snapshot.node, { kind: "drain" }));
  const vms = [...orphans(input), ...parts.flatMap(({ waiting }) => waiting)].map(arriving);
  return [...overloads, ...drains, event("", { kind: "arrival", ve: "", vms })];
}

function event(origin: NodeId, cause: EventCause): TravellingEvent {
  return { id: `${origin}/${cause.kind}/capture`, origin, ageMs: 0, cause };
}

/** What ran on hosts that are taken for gone, and would have to be run elsewhere. */
function orphans({ parts, down }: CaptureInput): readonly VmSnapshot[] {
  return parts
    .filter(({ snapshot }) => down.has(snapshot.node))
    .flatMap(({ snapshot, foreign }) => snapshot.vms.filter(({ id }) => !foreign.includes(id)));
}

/** Of an arrival's VM a plan reads id, name, demand and policy. */
function arriving({ id, name, demand, policy }: WaitingVm): ArrivingVm {
  return {
    spec: { id, name, cpus: 0, memory: demand.memory, disks: [], nics: [] },
    stamp: { ve: "", vm: name, handler: "", generation: 0, adopted: false, policy },
    demand,
  };
}

function blindParts({ parts, down }: CaptureInput): readonly HostPart[] {
  return parts.filter(({ condition, snapshot }) => condition.kind === "blind" && !down.has(snapshot.node));
}

interface Apart {
  readonly gone: ReadonlySet<NodeId>;
  readonly blind: ReadonlySet<NodeId>;
}

/** What is on a host that takes no part has its room, however much that is. */
function asFound(host: ProblemHost, { vms }: Problem, { gone, blind }: Apart): ProblemHost {
  if (gone.has(host.id)) return { ...host, online: false };
  if (!blind.has(host.id)) return host;
  const here = vms.filter((vm) => vm.host === host.id);
  const used = (of: string) => here.reduce((sum, { demand }) => sum + (demand[of] ?? 0), 0);
  const roomy = Object.entries(host.capacity).map(([of, has]) => [of, Math.max(has, used(of))]);
  return { ...host, capacity: Object.fromEntries(roomy) };
}

function quarantine(blind: ReadonlySet<NodeId>): Rule[] {
  return blind.size > 0 ? [{ kind: "quarantine", hosts: [...blind].sort(byText) }] : [];
}

/** Hosts that something cannot leave. */
function stuckHosts({ vms }: Problem, blind: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
  return new Set([...blind, ...vms.flatMap(({ host, pinned }) => (pinned === true && host ? [host] : []))]);
}

/** Nothing comes to a draining host (a rule of its own); what can leave one that others stay on, leaves. */
function asFarAsCanBe(rule: Rule, { vms }: Problem, stuck: ReadonlySet<NodeId>): readonly Rule[] {
  if (rule.kind !== "offline") return [rule];
  const whole = rule.hosts.filter((host) => !stuck.has(host));
  const partly = rule.hosts.flatMap((host): Rule[] => {
    const leaving = vms.filter((vm) => vm.host === host && vm.pinned !== true).map(({ id }) => id);
    return stuck.has(host) && leaving.length > 0 ? [{ kind: "ban", vms: leaving, hosts: [host] }] : [];
  });
  return whole.length > 0 ? [{ ...rule, hosts: whole }, ...partly] : partly;
}

function namesOf(
  { parts }: CaptureInput,
  members: readonly NodeSnapshot[],
  events: readonly TravellingEvent[],
) {
  const hosts = members.map(({ node, name }) => ({ id: node, name, at: null }));
  const placed = parts.flatMap(({ snapshot }) =>
    snapshot.vms.map(({ id, name }) => ({ id, name, at: snapshot.name })),
  );
  const waiting = events.flatMap(({ cause }) =>
    cause.kind === "arrival" ? cause.vms.map(({ spec }) => ({ id: spec.id, name: spec.name, at: null })) : [],
  );
  const host = uniqueNames("hosts", hosts);
  const vm = uniqueNames("VMs", [...placed, ...waiting]);
  return { host: host.nameOf, vm: vm.nameOf, warnings: [...host.warnings, ...vm.warnings] };
}

function warningsOf(input: CaptureInput): readonly string[] {
  const silent = input.silent.map(
    ({ name }) => `${name} does not answer: the instance has it offline, and its VMs not at all`,
  );
  const blind = blindParts(input).map(({ snapshot, condition }) => {
    const why = condition.kind === "blind" ? condition.reason : condition.kind;
    return `${snapshot.name} takes no part (${why}): nothing moves to it or from it`;
  });
  const lost = input.parts.flatMap(({ snapshot, foreign }) => {
    const left = snapshot.vms.filter(({ id }) => input.down.has(snapshot.node) && foreign.includes(id));
    return left.map(
      ({ name }) => `${name} would be lost with ${snapshot.name}: it is not managed by DISCOVERY`,
    );
  });
  return [...silent, ...blind, ...lost];
}

/** What hosts that are to be emptied keep, and why. */
function stayingOf(
  members: readonly NodeSnapshot[],
  events: readonly TravellingEvent[],
  nameOf: (vm: VmId) => string,
): readonly string[] {
  const emptied = new Set(events.flatMap(({ cause, origin }) => (cause.kind === "drain" ? [origin] : [])));
  const once = withoutDoubles(members, doublesOf(members));
  const arrivals = events.flatMap(({ cause }) => (cause.kind === "arrival" ? cause.vms : []));
  const placed = once.flatMap(({ vms }) => vms.map(({ id }) => id));
  const here = new Set([...placed, ...arrivals.map(({ spec }) => spec.id)]);
  return once
    .filter(({ node }) => emptied.has(node))
    .flatMap((member) =>
      member.vms.flatMap((vm) => {
        const why = whyPinned(vm, member, here, events, emptied);
        return why === null ? [] : [`${nameOf(vm.id)} stays on ${member.name}: ${why}`];
      }),
    );
}
