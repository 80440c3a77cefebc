/**
 * From a legal sequence to a graph of actions with a time line, so that *every* order that respects the graph is
 * legal: an action waits for its VM's previous one, for the departures that make its room (ledger.ts), for the last
 * users of its slots (slots.ts), for all earlier steps under the same continuous rule, and for what the plan's own
 * rules put before it. Actions start as early as that allows.
 */
import type { Action, Plan } from "../model/plan.ts";
import type { Constraint } from "./constraints/constraint.ts";
import type { Dense } from "./dense.ts";
import { durationOf } from "./durations.ts";
import { Ledger } from "./ledger.ts";
import { startingLoad } from "./passage.ts";
import { MEMORY } from "./problem.ts";
import { type Slot, Slots } from "./slots.ts";
import type { Step } from "./step.ts";
import { continuousConstraints, hears } from "./transit.ts";

export function schedule(dense: Dense, steps: readonly Step[]): Plan {
  return new Scheduler(dense).run(steps);
}

class Scheduler {
  readonly #dense: Dense;
  readonly #load: Float64Array;
  readonly #ledgers = new Map<number, Ledger>();
  readonly #slots: Slots;
  readonly #continuous: readonly Constraint[];
  readonly #lastUnder = new Map<Constraint, number>();
  readonly #lastOf = new Map<number, number>();
  /** VMs that have been somewhere else than at the start: they have their full demand ever after. */
  readonly #moved = new Set<number>();
  readonly #actions: Action[] = [];

  constructor(dense: Dense) {
    this.#dense = dense;
    this.#load = startingLoad(dense);
    this.#slots = new Slots(dense);
    this.#continuous = continuousConstraints(dense, { at: dense.home });
  }

  run(steps: readonly Step[]): Plan {
    for (let i = 0; i < steps.length; ) {
      const batch = this.#batchAt(steps, i);
      this.#add(batch);
      i += batch.length;
    }
    return { actions: this.#actions };
  }

  /** The steps that start together: several only under a sync rule. */
  #batchAt(steps: readonly Step[], i: number): readonly Step[] {
    const { synced } = this.#dense.planRules;
    const batch = [steps[i] as Step];
    if (batch[0]?.kind !== "migrate") return batch;
    for (let next = steps[i + 1]; next?.kind === "migrate"; next = steps[i + batch.length]) {
      const { vm } = next;
      const tied = batch.some((step) => synced.some((set) => set.has(vm) && set.has(step.vm)));
      if (!tied || batch.some((step) => step.vm === vm)) break;
      batch.push(next);
    }
    return batch;
  }

  #add(batch: readonly Step[]): void {
    const after = new Set<number>();
    const taken = new Set<Slot>();
    const slots = batch.map((step) => this.#prepare(step, after, taken));
    const start = [...after].reduce((latest, id) => Math.max(latest, this.#endOf(id)), 0);
    const order = [...after].sort((a, b) => a - b);
    for (const [i, step] of batch.entries()) {
      const id = this.#actions.length;
      const action = this.#action(step, id, start, order);
      this.#actions.push(action);
      for (const slot of slots[i] as readonly Slot[])
        Object.assign(slot, { freeAt: start + action.duration, lastUser: id });
    }
    for (const [i, step] of batch.entries()) this.#finish(step, this.#actions.length - batch.length + i);
  }

  /** Collects what the step waits for, and the slots it takes. */
  #prepare(step: Step, after: Set<number>, taken: Set<Slot>): readonly Slot[] {
    const previous = this.#lastOf.get(step.vm);
    if (previous !== undefined) after.add(previous);
    if (step.to >= 0) for (const id of this.#ledger(step.to).arrive(this.#arriving(step))) after.add(id);
    for (const id of this.#ruledBefore(step)) after.add(id);
    if (step.kind !== "migrate") return [];
    const slots = this.#slots.choose(step, taken);
    for (const slot of slots) {
      taken.add(slot);
      if (slot.lastUser >= 0) after.add(slot.lastUser);
    }
    return slots;
  }

  #finish(step: Step, id: number): void {
    this.#lastOf.set(step.vm, id);
    for (const constraint of this.#continuous)
      if (this.#under(constraint, step)) this.#lastUnder.set(constraint, id);
    const frees = step.kind === "migrate" || step.kind === "suspend" || step.kind === "stop";
    const deletesImage = step.kind === "stop" && this.#dense.home[step.vm] === -1;
    if (frees && !deletesImage) this.#ledger(step.from).depart(id, this.#amounts(step.vm));
    if (step.kind !== "stop") this.#moved.add(step.vm);
  }

  #under(constraint: Constraint, { vm, from, to }: Step): boolean {
    return hears(constraint, vm, from) || hears(constraint, vm, to);
  }

  /** Earlier actions that continuous, serialize and precedence rules put before this step. */
  #ruledBefore(step: Step): readonly number[] {
    const before = this.#continuous.flatMap((constraint) => {
      return this.#under(constraint, step) ? (this.#lastUnder.get(constraint) ?? []) : [];
    });
    const { serialized, precedences } = this.#dense.planRules;
    if (step.kind !== "migrate" || serialized.length + precedences.length === 0) return before;
    const sets = serialized.filter((set) => set.has(step.vm));
    const firsts = precedences.filter(({ after }) => after.has(step.vm)).map((rule) => rule.before);
    const earlier = this.#actions.filter((action) => {
      const vm = this.#dense.vmIndex.get(action.vm) as number;
      return action.kind === "migrate" && [...sets, ...firsts].some((set) => set.has(vm));
    });
    return [...before, ...earlier.map((action) => action.id)];
  }

  #action({ kind, vm, from, to }: Step, id: number, start: number, after: readonly number[]): Action {
    const { problem } = this.#dense;
    const name = (host: number) => (host < 0 ? null : this.#dense.hostId(host));
    const memory = problem.vms[vm]?.demand[MEMORY] ?? 0;
    const duration = durationOf(kind, memory, from !== to, problem.plan?.bandwidthMibPerSecond);
    return { id, kind, vm: this.#dense.vmId(vm), from: name(from), to: name(to), start, duration, after };
  }

  #endOf(id: number): number {
    const action = this.#actions[id] as Action;
    return action.start + action.duration;
  }

  #ledger(host: number): Ledger {
    let ledger = this.#ledgers.get(host);
    if (ledger === undefined) {
      const { width, ceiling, resources } = this.#dense;
      const cells = resources.map((_, r) => host * width + r);
      ledger = new Ledger(cells.map((cell) => (this.#load[cell] as number) - (ceiling[cell] as number)));
      this.#ledgers.set(host, ledger);
    }
    return ledger;
  }

  #arriving(step: Step): readonly number[] {
    const { width, demand, held, resources } = this.#dense;
    return resources.map((_, r) => {
      const cell = step.vm * width + r;
      return (demand[cell] as number) - (step.kind === "allocate" ? (held[cell] as number) : 0);
    });
  }

  /** What the VM has where it is now. */
  #amounts(vm: number): readonly number[] {
    const { width, demand, held, home, resources } = this.#dense;
    const table = home[vm] !== -1 && !this.#moved.has(vm) ? held : demand;
    return resources.map((_, r) => table[vm * width + r] as number);
  }
}
