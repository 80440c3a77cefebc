/** The makespan of a plan, and what no plan's makespan is below. */
import type { Plan } from "../model/plan.ts";
import type { HomeBound } from "./bound.ts";
import type { Dense } from "./dense.ts";
import { durationOf } from "./durations.ts";
import { MEMORY } from "./problem.ts";
import { slotsOfHost } from "./slots.ts";

/** Milliseconds from the first start to the last end. */
export function makespanOf(plan: Plan): number {
  return plan.actions.reduce((latest, action) => Math.max(latest, action.start + action.duration), 0);
}

/**
 * Each VM that must leave takes at least one migration, and a home's migrations share its slots; what waits takes a
 * run, what sleeps a local resume.
 */
export function makespanBound(dense: Dense, homes: readonly HomeBound[]): number {
  const { problem, image } = dense;
  const memory = (vm: number) => problem.vms[vm]?.demand[MEMORY] ?? 0;
  const bandwidth = problem.plan?.bandwidthMibPerSecond;
  const starts = dense
    .arriving()
    .map((vm) => durationOf(image[vm] === -1 ? "run" : "resume", memory(vm), false, bandwidth));
  const leaves = homes.map(({ host, forced }) => {
    const each = forced.map((vm) => durationOf("migrate", memory(vm), true, bandwidth));
    const shared = Math.ceil(each.reduce((sum, duration) => sum + duration, 0) / slotsOfHost(dense, host));
    return Math.max(shared, ...each);
  });
  return Math.max(0, ...starts, ...leaves);
}
