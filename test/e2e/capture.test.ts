/** What-if on a live cloud: `capture | edit | solve`, while nothing moves. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentProcess, EmbeddedCluster, until } from "../../scripts/demo-cluster.ts";
import type { VmView } from "../../src/api/views.ts";
import type { Plan } from "../../src/model/plan.ts";
import { lastWords } from "./support/agent-log.ts";
import { discoveryctl } from "./support/discoveryctl.ts";

const PATIENCE_MS = 60_000;
/** Of hosts with four cores: three such guests are too many for one. */
const BUSY = 3;
const BUSY_MILLI_CPU = 1800;
/** What they may want when the overload is over: the limit, less the margin. */
const RELIEVED_MILLI_CPU = 3800;
const SHOP = `apiVersion: discovery/v1
kind: VirtualEnvironment
metadata: { name: shop }
spec:
  vms:
    - { name: web, count: 9, cpus: 2, memory: 256MiB }
`;

interface Instance {
  readonly hosts: readonly { readonly id: string; readonly online?: boolean }[];
  readonly vms: readonly {
    readonly id: string;
    readonly host: string | null;
    readonly demand: { cpu: number };
  }[];
}

const sum = (vms: Instance["vms"]): number => vms.reduce((total, { demand }) => total + demand.cpu, 0);

describe("what-if on a cloud with an overload that only recommends", () => {
  let cluster: EmbeddedCluster;
  let h1: AgentProcess;
  let crowded: string;
  let before: readonly VmView[];

  const vmsOf = async () => {
    const reply = await h1.client.call("vm.list", {});
    return reply.ok ? reply.value.value : [];
  };
  const captured = async (...args: readonly string[]) => {
    const told = await discoveryctl(h1, ["capture", ...args]);
    expect(told.code, told.stderr).toBe(0);
    return { ...told, instance: JSON.parse(told.stdout) as Instance };
  };
  const solved = async (input: string, ...args: readonly string[]) => {
    const told = await discoveryctl("/nowhere", ["solve", "-", "-o", "json", ...args], { input });
    expect(told.code, told.stderr + told.stdout).toBe(0);
    return (JSON.parse(told.stdout) as { plan: Plan }).plan.actions;
  };
  const placed = (vms: readonly VmView[]) => vms.map(({ name, host }) => `${name} on ${host}`).sort();

  beforeAll(async () => {
    cluster = await EmbeddedCluster.create({ hosts: 3, config: { lrt: { hold: "2s", window: "1s" } } });
    h1 = cluster.agents[0] as AgentProcess;
    await cluster.start();
    await until("all agents know each other", PATIENCE_MS, async () => {
      const all = await Promise.all(cluster.agents.map(({ client }) => client.call("status", {})));
      return all.every((reply) => reply.ok && reply.value.value.members.alive === 3);
    });
    expect(await discoveryctl(h1, ["balance", "mode", "recommend"])).toMatchObject({ code: 0 });
    expect(await discoveryctl(h1, ["ve", "apply", "-f", "-"], { input: SHOP })).toMatchObject({ code: 0 });
    before = await until("every VM runs", PATIENCE_MS, async () => {
      const vms = await vmsOf();
      return vms.length === 9 && vms.every(({ state }) => state === "running") ? vms : null;
    });
    const byHost = [...Map.groupBy(before, ({ host }) => host)].sort(([, a], [, b]) => b.length - a.length);
    crowded = byHost[0]?.[0] ?? "";
    const busy = byHost[0]?.[1].slice(0, BUSY) ?? [];
    const { client } = cluster.agents.find(({ name }) => name === crowded) as AgentProcess;
    for (const { id } of busy)
      expect(await client.call("embedded.load", { guest: id, milliCpu: BUSY_MILLI_CPU })).toMatchObject({
        ok: true,
      });
    await until(`${crowded} is overloaded`, PATIENCE_MS, async () => {
      const reply = await h1.client.call("host.show", { host: crowded });
      return reply.ok && reply.value.value.report?.condition.kind === "overloaded";
    });
  });
  afterAll(() => cluster.close());

  it("captures every host and VM with what each wants", async () => {
    const { instance } = await captured();
    expect(instance.hosts.map(({ id }) => id)).toEqual(["h1", "h2", "h3"]);
    expect(instance.vms.map(({ id, host }) => `${id} on ${host}`).sort()).toEqual(placed(before));
    const busy = instance.vms.filter(({ demand }) => demand.cpu > 1000);
    expect(busy.map(({ host }) => host)).toEqual([crowded, crowded, crowded]);
  });

  it("solves what it captured: no more leave the overloaded host than must", async () => {
    const { stdout, instance } = await captured();
    const here = instance.vms.filter(({ host }) => host === crowded);
    const actions = await solved(stdout);
    expect(actions.every(({ kind, from }) => kind === "migrate" && from === crowded)).toBe(true);
    const left = here.filter(({ id }) => !actions.some(({ vm }) => vm === id));
    expect(sum(left)).toBeLessThanOrEqual(RELIEVED_MILLI_CPU);
    const largest = here.map(({ demand }) => demand.cpu).sort((a, b) => b - a);
    const fewer = largest.slice(0, actions.length - 1).reduce((total, cpu) => total - cpu, sum(here));
    expect(fewer).toBeGreaterThan(RELIEVED_MILLI_CPU);
  });

  it("empties a host, whether it is drained in the capture or in the solving", async () => {
    const here = before.filter(({ host }) => host === crowded).map(({ name }) => name);
    const whole = [
      await solved((await captured("--drain", crowded)).stdout),
      await solved((await captured()).stdout, "--drain", crowded),
    ];
    for (const actions of whole)
      expect(actions.filter(({ from }) => from === crowded).map(({ vm }) => vm)).toEqual(
        expect.arrayContaining(here),
      );
  });

  it("runs elsewhere what is on a host that is down, and VMs that are added", async () => {
    const here = before.filter(({ host }) => host === crowded).map(({ name }) => name);
    const { stdout, instance } = await captured(
      "--host-down",
      crowded,
      "--add-vms",
      "2:cpus=0.1,memory=64MiB",
    );
    expect(instance.hosts.find(({ id }) => id === crowded)?.online).toBe(false);
    const runs = (await solved(stdout)).filter(({ kind }) => kind === "run");
    expect(runs.map(({ vm }) => vm).sort()).toEqual([...here, "new-0", "new-1"].sort());
    expect(runs.map(({ to }) => to)).not.toContain(crowded);
  });

  it("refuses a host that nobody knows, and prints nothing", async () => {
    for (const flag of ["--drain", "--host-down"]) {
      const told = await discoveryctl(h1, ["capture", flag, "h1,h9"]);
      expect(told).toMatchObject({ code: 2, stdout: "" });
      expect(told.stderr).toContain("error: no host is called h9\n  why: there is h1, h2, h3\n  next: ");
    }
  });

  it("has moved nothing, and has a host that no longer answers as offline", async () => {
    expect(placed(await vmsOf()), lastWords(cluster.agents)).toEqual(placed(before));
    const lost = cluster.agents[2] as AgentProcess;
    await lost.stop("SIGKILL");
    const { instance, stderr } = await captured();
    expect(instance.hosts).toMatchObject([{ id: "h1" }, { id: "h2" }, { id: "h3", online: false }]);
    expect(instance.vms.map(({ host }) => host)).not.toContain("h3");
    expect(stderr).toContain("warning: h3 does not answer");
    expect(await discoveryctl(h1, ["capture", "--strict"])).toMatchObject({ code: 9 });
  });
});
