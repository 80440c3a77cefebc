/** Many agents of one machine, for the benches. */
import type { AgentProcess } from "../../scripts/demo-cluster.ts";

/** More at once on two cores only makes each of them late. */
const STARTING_AT_ONCE = 2;

export async function startInTurn(agents: readonly AgentProcess[]): Promise<void> {
  for (let i = 0; i < agents.length; i += STARTING_AT_ONCE) {
    const batch = agents.slice(i, i + STARTING_AT_ONCE);
    for (const agent of batch) agent.start();
    await Promise.all(batch.map((agent) => agent.ready()));
  }
}

export async function acquainted(agents: readonly AgentProcess[]): Promise<boolean> {
  for (const { client } of agents) {
    const reply = await client.call("status", {});
    if (!reply.ok || reply.value.value.members.alive !== agents.length) return false;
  }
  return true;
}
