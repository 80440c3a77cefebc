/**
 * What the objectives compare. Inside, a plan's cost is one number: its charges, plus the weights of the preferred
 * rules that it breaks. For `hosts`, every host that runs something weighs more than all charges together; for
 * `makespan`, the plan's duration replaces the charges.
 */
import type { HomeBound } from "./bound.ts";
import type { Dense } from "./dense.ts";
import { makespanBound, makespanOf } from "./makespan.ts";
import { schedule } from "./schedule.ts";
import type { Step } from "./step.ts";

/** Cost of the steps alone, without preferred rules. @param charge what they are charged. */
export function costOf(dense: Dense, steps: readonly Step[], charge: number): number {
  return dense.problem.objective === "makespan" ? makespanOf(schedule(dense, steps)) : charge;
}

/** @param charge no plan is charged less. */
export function leastCost(dense: Dense, homes: readonly HomeBound[], charge: number): number {
  const { objective } = dense.problem;
  if (objective === "makespan") return makespanBound(dense, homes);
  return objective === "hosts" ? charge + fewestHosts(dense) * dense.hostWeight : charge;
}

/** The cost as its reader knows it: hosts in use for `hosts`. */
export function shown(dense: Dense, cost: number): number {
  return dense.problem.objective === "hosts" ? Math.floor(cost / dense.hostWeight) : cost;
}

/** Hosts needed for the total demand, the largest first, in the resource that needs most. */
function fewestHosts(dense: Dense): number {
  const { width, hostCount, room, closed } = dense;
  const open = [...Array(hostCount).keys()].filter((host) => closed[host] === 0);
  return dense.resources.reduce((most, _, r) => {
    const rooms = open.map((host) => room[host * width + r] as number).sort((a, b) => b - a);
    let missing = dense.totalDemand(r);
    let count = 0;
    while (missing > 0 && count < rooms.length) missing -= rooms[count++] as number;
    return Math.max(most, count);
  }, 0);
}
