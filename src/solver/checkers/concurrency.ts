/**
 * No host and no link ever has more migrations than it bears: in some legal order, a set of actions is under way
 * at once exactly when none of them must wait for another, so the widest antichain is counted (Dilworth: the
 * fewest chains, by bipartite matching).
 */
import type { Action, Plan } from "../../model/plan.ts";
import { type Problem, SITE } from "../problem.ts";
import type { Precedence } from "./precedence.ts";

const DEFAULT_PER_HOST = 2;

export function checkConcurrency(problem: Problem, plan: Plan, order: Precedence): readonly string[] {
  const migrations = plan.actions.filter((action) => action.kind === "migrate");
  const touching = new Map<string | null, Action[]>();
  for (const action of migrations) {
    for (const host of [action.from, action.to]) touching.set(host, [...(touching.get(host) ?? []), action]);
  }
  const perHost = problem.hosts.flatMap((host) => {
    const limit = host.concurrency ?? problem.plan?.migrationsPerHost ?? DEFAULT_PER_HOST;
    const here = touching.get(host.id) ?? [];
    const widest = here.length <= limit ? here.length : widestAntichain(here, order);
    return widest > limit ? [`${host.id} can have ${widest} migrations at once, it bears ${limit}`] : [];
  });
  return [...perHost, ...checkLinks(problem, migrations, order)];
}

function checkLinks(problem: Problem, migrations: readonly Action[], order: Precedence): readonly string[] {
  const limit = problem.plan?.migrationsBetweenSites;
  if (limit === undefined) return [];
  const site = new Map(problem.hosts.map((host) => [host.id, host.labels[SITE] ?? ""]));
  const links = new Map<string, Action[]>();
  for (const action of migrations) {
    const ends = [site.get(action.from as string) as string, site.get(action.to as string) as string].sort();
    if (ends[0] === ends[1]) continue;
    const name = JSON.stringify(ends);
    links.set(name, [...(links.get(name) ?? []), action]);
  }
  return [...links].flatMap(([name, actions]) => {
    const widest = widestAntichain(actions, order);
    return widest > limit ? [`link ${name} can have ${widest} migrations at once, it bears ${limit}`] : [];
  });
}

export function widestAntichain(actions: readonly Action[], order: Precedence): number {
  const follower = new Map<number, number>();
  const augment = (i: number, seen: Set<number>): boolean => {
    for (let j = 0; j < actions.length; j++) {
      if (seen.has(j) || !order.ordered((actions[i] as Action).id, (actions[j] as Action).id)) continue;
      seen.add(j);
      const other = follower.get(j);
      if (other !== undefined && !augment(other, seen)) continue;
      follower.set(j, i);
      return true;
    }
    return false;
  };
  let joined = 0;
  for (let i = 0; i < actions.length; i++) if (augment(i, new Set())) joined++;
  return actions.length - joined;
}
