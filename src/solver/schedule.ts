/**
 * From a legal sequence to a graph of actions, so that *every* order that respects the graph is legal.
 *
 * Room. The k-th arrival at a host waits for the shortest prefix of that host's departures (in the sequence) which
 * makes room for the first k arrivals together. Prefixes only grow with k, so whatever subset of arrivals has
 * started, the departures that the last of them waits for make room for all of them.
 * Slots. Each migration takes one slot of its source, its destination and the sites between them, and waits for
 * the slot's last user: at most `slots` migrations are ever under way at once.
 */
import type { Action, Plan } from "../model/plan.ts";
import type { Dense } from "./dense.ts";
import { durationOf } from "./durations.ts";
import { startingLoad } from "./passage.ts";
import { MEMORY, SITE } from "./problem.ts";
import type { Step } from "./step.ts";

const MIGRATIONS_PER_HOST = 2;

export function schedule(dense: Dense, steps: readonly Step[]): Plan {
  return new Scheduler(dense).run(steps);
}

/** One host's bookkeeping: what has arrived, what has left, how many departures the last arrival waits for. */
interface Ledger {
  readonly excess: number[];
  readonly departures: { readonly id: number; readonly amounts: readonly number[] }[];
  awaited: number;
}

interface Slot {
  freeAt: number;
  lastUser: number;
}

class Scheduler {
  readonly #dense: Dense;
  readonly #load: Float64Array;
  readonly #ledgers = new Map<number, Ledger>();
  readonly #slots = new Map<string, Slot[]>();
  readonly #lastOf = new Map<number, number>();
  readonly #actions: Action[] = [];

  constructor(dense: Dense) {
    this.#dense = dense;
    this.#load = startingLoad(dense);
  }

  run(steps: readonly Step[]): Plan {
    for (const step of steps) this.#add(step);
    return { actions: this.#actions };
  }

  #add(step: Step): void {
    const id = this.#actions.length;
    const after = new Set<number>();
    const previous = this.#lastOf.get(step.vm);
    if (previous !== undefined) after.add(previous);
    for (const departure of this.#room(step)) after.add(departure);
    const slots = this.#takeSlots(step, after);
    const duration = this.#duration(step);
    const start = Math.max(0, ...[...after].map((i) => this.#endOf(i)));
    for (const slot of slots) Object.assign(slot, { freeAt: start + duration, lastUser: id });
    this.#lastOf.set(step.vm, id);
    this.#depart(step, id);
    this.#actions.push(
      this.#action(
        step,
        id,
        start,
        duration,
        [...after].sort((a, b) => a - b),
      ),
    );
  }

  #action(step: Step, id: number, start: number, duration: number, after: readonly number[]): Action {
    const name = (host: number) => (host < 0 ? null : this.#dense.hostId(host));
    const { kind, vm, from, to } = step;
    return { id, kind, vm: this.#dense.vmId(vm), from: name(from), to: name(to), start, duration, after };
  }

  #endOf(id: number): number {
    const action = this.#actions[id] as Action;
    return action.start + action.duration;
  }

  #duration({ kind, vm, from, to }: Step): number {
    const { problem } = this.#dense;
    const memory = problem.vms[vm]?.demand[MEMORY] ?? 0;
    return durationOf(kind, memory, from !== to, problem.plan?.bandwidthMibPerSecond);
  }

  /** The departures that an arrival waits for. */
  #room(step: Step): readonly number[] {
    if (step.to < 0) return [];
    const ledger = this.#ledger(step.to);
    const amounts = this.#arriving(step);
    amounts.forEach((amount, r) => {
      ledger.excess[r] = (ledger.excess[r] as number) + amount;
    });
    while (amounts.some((amount, r) => amount > 0 && (ledger.excess[r] as number) > 0)) {
      const departure = ledger.departures[ledger.awaited++];
      if (departure === undefined) throw new RangeError("the sequence is not legal");
      departure.amounts.forEach((amount, r) => {
        ledger.excess[r] = (ledger.excess[r] as number) - amount;
      });
    }
    return ledger.departures.slice(0, ledger.awaited).map((departure) => departure.id);
  }

  #depart(step: Step, id: number): void {
    const deletesImage = step.kind === "stop" && this.#dense.home[step.vm] === -1;
    if (step.from < 0 || step.kind === "allocate" || step.kind === "resume" || deletesImage) return;
    this.#ledger(step.from).departures.push({ id, amounts: this.#amounts(step.vm, step.from) });
  }

  /** `excess` starts at load minus ceiling: negative where there is room. */
  #ledger(host: number): Ledger {
    let ledger = this.#ledgers.get(host);
    if (ledger === undefined) {
      const { width, ceiling, resources } = this.#dense;
      const excess = resources.map((_, r) => {
        const cell = host * width + r;
        return (this.#load[cell] as number) - (ceiling[cell] as number);
      });
      ledger = { excess, departures: [], awaited: 0 };
      this.#ledgers.set(host, ledger);
    }
    return ledger;
  }

  #arriving(step: Step): readonly number[] {
    const { width, demand, held, resources } = this.#dense;
    const kept = step.kind === "allocate" ? held : null;
    return resources.map((_, r) => {
      const cell = step.vm * width + r;
      return (demand[cell] as number) - (kept === null ? 0 : (kept[cell] as number));
    });
  }

  /** What leaves a host: what the VM had there. */
  #amounts(vm: number, host: number): readonly number[] {
    const { width, demand, held, home, resources } = this.#dense;
    const table = home[vm] === host && !this.#returned(vm, host) ? held : demand;
    return resources.map((_, r) => table[vm * width + r] as number);
  }

  /** Whether the VM came back to its first host, where it then has its full demand. */
  #returned(vm: number, host: number): boolean {
    return this.#actions.some(
      (action) => action.vm === this.#dense.vmId(vm) && action.to === this.#dense.hostId(host),
    );
  }

  #takeSlots(step: Step, after: Set<number>): Slot[] {
    if (step.kind !== "migrate") return [];
    const taken = [
      this.#slot(`host ${step.from}`, this.#perHost(step.from)),
      this.#slot(`host ${step.to}`, this.#perHost(step.to)),
    ];
    const link = this.#link(step);
    if (link !== null) taken.push(this.#slot(link.name, link.slots));
    for (const slot of taken) if (slot.lastUser >= 0) after.add(slot.lastUser);
    return taken;
  }

  #perHost(host: number): number {
    const { problem } = this.#dense;
    return problem.hosts[host]?.concurrency ?? problem.plan?.migrationsPerHost ?? MIGRATIONS_PER_HOST;
  }

  #link({ from, to }: Step): { readonly name: string; readonly slots: number } | null {
    const { problem } = this.#dense;
    const slots = problem.plan?.migrationsBetweenSites;
    const a = problem.hosts[from]?.labels[SITE] ?? "";
    const b = problem.hosts[to]?.labels[SITE] ?? "";
    if (slots === undefined || a === b) return null;
    return { name: `link ${a < b ? `${a} ${b}` : `${b} ${a}`}`, slots };
  }

  #slot(name: string, count: number): Slot {
    let slots = this.#slots.get(name);
    if (slots === undefined) {
      slots = Array.from({ length: count }, () => ({ freeAt: 0, lastUser: -1 }));
      this.#slots.set(name, slots);
    }
    return slots.reduce((first, slot) => (slot.freeAt < first.freeAt ? slot : first));
  }
}
