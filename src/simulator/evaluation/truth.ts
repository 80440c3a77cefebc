/**
 * What is so, whatever agents believe: where every guest executes, what each host's guests want, and since when that
 * is more than the host has. Fed by the hypervisors' steps and by the workload; tells no agent anything.
 */
import { present } from "../../lib/assert.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "../checkers/checker.ts";
import type { SimulatedHost } from "../world/host.ts";

/** What is done about an overload at an instant, as the part of the violation's time that it is counted under. */
export type Phase = "detect" | "wait" | "build" | "compute" | "apply";
export type PhaseTimes = { [phase in Phase]: number };

export interface ViolationRecord {
  readonly host: string;
  /** Simulated milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly parts: PhaseTimes;
  /** The most by which the limit was passed meanwhile, milli-CPU. */
  readonly excess: number;
}

interface Account {
  readonly capacity: number;
  executing: readonly string[];
  load: number;
  /** Its energy is accounted for until here. */
  settledAt: number;
  overSince: number | null;
  excess: number;
  phase: Phase;
  phaseSince: number;
  parts: PhaseTimes;
}

/** SimGrid's profile of a host in VMPlaceS: idle, then from 110 W to 200 W with load; asleep 10 W. */
const WATTS = { asleep: 10, awake: 110, busy: 90, ofCpu: 8000 } as const;

export class Truth implements Checker {
  readonly name = "truth";
  readonly violations: ViolationRecord[] = [];
  readonly #accounts = new Map<string, Account>();
  readonly #loads = new Map<string, number>();
  readonly #hosts = new Map<string, SimulatedHost>();
  /** Called when a guest comes to execute on a host. */
  readonly #arrived: (vm: string, host: SimulatedHost) => void;
  #joules = 0;

  constructor(loads: ReadonlyMap<string, number>, arrived: (vm: string, host: SimulatedHost) => void) {
    this.#loads = new Map(loads);
    this.#arrived = arrived;
  }

  /** The host on which the guest executes. */
  host(vm: string): SimulatedHost | undefined {
    return this.#hosts.get(vm);
  }

  load(vm: string): number {
    return this.#loads.get(vm) ?? 0;
  }

  setLoad(vm: string, load: number, now: number): void {
    const before = this.load(vm);
    this.#loads.set(vm, load);
    const host = this.#hosts.get(vm);
    const account = host === undefined ? undefined : this.#accounts.get(host.id);
    if (host !== undefined && account !== undefined)
      this.#change(host.id, account, account.load + load - before, account.executing, now);
  }

  hypervisorStepped(host: SimulatedHost, world: CheckedWorld): readonly string[] {
    const account = this.#account(host, world.now);
    const executing = host.executing();
    if (same(executing, account.executing)) return NOTHING_WRONG;
    const before = account.executing;
    for (const vm of before)
      if (!executing.includes(vm) && this.#hosts.get(vm) === host) this.#hosts.delete(vm);
    const load = executing.reduce((sum, vm) => sum + this.load(vm), 0);
    this.#change(host.id, account, load, executing, world.now);
    for (const vm of executing) {
      if (before.includes(vm)) continue;
      this.#hosts.set(vm, host);
      this.#arrived(vm, host);
    }
    return NOTHING_WRONG;
  }

  /** What is being done about the host's overload from now on. */
  enter(host: string, phase: Phase, now: number): void {
    const account = this.#accounts.get(host);
    if (account === undefined || account.phase === phase) return;
    this.#settlePhase(account, now);
    account.phase = phase;
  }

  phase(host: string): Phase {
    return this.#accounts.get(host)?.phase ?? "detect";
  }

  /** Since when the host is over its limit, or null. */
  overSince(host: string): number | null {
    return this.#accounts.get(host)?.overSince ?? null;
  }

  /** Hosts over their limit now. */
  over(): readonly string[] {
    return [...this.#accounts].filter(([, { overSince }]) => overSince !== null).map(([host]) => host);
  }

  /** Milliseconds over the limit, all hosts together, open violations included. */
  violationMs(now: number): number {
    const open = [...this.#accounts.values()].reduce(
      (sum, { overSince }) => sum + (overSince === null ? 0 : now - overSince),
      0,
    );
    return this.violations.reduce((sum, { from, to }) => sum + to - from, open);
  }

  /** Joules used so far if hosts without guests sleep. */
  joules(now: number): number {
    for (const account of this.#accounts.values()) this.#settleEnergy(account, now);
    return this.#joules;
  }

  #account(host: SimulatedHost, now: number): Account {
    const known = this.#accounts.get(host.id);
    if (known !== undefined) return known;
    const account: Account = {
      capacity: host.spec.capacity.cpu,
      executing: [],
      load: 0,
      settledAt: now,
      overSince: null,
      excess: 0,
      phase: "detect",
      phaseSince: now,
      parts: noTimes(),
    };
    this.#accounts.set(host.id, account);
    return account;
  }

  #change(host: string, account: Account, load: number, executing: readonly string[], now: number): void {
    this.#settleEnergy(account, now);
    account.load = load;
    account.executing = executing;
    const excess = load - account.capacity;
    if (excess > 0 && account.overSince === null) this.#begin(account, now);
    account.excess = Math.max(account.excess, excess);
    if (excess <= 0 && account.overSince !== null) this.#end(host, account, now);
  }

  #begin(account: Account, now: number): void {
    account.overSince = now;
    account.phaseSince = now;
    account.excess = 0;
    account.parts = noTimes();
  }

  #end(host: string, account: Account, now: number): void {
    this.#settlePhase(account, now);
    const { parts, excess } = account;
    const from = present(account.overSince, "only what began ends");
    account.overSince = null;
    this.violations.push({ host, from, to: now, parts, excess });
  }

  #settlePhase(account: Account, now: number): void {
    if (account.overSince !== null) account.parts[account.phase] += now - account.phaseSince;
    account.phaseSince = now;
  }

  #settleEnergy(account: Account, now: number): void {
    const seconds = (now - account.settledAt) / 1000;
    account.settledAt = now;
    const used = Math.min(account.load, account.capacity);
    const watts =
      account.executing.length === 0 ? WATTS.asleep : WATTS.awake + (WATTS.busy * used) / WATTS.ofCpu;
    this.#joules += watts * seconds;
  }
}

function noTimes(): PhaseTimes {
  return { detect: 0, wait: 0, build: 0, compute: 0, apply: 0 };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((vm, i) => vm === b[i]);
}
