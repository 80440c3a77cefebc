/** What others take a stopped host for: drained, it has left, and nobody waits for it; undrained, it is dead. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentProcess, EmbeddedCluster, until } from "../../scripts/demo-cluster.ts";
import type { DoctorView, HostView, StatusView, VeView, VmView } from "../../src/api/views.ts";
import { lastWords, linesOf, marksOf } from "./support/agent-log.ts";
import { discoveryctl, type Told } from "./support/discoveryctl.ts";
import { nameWithHome } from "./support/homes.ts";

const PATIENCE_MS = 60_000;

const manifest = (name: string) => `apiVersion: discovery/v1
kind: VirtualEnvironment
metadata: { name: ${name} }
spec:
  vms:
    - { name: web, count: 2, cpus: 1, memory: 256MiB }
`;

describe("a host that is stopped", () => {
  let cluster: EmbeddedCluster;
  let h1: AgentProcess;
  let h3: AgentProcess;
  let others: readonly AgentProcess[];
  /** As they were when all were there. */
  let hosts: readonly HostView[];
  let shop: string;
  let names = 0;

  const ctl = (...args: readonly string[]) => discoveryctl(h1, args);
  const apply = (name: string) => discoveryctl(h1, ["ve", "apply", "-f", "-"], { input: manifest(name) });
  const done = (told: Told) =>
    expect(told, told.stderr + lastWords(cluster.agents)).toMatchObject({ code: 0 });
  /** All that is there, as everybody who is known has told it. */
  const list = async <T>(what: "host" | "vm"): Promise<readonly T[]> => {
    const told = await ctl(what, "list", "--strict", "-o", "json");
    done(told);
    return (JSON.parse(told.stdout) as { items: readonly T[] }).items;
  };
  const item = async <T>(...args: readonly string[]): Promise<T> => {
    const told = await ctl(...args, "-o", "json");
    done(told);
    return (JSON.parse(told.stdout) as { item: T }).item;
  };
  const hostsOf = async (name: string) => {
    const vms = (await list<VmView>("vm")).filter(({ ve, state }) => ve === name && state === "running");
    return vms.map(({ host }) => host);
  };
  const peers = async () => (await item<DoctorView>("doctor")).checks.find(({ name }) => name === "peers");
  /** One that h3 would keep, were it there. */
  const nameOfH3 = () => nameWithHome("h3", hosts, () => `shop-${++names}`);
  const members = async ({ client }: AgentProcess): Promise<StatusView["members"] | null> => {
    const reply = await client.call("status", {});
    return reply.ok ? reply.value.value.members : null;
  };
  /** All of these hold each other for alive, and have made up their minds about the rest. */
  const together = (agents: readonly AgentProcess[]) =>
    until(`${agents.length} agents know each other`, PATIENCE_MS, async () => {
      const all = await Promise.all(agents.map(members));
      return all.every((seen) => seen?.alive === agents.length && seen.suspect === 0);
    });
  const expectOthersSee = async (counts: Partial<StatusView["members"]>) => {
    for (const agent of others)
      expect(await members(agent), lastWords(cluster.agents)).toMatchObject({
        alive: 2,
        suspect: 0,
        ...counts,
      });
  };

  beforeAll(async () => {
    cluster = await EmbeddedCluster.create({ hosts: 3 });
    [h1, , h3] = cluster.agents as [AgentProcess, AgentProcess, AgentProcess];
    others = cluster.agents.slice(0, 2);
    await cluster.start();
    await together(cluster.agents);
    hosts = await list<HostView>("host");
    shop = nameOfH3();
    done(await apply(shop));
    for (const vm of ["web-0", "web-1"]) done(await ctl("vm", "migrate", `${shop}.${vm}`, "--to", "h3"));
    expect(await hostsOf(shop)).toEqual(["h3", "h3"]);
    expect(await item<VeView>("ve", "show", shop)).toMatchObject({ home: "h3" });
  });
  afterAll(() => cluster.close());

  it("has left if it was drained: others have its VMs, records and names, and nobody misses it", async () => {
    done(await ctl("host", "drain", "h3"));
    expect(await list<HostView>("host")).toMatchObject([{}, {}, { name: "h3", drain: "drained" }]);
    const marks = marksOf(others);
    await h3.stop();
    await together(others);
    await expectOthersSee({ dead: 0, left: 1 });
    expect((await list<HostView>("host")).map(({ name }) => name)).toEqual(["h1", "h2"]);
    expect(await hostsOf(shop)).toHaveLength(2);
    expect(await item<VeView>("ve", "show", shop)).toMatchObject({ observed: "running" });
    done(await apply(nameOfH3()));
    expect(await peers()).toMatchObject({ state: "ok", message: "1 alive" });
    const said = others.flatMap((agent) => linesOf(agent).slice(marks.get(agent)));
    expect(said.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  });

  it("is not waited for by who starts anew when it has left", async () => {
    await Promise.all(others.map((agent) => agent.stop()));
    for (const agent of others) agent.start();
    await Promise.all(others.map((agent) => agent.ready()));
    await together(others);
    await expectOthersSee({ dead: 0 });
    done(await apply(nameOfH3()));
    expect((await list<HostView>("host")).map(({ name }) => name)).toEqual(["h1", "h2"]);
  });

  it("joins anew when it starts after it has left, and is as any other when it is restored", async () => {
    h3.start();
    await h3.ready();
    await together(cluster.agents);
    const state = { name: "h3", state: "alive", drain: "drained" };
    expect(await list<HostView>("host")).toMatchObject([{}, {}, { id: hosts[2]?.id, ...state }]);
    done(await ctl("host", "restore", "h3"));
    shop = nameOfH3();
    done(await apply(shop));
    expect(await item<VeView>("ve", "show", shop)).toMatchObject({ home: "h3" });
    done(await ctl("vm", "migrate", `${shop}.web-0`, "--to", "h3"));
    expect(await hostsOf(shop)).toContain("h3");
  });

  it("is dead if it was not drained: what it keeps is out of reach, and its names are not to be had", async () => {
    await h3.stop();
    await together(others);
    await expectOthersSee({ dead: 1, left: 0 });
    expect((await ctl("host", "list")).stdout).toMatch(/^h3 +dead/m);
    expect(await ctl("host", "list", "--strict")).toMatchObject({ code: 9 });
    for (const told of [await ctl("ve", "show", shop), await apply(nameOfH3())]) {
      expect(told).toMatchObject({ code: 8 });
      expect(told.stderr).toContain("its record is kept by h3, which is dead");
    }
    expect(await peers()).toMatchObject({ state: "warning", message: "1 alive; dead: h3" });
  });
});
