import { obstacle } from "../lrt/scheduling/obstacle.ts";
import type { NodeSnapshot, VmSnapshot } from "../lrt/scheduling/snapshot.ts";
import type { Agent } from "./agent.ts";
import type { Findings } from "./survey.ts";
import type { AgentTurn } from "./turn.ts";
import type { VmView } from "./views.ts";

/** Why a VM is where it is, what led to that, and per host whether it could go there; with every host's own numbers. */
export function explainVm(agent: Agent, vm: VmView, { answers, coverage }: Findings, turn: AgentTurn) {
  const snapshots = answers.map(({ value }) => value as NodeSnapshot);
  const here = snapshots.find(({ node }) => node === agent.identity.id);
  const seen = here?.vms.find(({ id }) => id === vm.id);
  const entries = agent.history.of(vm.id, turn.now);
  const decisions = entries.map(({ what, from, to, reason, outcome, agoMs }) => ({
    what: `${what} ${from ?? ""} → ${to}: ${outcome}`,
    reason,
    agoMs,
  }));
  const hosts = seen === undefined ? [] : snapshots.map((host) => verdict(agent, seen, host));
  const item = { vm: vm.name, summary: summary(agent, vm, seen), decisions, hosts };
  return { item, coverage };
}

function verdict(agent: Agent, vm: VmSnapshot, host: NodeSnapshot) {
  const why = obstacle(vm, host, agent.lrtConfig);
  return { host: host.name, possible: why === null, why: why ?? "it fits" };
}

function summary(agent: Agent, vm: VmView, seen: VmSnapshot | undefined): string {
  const { condition } = agent.lrt;
  const movable =
    seen?.pinned ?? (seen?.policy.balancing === "auto" ? null : `balancing is ${seen?.policy.balancing}`);
  const stays = movable === null ? "" : `; it is not moved automatically: ${movable}`;
  switch (condition.kind) {
    case "overloaded":
      return `${vm.host} is overloaded (${condition.wanted} ${condition.resource} wanted, ${condition.limit} allowed)${stays}`;
    case "blind":
      return `${vm.host} cannot read usage (${condition.reason}): nothing is decided there${stays}`;
    default:
      return `${vm.host} is within its limits: nothing asks for a move${stays}`;
  }
}
