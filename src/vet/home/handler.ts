/**
 * A VE's handler (VEH): lives with its record, wherever that is. It compares what is wanted with what is certain
 * and does what is due: raises the arrival event of waiting VMs, has hosts stop, stamp and release VMs, asks about
 * VMs in doubt, and keeps the operator's operation informed. `advance` may be called at any time, any number of
 * times; what it has under way is not begun again.
 */

import { present } from "../../lib/assert.ts";
import type { Failure, Result } from "../../lib/error.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import { seconds } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { VeName } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { PersistId } from "../../ports/effects.ts";
import type { VetCommand } from "../commands.ts";
import type { ArrivalOutcome, VetDependencies } from "../dependencies.ts";
import { expectedDemand, specOf, stampOf, vmsOf } from "../lifecycle/expand.ts";
import { PLACED, replaceVm, type VeRecord, type VmRecord } from "../lifecycle/record.ts";
import { assignVm, judge } from "../lifecycle/transitions.ts";
import type { VetTurn } from "../notifications.ts";
import type { VeView } from "../views.ts";
import { type AskHosts, type Findings, inspect } from "./inspection.ts";
import { Progress } from "./progress.ts";
import { viewOf } from "./view.ts";

type Order = Extract<VetCommand, { type: "vet.stop-vm" | "vet.stamp-vm" }>;

export interface HandlerDependencies extends VetDependencies {
  readonly askHosts: AskHosts;
  /** The record is gone. */
  readonly ended: (name: VeName, turn: VetTurn) => void;
}

/** VMs in doubt are asked about no more often than this, and the longer the less often. */
const INSPECT_MS: Millis = seconds(5);
const INSPECT_MAX_MS: Millis = seconds(30);
/** A running VM that no host has confirmed for this long (two reports and some) is in doubt. */
const CONFIRM_MS: Millis = seconds(75);
/** A failed stop, stamp or release is tried again after this. */
const RETRY_MS: Millis = seconds(10);
/** An operator who waits is told after so many vain attempts in a row, some seconds; the VE goes on waiting. */
const HOPELESS = 3;

export class VeHandler {
  readonly name: VeName;
  readonly progress: Progress;
  readonly #deps: HandlerDependencies;
  #event: string | null = null;
  #eventVms: ReadonlySet<VmId> = new Set();
  /** What the event's VMs are to be is of this generation of the record. */
  #eventGeneration = 0;
  /** A plan of the event is being carried out: it is not called off for VMs that have already got a host. */
  #planning = false;
  #waitingFor: string | null = null;
  #noPlans = 0;
  /** The record's last durable write: orders to hosts wait for it. */
  #durable: PersistId | undefined;
  #over = false;
  #advancing = false;
  #again = false;
  #inspecting = false;
  #inspectAt: Instant = 0;
  #inspectGap: Millis = INSPECT_MS;
  readonly #hints = new Set<NodeId>();
  readonly #doubted = new Set<VmId>();
  readonly #heard = new Map<VmId, Instant>();
  readonly #unclear = new Map<VmId, string>();
  /** Stamp generations as last seen. */
  readonly #stamps = new Map<VmId, number | null>();
  /** Questions about a VM under way (null) or not to be asked again before. */
  readonly #orders = new Map<string, Instant | null>();

  constructor(name: VeName, deps: HandlerDependencies) {
    this.name = name;
    this.#deps = deps;
    this.progress = new Progress(deps);
  }

  get record(): VeRecord {
    return present(this.#deps.registry.get(this.name), `the record of ${this.name}`);
  }

  get event(): string | null {
    return this.#event;
  }

  /** Makes a new record durable; everything that follows from it is done in `advance`. */
  change(next: VeRecord, turn: VetTurn): PersistId {
    const before = this.#deps.registry.get(this.name);
    for (const vm of before?.vms ?? []) {
      const now = next.vms.find(({ id }) => id === vm.id) ?? null;
      if (now === null) this.#forget(vm.id);
      this.#notifyVm(vm, now, turn);
    }
    this.#durable = this.#deps.registry.put(next, turn);
    return this.#durable;
  }

  /** The record goes elsewhere: nothing is done about it here any more. */
  release(why: string, turn: VetTurn): void {
    this.#over = true;
    this.#callOff(why, turn);
    this.progress.leave(why, turn.now);
  }

  /** Local answers come back within a call: what they ask for is done in another round of the same call. */
  advance(turn: VetTurn): void {
    this.#again = true;
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#again && this.#held) {
      this.#again = false;
      this.#round(turn);
    }
    this.#advancing = false;
  }

  #round(turn: VetTurn): void {
    const { record } = this;
    if (record.deleting && record.vms.length === 0) return this.#end(turn);
    this.#place(turn);
    for (const vm of record.vms) if (this.record.vms.includes(vm)) this.#order(vm, turn);
    this.#inspectIfDue(turn);
    const silence = (vm: VmRecord): string | null => this.silence(vm);
    const lost = (vm: VmRecord): boolean => this.#lost(vm);
    this.progress.follow(this.record, { silence, lost, waitingFor: this.#reason }, turn.now);
  }

  /** A record may come back or be made anew under its name: it then has another handler. */
  get #held(): boolean {
    return !this.#over && this.#deps.registry.get(this.name) !== undefined;
  }

  /** A plan wants to start the VM at `host`: written down before it may, or refused (null). */
  assign(vm: VmId, host: NodeId, life: string | null, turn: VetTurn): PersistId | null {
    const next = this.#eventVms.has(vm) ? assignVm(this.record, vm, host, life) : null;
    if (next === null) return null;
    this.#planning = true;
    return this.change(next, turn);
  }

  eventEnded(outcome: ArrivalOutcome, retry: boolean, turn: VetTurn): void {
    this.#planning = false;
    if (!retry) this.#event = null;
    this.#waitingFor = outcome.kind === "solved" ? null : (outcome.reason ?? outcome.kind);
    this.#inspectSoon(turn);
    this.#noPlans = outcome.kind === "no-plan" ? this.#noPlans + 1 : 0;
    const unplaceable = outcome.kind === "no-plan" && outcome.final === true;
    if (unplaceable || this.#noPlans >= HOPELESS)
      this.progress.unplaceable(this.record, outcome.reason ?? "no host has room", turn.now);
    this.advance(turn);
  }

  /** A host says, unasked, which of the VMs it has: agreement confirms, anything else is looked into. */
  hint(from: NodeId, vms: readonly { readonly id: VmId; readonly state: string }[], turn: VetTurn): void {
    const there = new Map(vms.map((vm) => [vm.id, vm.state]));
    for (const vm of this.record.vms) {
      const claimed = there.has(vm.id);
      const known = vm.host === from && PLACED.has(vm.state);
      if (claimed && known && vm.state === "running") this.#confirm(vm.id, turn.now);
      else if (claimed || known) this.#doubt(vm.id, claimed ? from : null);
    }
    if (this.#doubted.size > 0) this.#inspectSoon(turn);
    this.advance(turn);
  }

  /** Something changed that may answer what could not be answered: members came or went. */
  reconsider(turn: VetTurn): void {
    this.#inspectSoon(turn);
    this.advance(turn);
  }

  /** Why nothing is known of a VM that may be on a host; null: it is known. */
  silence(vm: VmRecord): string | null {
    if (vm.host === null || !PLACED.has(vm.state)) return null;
    if (this.#lost(vm)) return `${this.#deps.nameOf(vm.host)} does not answer`;
    return this.#unclear.get(vm.id) ?? null;
  }

  /** Something that may be answered now could not be before. */
  get puzzled(): boolean {
    return this.record.vms.some((vm) => this.silence(vm) !== null);
  }

  #lost({ host, state }: VmRecord): boolean {
    return host !== null && PLACED.has(state) && !this.#deps.alive(host);
  }

  view(now: Instant): VeView {
    return viewOf(this.record, {
      home: this.#deps.self,
      now,
      silence: (vm) => this.silence(vm),
      heard: (vm) => this.#heard.get(vm) ?? null,
      waitingFor: this.#reason,
      operation: this.progress.operation,
    });
  }

  // ── placing ────────────────────────────────────────────────────────────────────────────────────────────

  /** Keeps the arrival event in step with the VMs that wait. */
  #place(turn: VetTurn): void {
    const { record } = this;
    const waiting = record.vms.filter(({ state }) => state === "waiting");
    const unsettled = record.vms.some(({ state, id }) => state === "assigned" && this.#eventVms.has(id));
    const same = waiting.length === this.#eventVms.size && waiting.every(({ id }) => this.#eventVms.has(id));
    const withdrawn = [...this.#eventVms].some((id) => !this.#mayRun(id));
    const outdated = waiting.length > 0 && this.#eventGeneration !== record.generation;
    const current = same || this.#planning || unsettled;
    if (this.#event !== null && !withdrawn && !outdated && current) return;
    const others = outdated ? "its manifest has changed" : "other VMs wait now";
    this.#callOff(waiting.length === 0 ? "no VM waits any more" : others, turn);
    // What is being removed may still write to the disks of what takes its place.
    const leaving = record.vms.some(({ next, state }) => next === "forget" && state === "stopping");
    if (waiting.length > 0 && !leaving) this.#raise(record, waiting, turn);
  }

  /** Why VMs wait, as the scheduler last said. */
  get #reason(): string | null {
    return this.record.vms.some(({ state }) => state === "waiting") ? this.#waitingFor : null;
  }

  #mayRun(id: VmId): boolean {
    const state = this.record.vms.find((vm) => vm.id === id)?.state;
    return state === "waiting" || state === "assigned" || state === "running";
  }

  #raise(record: VeRecord, waiting: readonly VmRecord[], turn: VetTurn): void {
    const templates = vmsOf(record.manifest);
    const vms = waiting.map((vm) => {
      const template = present(templates.get(vm.name), "a waiting VM's template");
      return { spec: specOf(vm, template), stamp: stampOf(record, vm), demand: expectedDemand(template) };
    });
    this.#event = this.#deps.raiseArrival(record.name, vms, turn);
    if (this.#event === null) return;
    this.#eventVms = new Set(waiting.map(({ id }) => id));
    this.#eventGeneration = record.generation;
  }

  #callOff(why: string, turn: VetTurn): void {
    const event = this.#event;
    this.#event = null;
    this.#eventVms = new Set();
    this.#planning = false;
    if (event !== null) this.#deps.cancelEvent(event, why, turn);
  }

  // ── orders to hosts ────────────────────────────────────────────────────────────────────────────────────

  /** What the VM's host has to do about it now, if anything. */
  #order(vm: VmRecord, turn: VetTurn): void {
    const command = this.#due(vm);
    if (command === null || vm.host === null || !this.#deps.alive(vm.host)) return;
    const key = `${command.type}/${vm.id}`;
    const notBefore = this.#orders.get(key);
    if (notBefore === null || (notBefore !== undefined && notBefore > turn.now)) return;
    this.#orders.set(key, null);
    const done = (result: Result<unknown>, later: VetTurn): void => {
      if (this.#orders.has(key)) this.#orders.set(key, later.now + RETRY_MS);
      if (this.#held) this.#ordered(vm, command, result.ok ? null : result.failure, later);
    };
    this.#deps.ask(vm.host, command, turn, done, this.#durable);
  }

  #ordered(vm: VmRecord, command: Order, failure: Failure | null, turn: VetTurn): void {
    if (command.type === "vet.stamp-vm") this.#stamped(vm, command.stamp?.generation ?? null, failure, turn);
    else if (failure?.code === "not-found") this.#doubt(vm.id, null);
    if (failure !== null && failure.code !== "not-found") this.#unclear.set(vm.id, failure.message);
    this.#inspectSoon(turn);
    this.advance(turn);
  }

  #due(vm: VmRecord): Order | null {
    const { record } = this;
    const about = { ve: record.name, vm: vm.id };
    if (record.adopted && vm.next === "forget") return { type: "vet.stamp-vm", ...about, stamp: null };
    if (vm.state === "stopping")
      return { type: "vet.stop-vm", ...about, before: record.generation, graceMs: record.graceMs };
    const stale = (this.#stamps.get(vm.id) ?? -1) < record.generation;
    if (vm.state !== "running" || !this.#stamps.has(vm.id) || !stale) return null;
    return { type: "vet.stamp-vm", ...about, stamp: stampOf(record, vm) };
  }

  #stamped(vm: VmRecord, generation: number | null, failure: Failure | null, turn: VetTurn): void {
    const done = failure === null || (generation === null && failure.code === "not-found");
    if (done && generation === null) {
      this.change(replaceVm(this.record, vm.id, null), turn);
    } else if (done) this.#stamps.set(vm.id, generation);
    else if (failure?.code === "not-found") this.#doubt(vm.id, null);
  }

  /** It is no VM of this VE any more. */
  #forget(vm: VmId): void {
    for (const known of [this.#heard, this.#unclear, this.#stamps, this.#doubted]) known.delete(vm);
    for (const key of [...this.#orders.keys()]) if (key.endsWith(`/${vm}`)) this.#orders.delete(key);
  }

  // ── doubts ─────────────────────────────────────────────────────────────────────────────────────────────

  #doubt(vm: VmId, claimedBy: NodeId | null): void {
    this.#doubted.add(vm);
    if (claimedBy !== null) this.#hints.add(claimedBy);
  }

  #confirm(vm: VmId, now: Instant): void {
    this.#heard.set(vm, now);
    this.#unclear.delete(vm);
    this.#doubted.delete(vm);
  }

  #inspectSoon(turn: VetTurn): void {
    this.#inspectGap = INSPECT_MS;
    this.#inspectAt = Math.min(this.#inspectAt, turn.now);
  }

  #inDoubt(now: Instant): VmRecord[] {
    return this.record.vms.filter((vm) => {
      if (this.#doubted.has(vm.id)) return true;
      if (vm.state === "stopping" || vm.state === "assigned") return true;
      const heard = this.#heard.get(vm.id);
      return vm.state === "running" && (heard === undefined || now - heard >= CONFIRM_MS);
    });
  }

  #inspectIfDue(turn: VetTurn): void {
    if (this.#inspecting || turn.now < this.#inspectAt) return;
    const vms = this.#inDoubt(turn.now);
    if (vms.length === 0) return;
    const hints = [...this.#hints];
    this.#hints.clear();
    this.#inspecting = true;
    this.#inspectAt = turn.now + this.#inspectGap;
    this.#inspectGap = Math.min(INSPECT_MAX_MS, 2 * this.#inspectGap);
    const { askHosts, nameOf, members, unheard, strangers, hasLeft } = this.#deps;
    const circle = (): string | null => (strangers().length === 0 ? this.#deps.circle().print : null);
    const everybody = (): NodeId[] => {
      const known = members().filter(({ state }) => state !== "left");
      return [...known.map(({ id }) => id), ...unheard()];
    };
    inspect(vms, hints, { askHosts, nameOf, everybody, circle, hasLeft }, turn, (findings, later) => {
      this.#inspecting = false;
      if (this.#held) this.#learn(vms, findings, later);
    });
  }

  #learn(asked: readonly VmRecord[], findings: Findings, turn: VetTurn): void {
    let next = this.record;
    for (const before of asked) {
      const verdict = findings.verdicts.get(before.id);
      const vm = next.vms.find(({ id }) => id === before.id);
      if (verdict === undefined || vm === undefined) continue;
      // What was written down since the question was asked is newer than "gone".
      if (verdict.kind === "gone" && vm !== before) continue;
      if (verdict.kind === "unclear") this.#unclear.set(vm.id, verdict.why);
      else this.#confirm(vm.id, turn.now);
      if (findings.generations.has(vm.id)) this.#stamps.set(vm.id, findings.generations.get(vm.id) ?? null);
      next = judge(next, vm, verdict);
    }
    if (next !== this.record) this.change(next, turn);
    this.advance(turn);
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────

  #end(turn: VetTurn): void {
    this.#over = true;
    this.#callOff("deleted", turn);
    this.#deps.registry.forget(this.name, turn);
    this.progress.deleted(turn.now);
    turn.notify({ kind: "ve-deleted", ve: this.name });
    this.#deps.ended(this.name, turn);
  }

  #notifyVm(before: VmRecord, after: VmRecord | null, turn: VetTurn): void {
    if (before.state === after?.state && before.host === after.host) return;
    const { id: vm, name, domain, state: from } = before;
    const host = after === null ? before.host : after.host;
    const to = after?.state ?? "gone";
    const note = after?.note ?? null;
    turn.notify({ kind: "ve-vm", ve: this.name, vm, name, domain, from, to, host, note });
  }
}
