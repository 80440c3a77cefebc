import { byText } from "../lib/order.ts";
import type { Agent } from "./agent.ts";
import type { AgentTurn } from "./turn.ts";
import type { VmView } from "./views.ts";

export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly message: string;
  readonly hint?: string;
}

/** What an operator should know of this host before it matters; `vms`: of all hosts that answer. */
export function doctor(
  agent: Agent,
  vms: readonly VmView[],
  turn: AgentTurn,
): { readonly host: string; readonly checks: readonly Check[] } {
  return {
    host: agent.identity.name,
    checks: [
      hypervisor(agent),
      disk(agent),
      usage(agent, turn),
      peers(agent),
      names(agent),
      versions(agent),
      copies(vms),
      drain(agent),
    ],
  };
}

function hypervisor({ lrt }: Agent): Check {
  const name = "hypervisor";
  if (lrt.hypervisor === null) {
    return {
      name,
      state: "failed",
      message: "not connected",
      hint: "is libvirtd running, and may this user open its socket?",
    };
  }
  return { name, state: "ok", message: lrt.hypervisor.description };
}

function usage({ lrt }: Agent, turn: AgentTurn): Check {
  const name = "usage";
  if (lrt.condition.kind === "blind") return { name, state: "failed", message: lrt.condition.reason };
  const { lastSample, rejected } = lrt.monitor;
  const age = lastSample === null ? "never" : `${turn.now - lastSample} ms ago`;
  if (rejected > 0)
    return {
      name,
      state: "warning",
      message: `last changed ${age}; ${rejected} absurd readings were left out`,
    };
  return { name, state: "ok", message: `last changed ${age}` };
}

function disk({ lrt }: Agent): Check {
  const name = "disk";
  if (lrt.space === "ample") return { name, state: "ok", message: "room enough" };
  const hint = "free room in paths.stateDir: until then nothing new is taken on";
  if (lrt.space === "low") return { name, state: "warning", message: "nearly full", hint };
  return { name, state: "failed", message: "full: what must be durable waits", hint };
}

function peers(agent: Agent): Check {
  const name = "peers";
  const alive = agent
    .members()
    .filter(({ id, state }) => state === "alive" && id !== agent.identity.id).length;
  const silent = [...agent.unanswered].map(([address, reason]) => `; ${address}: ${reason}`).sort(byText);
  if (agent.membership.isolated)
    return {
      name,
      state: "failed",
      message: `this host hears nobody${silent.join("")}`,
      hint: "check the network, and the cluster key",
    };
  if (alive === 0)
    return {
      name,
      state: "warning",
      message: `alone: nobody can help${silent.join("")}`,
      hint:
        silent.length === 0
          ? "set network.join to any member's address"
          : "check the network, and the cluster key",
    };
  const dead = agent
    .members()
    .filter(({ state }) => state === "dead")
    .map((member) => member.name);
  if (dead.length > 0)
    return { name, state: "warning", message: `${alive} alive; dead: ${dead.sort(byText).join(", ")}` };
  return { name, state: "ok", message: `${alive} alive` };
}

function names(agent: Agent): Check {
  const seen = new Map<string, number>();
  for (const { name, state } of agent.members())
    if (state !== "left") seen.set(name, (seen.get(name) ?? 0) + 1);
  const shared = [...seen].filter(([, count]) => count > 1).map(([name]) => name);
  if (shared.length === 0) return { name: "names", state: "ok", message: "every host has its own" };
  return {
    name: "names",
    state: "warning",
    message: `several hosts are called ${shared.join(", ")}`,
    hint: "set host.name",
  };
}

function versions(agent: Agent): Check {
  const found = [
    ...new Set(
      agent
        .members()
        .filter(({ state }) => state !== "left")
        .map(({ version }) => version),
    ),
  ];
  if (found.length === 1) return { name: "versions", state: "ok", message: `all hosts run ${found[0]}` };
  return { name: "versions", state: "warning", message: `hosts run ${found.join(", ")}` };
}

/** One that is changing hosts is on both for a while, as it should. */
function copies(vms: readonly VmView[]): Check {
  const name = "copies";
  const byId = Map.groupBy(vms, ({ id }) => id);
  const doubles = [...byId.values()].filter(
    (seen) => seen.length > 1 && seen.every(({ migration }) => migration === null),
  );
  if (doubles.length === 0) return { name, state: "ok", message: "no VM is on two hosts" };
  const said = doubles.map((seen) => `${seen[0]?.name} on ${hostsOf(seen)}`).sort(byText);
  const hint = "a partition moves neither; if it stays so, end the copy that is not to be";
  return { name, state: "warning", message: `on several hosts at once: ${said.join("; ")}`, hint };
}

function hostsOf(seen: readonly VmView[]): string {
  return seen
    .map(({ host, state }) => `${host} (${state})`)
    .sort(byText)
    .join(" and ");
}

function drain({ drain: it }: Agent): Check {
  if (it.state === "no") return { name: "drain", state: "ok", message: "takes VMs" };
  return {
    name: "drain",
    state: "warning",
    message: it.blocked === null ? it.state : `${it.state}: ${it.blocked}`,
  };
}
