/** The rules about the plan itself, in dense indices. All are about migrations. */
import type { Plan } from "../model/plan.ts";
import type { Problem } from "./problem.ts";

export class PlanRules {
  readonly noDelay = new Set<number>();
  readonly serialized: ReadonlySet<number>[] = [];
  readonly synced: ReadonlySet<number>[] = [];
  readonly precedences: { readonly before: ReadonlySet<number>; readonly after: ReadonlySet<number> }[] = [];
  /** Milliseconds from the plan's start by which a VM's migrations have ended. */
  readonly deadlines = new Map<number, number>();

  constructor({ rules }: Problem, vmIndex: ReadonlyMap<string, number>) {
    const indices = (ids: readonly string[]) => ids.map((id) => vmIndex.get(id) as number);
    for (const rule of rules) {
      const set = (ids: readonly string[]) => new Set(indices(ids));
      if (rule.kind === "no-delay") for (const vm of indices(rule.vms)) this.noDelay.add(vm);
      if (rule.kind === "serialize") this.serialized.push(set(rule.vms));
      if (rule.kind === "sync") this.synced.push(set(rule.vms));
      if (rule.kind === "precedence")
        this.precedences.push({ before: set(rule.before), after: set(rule.after) });
      if (rule.kind === "deadline") for (const vm of indices(rule.vms)) this.#limit(vm, rule.atMs);
    }
  }

  get none(): boolean {
    return !this.timed && this.serialized.length + this.synced.length + this.precedences.length === 0;
  }

  /** Whether only the time line tells if they hold. */
  get timed(): boolean {
    return this.noDelay.size + this.deadlines.size > 0;
  }

  /** VMs that take no detours: their migrations are tied to time or to one another. */
  direct(vm: number): boolean {
    const tied = this.precedences.some(({ before, after }) => before.has(vm) || after.has(vm));
    return tied || this.noDelay.has(vm) || this.synced.some((set) => set.has(vm));
  }

  /** The order in which to try VMs: those without delay, then by deadline. */
  urgency(vm: number): number {
    return this.noDelay.has(vm) ? -1 : (this.deadlines.get(vm) ?? Number.MAX_SAFE_INTEGER);
  }

  /** Whether the VM has to wait for one of `waiting` to have migrated. */
  mustWait(vm: number, waiting: readonly number[]): boolean {
    return this.precedences.some(
      ({ before, after }) => after.has(vm) && waiting.some((other) => before.has(other)),
    );
  }

  /** The waiting VMs that migrate together with this one, itself first; each shares a rule with one before it. */
  together(vm: number, waiting: readonly number[]): readonly number[] {
    const group = [vm];
    for (const member of group) {
      const sets = this.synced.filter((set) => set.has(member));
      if (sets.length === 0) continue;
      group.push(...waiting.filter((other) => !group.includes(other) && sets.some((set) => set.has(other))));
    }
    return group;
  }

  /** Whether some of these may not migrate at the same time. */
  exclusive(group: readonly number[]): boolean {
    return this.serialized.some((set) => group.filter((vm) => set.has(vm)).length > 1);
  }

  /** VMs whose migrations come too late in this plan. */
  late(vmIndex: ReadonlyMap<string, number>, plan: Plan): readonly number[] {
    return plan.actions.flatMap((action) => {
      if (action.kind !== "migrate") return [];
      const vm = vmIndex.get(action.vm) as number;
      const delayed = this.noDelay.has(vm) && action.after.length > 0;
      const end = action.start + action.duration;
      return delayed || end > (this.deadlines.get(vm) ?? Number.POSITIVE_INFINITY) ? [vm] : [];
    });
  }

  #limit(vm: number, atMs: number): void {
    this.deadlines.set(vm, Math.min(atMs, this.deadlines.get(vm) ?? atMs));
  }
}
