import { ok } from "../lib/error.ts";
import { byText } from "../lib/order.ts";
import { buildProblem, whyPinned } from "../lrt/scheduling/problem.ts";
import { domainNames, tell } from "../lrt/scheduling/reason.ts";
import type { NodeSnapshot } from "../lrt/scheduling/snapshot.ts";
import type { Plan } from "../model/plan.ts";
import type { Solution } from "../solver/solution.ts";
import type { Agent } from "./agent.ts";
import type { Respond } from "./remote.ts";
import type { Findings } from "./survey.ts";
import type { AgentTurn } from "./turn.ts";
import type { DrainPreview } from "./views.ts";

/** Asks every host for a snapshot, reserves nothing, solves, and says what a drain would do VM by VM. */
export function previewDrain(
  agent: Agent,
  snapshots: (done: (findings: Findings, turn: AgentTurn) => void, turn: AgentTurn) => void,
  respond: Respond,
  turn: AgentTurn,
): void {
  snapshots(({ answers }, later) => {
    const self = agent.identity.id;
    const all = answers.map(({ value }) => value as NodeSnapshot);
    const members = all
      .filter(({ node, draining }) => node === self || !draining)
      .slice(0, agent.lrtConfig.maxHosts);
    const event = { id: `${self}/drain/preview`, origin: self, ageMs: 0, cause: { kind: "drain" } } as const;
    const problem = buildProblem({ members, events: [event], failed: [], config: agent.lrtConfig });
    const limits = { decisions: agent.lrtConfig.solverDecisions, bestEffort: true };
    const operation = later.solve(problem, limits);
    agent.onceSolved(operation, (solution, t) => respond(ok(preview(agent, members, solution)), t));
  }, turn);
}

function preview(agent: Agent, members: readonly NodeSnapshot[], solution: Solution | null): DrainPreview {
  const self = agent.identity.id;
  const own = members.find(({ node }) => node === self);
  const here = new Set(members.flatMap(({ vms }) => vms.map(({ id }) => id)));
  const event = { id: "", origin: self, ageMs: 0, cause: { kind: "drain" } } as const;
  const plan: Plan = solution !== null && "plan" in solution ? solution.plan : { actions: [] };
  const why =
    solution !== null && "explanation" in solution
      ? tell(solution.explanation, { node: (node) => agent.nameOf(node), vm: domainNames(members, []) })
      : "";
  const { inventory } = agent.lrt;
  const staying = inventory.all().filter(({ stamp }) => stamp === null);
  const foreign = new Set(staying.map(({ vm }) => vm));
  const leaving = (own?.vms ?? []).filter(({ id }) => !foreign.has(id));
  const vms = leaving.map((vm) => {
    const target = plan.actions.filter((action) => action.vm === vm.id).at(-1)?.to ?? null;
    const pinned = own === undefined ? null : whyPinned(vm, own, here, [event], new Set([self]));
    const blocker = target === null ? (pinned ?? (why === "" ? "no host has room" : why)) : null;
    return { name: vm.name, target: target === null ? null : agent.nameOf(target), blocker };
  });
  const stay = staying.map(({ name }) => name).sort(byText);
  return { host: agent.identity.name, vms, stay, records: agent.recordsHere() };
}
