import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { LrtConfig } from "../../lrt/config.ts";
import type { EventCause } from "../../lrt/scheduling/event.ts";
import type { NodeSnapshot, VmSnapshot } from "../../lrt/scheduling/snapshot.ts";
import type { Action } from "../../model/plan.ts";
import type { ResourceName, Resources } from "../../model/resources.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { Agendas } from "./agendas.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";
import type { Ledger } from "./ledger.ts";

type Planned = Extract<Notification, { kind: "partition-planned" }>;

const RESOURCES: readonly ResourceName[] = ["cpu", "memory"];

/** States of a plan that are looked at; a larger plan is followed in the order of its ids only. */
const MAX_STATES = 2000;

/**
 * Invariants 4 and 5, for what a partition plans, on the snapshots its members gave it: in no state that the plan's
 * order allows is a host over a limit, or more over it than before; at the end no rule is broken that held before;
 * what is moved to empty a host empties one.
 */
export class PlanChecker implements Checker {
  readonly name = "plans";
  readonly #ledger: Ledger;
  readonly #agendas: Agendas;
  readonly #config: LrtConfig;

  constructor(ledger: Ledger, agendas: Agendas, config: LrtConfig) {
    this.#ledger = ledger;
    this.#agendas = agendas;
    this.#config = config;
  }

  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
    this.#ledger.stepped(host, input);
    this.#agendas.stepped(input, effects);
    return NOTHING_WRONG;
  }

  notified(_host: SimulatedHost, notification: Notification): readonly string[] {
    this.#agendas.notified(notification);
    if (notification.kind !== "partition-planned" || !notification.applied) return NOTHING_WRONG;
    const known = this.#ledger.snapshots(notification.pid);
    const members = notification.hosts.flatMap((node) => known.get(node) ?? []);
    return [
      ...this.#overfull(notification, members, 1000),
      ...brokenAtEnd(notification, members),
      ...this.#inVain(notification, members),
      ...this.#halfEmptied(notification, members),
    ];
  }

  /** A plan for nothing but underload leaves more hosts empty than there were. */
  #inVain({ pid, plan }: Planned, members: readonly NodeSnapshot[]): readonly string[] {
    const events = this.#agendas.of(pid);
    const origins = new Set(events.map(({ origin }) => origin));
    const toEmpty = members.some(({ node, vms }) => origins.has(node) && vms.length > 0);
    if (!toEmpty || !events.every(({ cause }) => cause.kind === "underload")) return NOTHING_WRONG;
    const used = members.filter((member) => heldAfter(member, plan.actions).size > 0);
    const before = members.filter(({ vms }) => vms.length > 0);
    return used.length < before.length
      ? NOTHING_WRONG
      : [`${pid} moves VMs for an underload and empties no host`];
  }

  /**
   * A plan that only reduces a violation takes nothing besides from a host that is to be emptied and is not. Such a host
   * may have become too full since it was to be emptied: then it is relieved, whatever it has raised.
   */
  #halfEmptied(planned: Planned, members: readonly NodeSnapshot[]): readonly string[] {
    if (planned.status !== "reduced") return NOTHING_WRONG;
    const { pid, plan } = planned;
    const events = this.#agendas.of(pid);
    const origins = (underload: boolean): ReadonlySet<string> =>
      new Set(
        events.filter(({ cause }) => (cause.kind === "underload") === underload).map(({ origin }) => origin),
      );
    const asked = new Set(events.flatMap(({ cause }) => whomItMayMove(cause)));
    const toEmpty = members.filter(({ node }) => origins(true).has(node) && !origins(false).has(node));
    const kept = toEmpty.filter((member) => heldAfter(member, plan.actions).size > 0);
    return kept.flatMap((member) => {
      const free = new Set(member.vms.filter((vm) => isFree(vm) && !asked.has(vm.id)).map(({ id }) => id));
      const rest = without(plan.actions, free);
      const needed =
        this.#endsTooFull(pid, member, rest, members) ||
        this.#overfull({ ...planned, plan: { ...plan, actions: rest } }, members, this.#memoryPermille)
          .length > 0;
      return needed || rest.length === plan.actions.length
        ? NOTHING_WRONG
        : [`${pid} moves VMs off ${member.node} for its underload, and leaves others there`];
    });
  }

  /** Whether these actions leave a host above what a plan lets it carry: cpu up to the margin, or as much as it had. */
  #endsTooFull(
    pid: string,
    member: NodeSnapshot,
    actions: readonly Action[],
    members: readonly NodeSnapshot[],
  ): boolean {
    const demands = this.#demands(pid, members);
    const there = [...heldAfter(member, actions)];
    const { capacity, vms } = member;
    const { overloadPermille, marginPermille } = this.#config;
    const share = (resource: ResourceName, permille: number) =>
      Math.floor((capacity[resource] * permille) / 1000);
    const used = vms.reduce((sum, { demand }) => sum + demand.cpu, 0);
    const allowed = {
      cpu: Math.max(
        share("cpu", overloadPermille - marginPermille),
        Math.min(used, share("cpu", overloadPermille)),
      ),
      memory: share("memory", this.#memoryPermille),
    };
    return RESOURCES.some((resource) => {
      const load = there.reduce((sum, vm) => sum + (demands.get(vm)?.[resource] ?? 0), 0);
      return load > allowed[resource];
    });
  }

  /** Memory up to a share of what a host has. */
  #overfull(planned: Planned, members: readonly NodeSnapshot[], memoryPermille: number): readonly string[] {
    const demands = this.#demands(planned.pid, members);
    const states = statesOf(planned.plan.actions);
    return members.flatMap((member) =>
      RESOURCES.flatMap((resource) => {
        const load = member.vms.reduce((sum, { demand }) => sum + demand[resource], 0);
        const most = Math.max(...states.map((state) => change(state, member.node, resource, demands)));
        const allowed = Math.max(load, this.#limit(member, resource, memoryPermille));
        return load + most <= allowed
          ? []
          : [`${planned.pid} may bring ${member.node} to ${load + most} of ${allowed} ${resource}`];
      }),
    );
  }

  /** Of the members' VMs, and of those that are to start. */
  #demands(pid: string, members: readonly NodeSnapshot[]): ReadonlyMap<string, Resources> {
    const arriving = this.#agendas
      .of(pid)
      .flatMap(({ cause }) => (cause.kind === "arrival" ? cause.vms : []))
      .map(({ spec, demand }): [string, Resources] => [spec.id, demand]);
    const here = members.flatMap(({ vms }) => vms.map(({ id, demand }): [string, Resources] => [id, demand]));
    return new Map([...arriving, ...here]);
  }

  /** What a plan fills a host's memory to. */
  get #memoryPermille(): number {
    return Math.min(1000, this.#config.overloadPermille);
  }

  #limit(member: NodeSnapshot, resource: ResourceName, memoryPermille: number): number {
    const permille = resource === "memory" ? memoryPermille : this.#config.overloadPermille;
    return Math.floor((member.capacity[resource] * permille) / 1000);
  }
}

/** An operator's migration, and those that make way for the rules of somebody new. */
function whomItMayMove(cause: EventCause): readonly string[] {
  if (cause.kind === "move") return [cause.vm];
  if (cause.kind !== "arrival") return [];
  return cause.vms.flatMap(({ stamp }) => [...stamp.policy.apart, ...stamp.policy.together]);
}

/** No rule may have been the reason to move it. */
function isFree({ policy }: VmSnapshot): boolean {
  const { apart, together, require } = policy;
  return apart.length === 0 && together.length === 0 && Object.keys(require).length === 0;
}

/** What is left of a plan without the moves of some VMs. */
function without(actions: readonly Action[], vms: ReadonlySet<string>): readonly Action[] {
  const rest = actions.filter(({ vm }) => !vms.has(vm));
  const ids = new Set(rest.map(({ id }) => id));
  return rest.map((action) => ({ ...action, after: action.after.filter((id) => ids.has(id)) }));
}

interface State {
  /** Actions that have begun: their guests count where they go. */
  readonly begun: readonly Action[];
  /** Actions that have ended: their guests no longer count where they were. */
  readonly ended: readonly Action[];
}

/** Every set of ended actions that the order allows, with all that may have begun by then. */
function statesOf(actions: readonly Action[]): readonly State[] {
  const seen = new Set<string>([""]);
  const open: (readonly number[])[] = [[]];
  const states: State[] = [];
  for (let ended = open.shift(); ended !== undefined && states.length < MAX_STATES; ended = open.shift()) {
    const done = new Set(ended);
    const begun = actions.filter(({ after }) => after.every((id) => done.has(id)));
    states.push({ begun, ended: actions.filter(({ id }) => done.has(id)) });
    for (const { id } of begun) {
      const next = [...ended, id].sort((a, b) => a - b);
      if (done.has(id) || seen.has(next.join())) continue;
      seen.add(next.join());
      open.push(next);
    }
  }
  return states;
}

function change(
  { begun, ended }: State,
  host: string,
  resource: ResourceName,
  demands: ReadonlyMap<string, Resources>,
): number {
  const amount = ({ vm }: Action): number => demands.get(vm)?.[resource] ?? 0;
  const came = begun.filter(({ to }) => to === host).reduce((sum, action) => sum + amount(action), 0);
  return ended.filter(({ from }) => from === host).reduce((sum, action) => sum - amount(action), came);
}

/** Rules that held on the members' snapshots and would not hold at the plan's end. */
function brokenAtEnd({ pid, plan }: Planned, members: readonly NodeSnapshot[]): readonly string[] {
  const before = new Map(
    members.flatMap((member) => member.vms.map((vm): [string, NodeSnapshot] => [vm.id, member])),
  );
  const after = placed(plan.actions, members);
  const vms = members.flatMap((member) => member.vms);
  return vms.flatMap((vm) => [
    ...brokenPairs(vm, before, after).map((what) => `${pid} ${what}`),
    ...brokenHost(vm, before.get(vm.id), after.get(vm.id)).map((what) => `${pid} ${what}`),
  ]);
}

/** Where every VM is when all actions are done. */
function placed(actions: readonly Action[], members: readonly NodeSnapshot[]): Placement {
  const after = new Map(members.flatMap((member) => member.vms.map(({ id }) => [id, member] as const)));
  for (const { vm, to } of actions) {
    const host = members.find(({ node }) => node === to);
    if (host !== undefined) after.set(vm, host);
  }
  return after;
}

/** What a host has when all actions are done: of a VM that two hosts have, each has one. */
function heldAfter({ node, vms }: NodeSnapshot, actions: readonly Action[]): ReadonlySet<string> {
  const held = new Set(vms.map(({ id }) => id));
  for (const { vm, from, to } of [...actions].sort((a, b) => a.id - b.id)) {
    if (from === node) held.delete(vm);
    if (to === node) held.add(vm);
  }
  return held;
}

type Placement = ReadonlyMap<string, NodeSnapshot>;

function brokenPairs({ id, policy }: VmSnapshot, before: Placement, after: Placement): string[] {
  const close = policy.apart.filter(
    (other) => after.has(other) && after.get(id) === after.get(other) && before.get(id) !== before.get(other),
  );
  const parted = policy.together.filter(
    (other) => before.get(id) === before.get(other) && after.get(id) !== after.get(other),
  );
  return [
    ...close.map((other) => `brings ${id} and ${other} together, which must be apart`),
    ...parted.map((other) => `parts ${id} and ${other}, which must stay together`),
  ];
}

function brokenHost({ id, policy, pinned }: VmSnapshot, from?: NodeSnapshot, to?: NodeSnapshot): string[] {
  if (from === to || to === undefined) return [];
  const lacks = Object.entries(policy.require).filter(([label, value]) => to.labels[label] !== value);
  return [
    ...lacks.map(([label, value]) => `sends ${id} to ${to.node}, which is not ${label}=${value}`),
    ...(pinned === null ? [] : [`moves ${id}, which is pinned: ${pinned}`]),
    ...(to.draining ? [`sends ${id} to ${to.node}, which is draining`] : []),
  ];
}
