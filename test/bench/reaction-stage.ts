/** Where reactions are measured: many embedded hosts, or a few real ones. Both let guests want as much CPU as is asked. */
import { type AgentProcess, EmbeddedCluster } from "../../scripts/demo-cluster.ts";
import type { VmView } from "../../src/api/views.ts";
import { bedAgents, guestVe } from "../bed/agents.ts";
import { Bed, whyNoBed } from "../bed/bed.ts";

export interface ReactionStage {
  readonly agents: readonly AgentProcess[];
  /** milli-CPU of each host. */
  readonly capacity: number;
  /** A VE for each host's agent to be told of. */
  readonly manifests: readonly { readonly [key: string]: unknown }[];
  /** Lets a guest want so much CPU from now on. */
  load(vm: VmView, milliCpu: number): Promise<void>;
  close(): Promise<void>;
}

const CORES = 4;
/** Small, so that the machine bears all hosts with their guests. */
const BED_CAPACITY = 600;

export async function embeddedStage(hosts: number, guestsPerHost: number): Promise<ReactionStage> {
  const cluster = await EmbeddedCluster.create({ hosts, cores: CORES });
  return {
    agents: cluster.agents,
    capacity: CORES * 1000,
    manifests: cluster.agents.map(({ name }) => ({
      apiVersion: "discovery/v1",
      kind: "VirtualEnvironment",
      metadata: { name: `ve-${name}` },
      spec: { vms: [{ name: "web", count: guestsPerHost, cpus: CORES, memory: "512MiB" }] },
    })),
    load: async ({ id, host }, milliCpu) => {
      const agent = cluster.agents.find(({ name }) => name === host);
      const told = await agent?.client.call("embedded.load", { guest: id, milliCpu });
      if (told?.ok !== true) throw new Error(`${id} on ${host} cannot be told what to want`);
    },
    close: () => cluster.close(),
  };
}

export async function libvirtStage(hosts: number, guestsPerHost: number): Promise<ReactionStage> {
  const reason = whyNoBed();
  if (reason !== undefined) throw new Error(reason);
  const bed = await Bed.create({ hosts, capacityMilliCpu: BED_CAPACITY });
  const agents = bedAgents(bed);
  const guests = Array.from({ length: guestsPerHost }, (_, i) => `web-${i}`);
  return {
    agents,
    capacity: BED_CAPACITY,
    manifests: await Promise.all(agents.map(({ name }) => guestVe(`ve-${name}`, guests))),
    load: async ({ name }, milliCpu) => {
      await bed.tell(name, `burn ${Math.round(milliCpu / 10)}`);
    },
    close: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await bed.close();
    },
  };
}
