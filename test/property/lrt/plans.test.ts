import { expect, test } from "vitest";
import { Agenda } from "../../../src/lrt/scheduling/agenda.ts";
import { isCondition } from "../../../src/lrt/scheduling/event.ts";
import { buildProblem, sendsBack, strays } from "../../../src/lrt/scheduling/problem.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { Agendas } from "../../../src/simulator/checkers/agendas.ts";
import type { CheckedWorld } from "../../../src/simulator/checkers/checker.ts";
import { ConsentChecker } from "../../../src/simulator/checkers/consent.ts";
import type { Ledger } from "../../../src/simulator/checkers/ledger.ts";
import { PlanChecker } from "../../../src/simulator/checkers/plans.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";
import { checkPlan, checkSteps, solve } from "../../../src/solver/index.ts";
import { type DrawnPartition, randomPartition } from "../../support/random-partition.ts";

interface Planned {
  readonly plan: Plan;
  readonly status: "optimal" | "feasible" | "reduced";
  /** Conditions are acted on only where the mode lets them be. */
  readonly applied: boolean;
  /** What the solver's own checkers find. */
  readonly faults: readonly string[];
}

/** As a partition that nobody else joins comes to its plan: a whole one, or else what is better than nothing. */
function planOf(partition: DrawnPartition): Planned | null {
  const { members, mode } = partition;
  const agenda = agendaOf(partition);
  const planned = agenda.toPlan(mode, new Set(members.map(({ node }) => node)), 0);
  const isAsked = !planned.some(({ cause }) => isCondition(cause));
  const asIs = mode !== "auto" && isAsked;
  for (const bestEffort of agenda.worthHalf ? [false, true] : [false]) {
    const { config, failed } = partition;
    const problem = buildProblem({ members, events: planned, failed, config, bestEffort, asIs });
    const solution = solve(problem, { decisions: config.solverDecisions, bestEffort });
    if (solution.status === "infeasible" || solution.status === "limit") continue;
    const { plan, status } = solution;
    if (sendsBack(plan, agenda.all(0)) || strays(plan, members)) continue;
    const check = status === "reduced" ? checkSteps : checkPlan;
    return { plan, status, applied: mode === "auto" || isAsked, faults: check(problem, plan) };
  }
  return null;
}

function agendaOf({ events: [own, ...taken] }: DrawnPartition): Agenda {
  const agenda = new Agenda(own);
  for (const { id, origin, cause } of taken) agenda.take({ id, origin, ageMs: 0, cause }, 0);
  return agenda;
}

/** What the simulator's checkers say of it. */
function complaints({ members, events, mode, config }: DrawnPartition, planned: Planned): readonly string[] {
  const { plan, status, applied } = planned;
  const snapshots = new Map(members.map((member) => [member.node, member]));
  const ledger = { snapshots: () => snapshots } as unknown as Ledger;
  const agendas = { notified: () => {}, of: () => events } as unknown as Agendas;
  const host = { id: events[0].origin, agent: { mode } } as unknown as SimulatedHost;
  const hosts = [...snapshots.keys()];
  const numbers = { partitionEpoch: 1, cost: 0, bound: 0 };
  const said = { kind: "partition-planned", pid: "p", plan, status, hosts, reason: "", applied } as const;
  const notification = { ...said, ...numbers };
  return [
    ...new PlanChecker(ledger, agendas, config).notified(host, notification),
    ...new ConsentChecker(ledger, agendas).notified(host, notification, {} as CheckedWorld),
  ];
}

test("what a partition plans for random hosts and events is sound, and is what people have asked for", () => {
  const judged = { optimal: 0, feasible: 0, reduced: 0 };
  for (let i = 0; i < 20_000; i++) {
    const seed = `partition ${i}`;
    const partition = randomPartition(seed);
    const planned = planOf(partition);
    if (planned === null) continue;
    expect(planned.faults, seed).toEqual([]);
    expect(complaints(partition, planned), seed).toEqual([]);
    if (planned.applied && planned.plan.actions.length > 0) judged[planned.status]++;
  }
  expect(judged.optimal).toBeGreaterThan(1500);
  expect(judged.reduced).toBeGreaterThan(1000);
  expect(judged.feasible).toBeGreaterThan(30);
});
