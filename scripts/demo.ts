/**
 * The main job, to look at: agents start and find each other, a VE is applied, load rises, a host overloads and finds
 * help, VMs move live, every host is viable again. Ends with 0 when that is so, and leaves nothing behind.
 */
import { parseArgs } from "node:util";
import type { HostView, VmView } from "../src/api/views.ts";
import { type AgentProcess, EmbeddedCluster, until } from "./demo-cluster.ts";
import { bold, dim, Story } from "./demo-story.ts";

const USAGE = `Usage: scripts/demo [--hosts N] [--libvirt]

  --hosts N    agents to run, 3 to 12 (default 5, with --libvirt 3)
  --libvirt    on real libvirt hosts with real QEMU guests, in namespaces on this machine (root)
`;

/** A demonstration that takes longer has failed. */
const PATIENCE_MS = 120_000;

/** What the demonstration needs of its hosts, be they embedded or real. */
export interface Stage {
  readonly agents: readonly AgentProcess[];
  /** The VE to apply. */
  readonly manifest: { readonly [key: string]: unknown };
  /** Lets VMs want so much CPU, by domain name. */
  load(vms: readonly VmView[]): Promise<void>;
  close(): Promise<void>;
}

const { hosts, libvirt } = readArguments();
const story = new Story();
process.stdout.write(
  `${bold("DISCOVERY")}  ${dim(`an overloaded host finds help among its neighbours (${libvirt ? "libvirt" : "embedded hypervisor"})`)}\n\n`,
);
let interrupted = false;
const opening = libvirt ? openLibvirt() : embeddedStage(hosts);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
try {
  await play(await opening);
} catch (error) {
  if (!interrupted) {
    process.stderr.write(
      `\nthe demonstration failed: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  }
} finally {
  if (!interrupted) await close();
}

/** Also while the stage still opens: what has been started by then is ended, too. */
function interrupt(): void {
  if (interrupted) return;
  interrupted = true;
  process.stderr.write("\ninterrupted: everything is taken down\n");
  void close().then(() => process.exit(130));
}

/** A stage that did not open has closed itself. */
async function close(): Promise<void> {
  const stage = await opening.catch(() => null);
  await stage?.close();
}

async function play({ agents, manifest, load }: Stage): Promise<void> {
  const [first] = agents;
  if (first === undefined) throw new Error("there are no agents");
  await until("all agents know each other", PATIENCE_MS, async () => {
    const all = await Promise.all(agents.map(({ client }) => client.call("status", {})));
    return all.every((reply) => reply.ok && reply.value.value.members.alive === agents.length);
  });
  story.say(`${agents.length} agents run and know each other`);
  const stop = new AbortController();
  for (const { name, client } of agents)
    void client.events({ follow: true }, (line) => story.tell(name, line), stop.signal);

  const applied = await first.client.call("ve.apply", { manifest });
  if (!applied.ok) throw new Error(`${applied.failure.message}: ${applied.failure.reason ?? ""}`);
  story.say("VE shop is applied");
  const vms = await until("every VM runs", PATIENCE_MS, async () => {
    const running = (await vmsOf(first)).filter(({ ve, state }) => ve === "shop" && state === "running");
    return running.length === count(manifest) ? running : null;
  });
  story.say(`its ${vms.length} VMs run`);
  const before = await settled(first, (seen) => seen.every(({ report }) => report !== null));
  story.bars("At rest", before);

  const crowded = busiest(vms);
  story.say(bold(`the load of ${crowded.length} VMs on ${crowded[0]?.host} rises`));
  await load(crowded);
  const peak = await until("a host is overloaded", PATIENCE_MS, async () => {
    const seen = await hostsOf(first);
    return seen.some(({ report }) => report?.condition.kind === "overloaded") ? seen : null;
  });
  const after = await settled(first, viable);
  stop.abort();
  story.bars("Every host is viable again", after);
  story.summary(before, after, peak);
}

async function openLibvirt(): Promise<Stage> {
  const { libvirtStage } = await import("./demo-libvirt.ts");
  return await libvirtStage(hosts, story);
}

async function embeddedStage(count: number): Promise<Stage> {
  story.say(`${count} agents start …`);
  const lrt = { hold: "2s", window: "1s" };
  const cluster = await EmbeddedCluster.create({ hosts: count, config: { lrt } });
  try {
    await cluster.start();
  } catch (cause) {
    await cluster.close();
    throw cause;
  }
  const load = async (vms: readonly VmView[]): Promise<void> => {
    for (const { host, id } of vms) {
      const agent = cluster.agents.find(({ name }) => name === host);
      await agent?.client.call("embedded.load", { guest: id, milliCpu: 900 });
    }
  };
  const manifest = {
    apiVersion: "discovery/v1",
    kind: "VirtualEnvironment",
    metadata: { name: "shop" },
    spec: { vms: [{ name: "web", count: 2 * count, cpus: 1, memory: "512MiB" }] },
  };
  return { agents: cluster.agents, manifest, load, close: () => cluster.close() };
}

/** Waits until the hosts are as wanted, twice in a row. */
async function settled(
  agent: AgentProcess,
  wanted: (hosts: readonly HostView[]) => boolean,
): Promise<readonly HostView[]> {
  let times = 0;
  return await until("the hosts are as they should be", PATIENCE_MS, async () => {
    const seen = await hostsOf(agent);
    times = wanted(seen) ? times + 1 : 0;
    return times >= 5 ? seen : null;
  });
}

function viable(hosts: readonly HostView[]): boolean {
  return hosts.every(({ report }) => {
    if (report === null || report.partition !== null) return false;
    const { condition, wanted, capacity } = report;
    return condition.kind !== "overloaded" && condition.kind !== "blind" && wanted.cpu <= capacity.cpu;
  });
}

async function hostsOf({ client }: AgentProcess): Promise<readonly HostView[]> {
  const reply = await client.call("host.list", {});
  return reply.ok ? reply.value.value : [];
}

async function vmsOf({ client }: AgentProcess): Promise<readonly VmView[]> {
  const reply = await client.call("vm.list", {});
  return reply.ok ? reply.value.value : [];
}

/** The VMs of the host that has most of them. */
function busiest(vms: readonly VmView[]): readonly VmView[] {
  const byHost = Map.groupBy(vms, ({ host }) => host);
  return [...byHost.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

function count(manifest: Stage["manifest"]): number {
  const { vms } = manifest["spec"] as { vms: readonly { count?: number }[] };
  return vms.reduce((sum, vm) => sum + (vm.count ?? 1), 0);
}

function readArguments(): { readonly hosts: number; readonly libvirt: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        hosts: { type: "string" },
        libvirt: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const wanted = Number(values.hosts ?? (values.libvirt ? 3 : 5));
    if (!Number.isInteger(wanted) || wanted < 3 || wanted > 12)
      throw new Error("--hosts takes a whole number from 3 to 12");
    return { hosts: wanted, libvirt: values.libvirt };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}
