/**
 * A small cloud for acceptance tests: the bed's libvirt hosts, an agent process on each, and guests that the agents
 * manage. Everything here waits for conditions with a deadline, and every failure says what the agents said last.
 *
 *     const cloud = await Cloud.create({ hosts: 4, capacity: 300, labels: … });
 *     await cloud.adopt("shop", "h1", ["a", "b"], { bandwidthMibPerSecond: 2 });
 *     await cloud.burn({ a: 20, b: 20 });
 *     await cloud.viable();
 *     await cloud.unharmed(["a", "b"]);
 */

import { type AgentConfig, type AgentProcess, pause } from "../../../scripts/demo-cluster.ts";
import { STAMP_NAMESPACE } from "../../../src/adapters/libvirt/hypervisor/stamp.ts";
import type { HostView, VmView } from "../../../src/api/views.ts";
import type { DiscoveryClient } from "../../../src/client/client.ts";
import { type BedAgentsOptions, bedAgents } from "../../bed/agents.ts";
import { Bed } from "../../bed/bed.ts";
import type { BedHost } from "../../bed/host.ts";
import { contradictions } from "../../bed/witness.ts";
import { lastWords } from "./agent-log.ts";
import { breaksIn, lastTick } from "./lives.ts";

/** Long enough for every bound of `QUICK`; a condition that has not come by then does not come. */
const PATIENCE_MS = 120_000;
const POLL_MS = 100;
/** Looks that must say the same before a state counts as settled. */
const SETTLED = 20;

/** The scheduler with shorter bounds, so that what lapses lapses within a test. */
export const QUICK: AgentConfig = {
  lrt: { hold: "2s", window: "2s", lease: "10s", renew: "3s", lifeSlack: "20s", grow: "5s" },
  log: { level: "debug" },
};
/** The scheduler as it is shipped. */
export const SHIPPED: AgentConfig = { log: { level: "debug" } };
/** The same for its bounds: a partition's life, a lease, and the hypervisors' keep-alive. */
export const SHIPPED_PATIENCE_MS = 300_000;

export interface CloudOptions extends BedAgentsOptions {
  readonly hosts: number;
  /** milli-CPU of each host. */
  readonly capacity: number;
  /** How long conditions are waited for. Default: long enough for `QUICK`. */
  readonly patienceMs?: number;
}

type Question<T> = () => Promise<T | null | false> | T | null | false;

export class Cloud {
  readonly bed: Bed;
  readonly agents: readonly AgentProcess[];
  readonly #patienceMs: number;
  /** The VE of each guest that was adopted. */
  readonly #ves = new Map<string, string>();

  private constructor(bed: Bed, agents: readonly AgentProcess[], patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.bed = bed;
    this.agents = agents;
  }

  static async create(options: CloudOptions): Promise<Cloud> {
    const { hosts, capacity, config = QUICK, patienceMs = PATIENCE_MS, ...rest } = options;
    const bed = await Bed.create({ hosts, capacityMilliCpu: capacity });
    const cloud = new Cloud(bed, bedAgents(bed, { config, ...rest }), patienceMs);
    try {
      for (const agent of cloud.agents) agent.start();
      await Promise.all(cloud.agents.map((agent) => agent.ready()));
      await cloud.together();
    } catch (cause) {
      await cloud.close();
      throw cause;
    }
    return cloud;
  }

  async close(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await this.bed.close();
  }

  get guests(): readonly string[] {
    return [...this.#ves.keys()];
  }

  agent(name: string): AgentProcess {
    const found = this.agents.find((agent) => agent.name === name);
    if (found === undefined) throw new Error(`the cloud has no host ${name}`);
    return found;
  }

  host(name: string): BedHost {
    return this.bed.host(name);
  }

  /** Asks until there is an answer; rejects with what was waited for and the agents' last words. */
  async until<T>(
    what: string,
    question: Question<T>,
    deadlineMs = this.#patienceMs,
    pollMs = POLL_MS,
  ): Promise<T> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const answer = await question();
      if (answer !== null && answer !== false) return answer;
      if (Date.now() > end) throw this.failure(`waited ${deadlineMs / 1000} s in vain: ${what}`);
      await pause(pollMs);
    }
  }

  /** Rejects with the complaints and the agents' last words, if there are complaints. */
  expectNone(complaints: readonly string[]): void {
    if (complaints.length > 0) throw this.failure(complaints.join("\n"));
  }

  failure(message: string): Error {
    return new Error(`${message}\n${lastWords(this.agents)}`);
  }

  /** Every agent that runs sees all that run alive. */
  async together(): Promise<void> {
    const running = this.agents.filter((agent) => agent.running);
    await this.until(`${running.length} agents know each other`, async () => {
      const all = await Promise.all(running.map(({ client }) => client.call("status", {})));
      return all.every((reply) => reply.ok && reply.value.value.members.alive === running.length);
    });
  }

  // ── guests ───────────────────────────────────────────────────────────────────────────────────────────

  /** Boots guests on a host, their memory full of data, and makes them a VE there. */
  async adopt(
    ve: string,
    host: string,
    names: readonly string[],
    { bandwidthMibPerSecond = 0, memoryMib = 16 } = {},
  ): Promise<void> {
    for (const name of names) {
      const console = await this.host(host).startGuest({ name, memoryMib });
      await console.send("fill");
      this.#ves.set(name, ve);
    }
    const { client } = this.agent(host);
    await this.until(`${host} sees ${names.join(", ")}`, async () => {
      const seen = (await this.vmsOn(host))?.map(({ name }) => name) ?? [];
      return names.every((name) => seen.includes(name));
    });
    await this.done(client, await client.call("ve.adopt", { name: ve, host, domains: names }));
    if (bandwidthMibPerSecond > 0) await this.slowDown(ve, bandwidthMibPerSecond);
  }

  /** Migrations of the VE's guests get this bandwidth from now on. */
  async slowDown(ve: string, bandwidthMibPerSecond: number): Promise<void> {
    const { client } = this.agents[0] as AgentProcess;
    const exported = await client.call("ve.export", { name: ve });
    if (!exported.ok) throw this.failure(`export of ${ve}: ${exported.failure.message}`);
    const manifest = structuredClone(exported.value.value) as { spec: { migration?: object } };
    manifest.spec.migration = { bandwidthMibPerSecond };
    await this.done(client, await client.call("ve.apply", { manifest: { ...manifest } }));
    await this.until(`the hosts know the bandwidth of ${ve}`, async () => {
      const stamps = await Promise.all(this.guestsOf(ve).map((guest) => this.stampOf(guest)));
      return stamps.every((stamp) => stamp.includes(`"bandwidthMibPerSecond":${bandwidthMibPerSecond},`));
    });
  }

  guestsOf(ve: string): string[] {
    return [...this.#ves].filter(([, of]) => of === ve).map(([guest]) => guest);
  }

  /** What libvirt keeps of ours with the guest. */
  async stampOf(guest: string): Promise<string> {
    const [host] = this.whereIs(guest);
    return host === undefined ? "" : await this.host(host).virsh(["metadata", guest, STAMP_NAMESPACE]);
  }

  /** While guests are put in place a busy machine may make a host look overloaded: `manual`, and nothing moves. */
  async balancing(mode: "auto" | "manual"): Promise<void> {
    const reply = await (this.agents[0] as AgentProcess).client.call("balance.mode", { mode });
    if (!reply.ok) throw this.failure(reply.failure.message);
  }

  /** Percent of a processor that each guest burns from now on. */
  async burn(shares: { readonly [guest: string]: number }): Promise<void> {
    await Promise.all(
      Object.entries(shares).map(([guest, percent]) => this.bed.tell(guest, `burn ${percent}`)),
    );
  }

  /** Resolves when the guest has counted so many seconds more. */
  async lives(guest: string, seconds: number): Promise<void> {
    const goal = lastTick(this.bed.hosts, guest) + seconds;
    const deadlineMs = this.#patienceMs + 3000 * seconds;
    await this.until(`${guest} counts to ${goal}`, () => lastTick(this.bed.hosts, guest) >= goal, deadlineMs);
  }

  /** The hosts that have a process of the guest. */
  whereIs(guest: string): string[] {
    const has = (host: BedHost) => host.isOn && host.qemuProcesses().some(({ name }) => name === guest);
    return this.bed.hosts.filter(has).map(({ name }) => name);
  }

  /** Both witnesses agree that every guest runs once, and each guest tells of one unbroken life that goes on. */
  async unharmed(guests: readonly string[] = this.guests): Promise<void> {
    let complaints: string[] = [];
    await this.until("every guest is on one host", async () => {
      complaints = contradictions(await this.bed.witness(), guests);
      return complaints.length === 0;
    }).catch((cause: Error) => {
      throw new Error(`${complaints.join("\n")}\n${cause.message}`);
    });
    await Promise.all(guests.map((guest) => this.lives(guest, 2)));
    this.expectNone(guests.flatMap((guest) => breaksIn(this.bed.hosts, guest)));
  }

  // ── what the agents say ──────────────────────────────────────────────────────────────────────────────

  /** Waits for an operation to succeed. */
  async done(client: DiscoveryClient, started: Awaited<ReturnType<DiscoveryClient["call"]>>): Promise<void> {
    if (!started.ok) throw this.failure(`${started.failure.message}: ${started.failure.reason ?? ""}`);
    const { operation } = started.value.value as { operation: string | null };
    if (operation === null) return;
    const ended = await client.waitFor(operation, () => {}, AbortSignal.timeout(this.#patienceMs));
    if (!ended.ok) throw this.failure(`${operation}: ${ended.failure.message}`);
    const { state, failure } = ended.value.value;
    if (state !== "succeeded") throw this.failure(`${operation} ${state}: ${JSON.stringify(failure)}`);
  }

  /** As any agent sees the hosts. */
  async hosts(): Promise<readonly HostView[]> {
    const asked = this.agents.find((agent) => agent.running);
    const reply = await asked?.client.call("host.list", {});
    return reply?.ok === true ? reply.value.value : [];
  }

  /** As the host's own agent sees its domains; null: it does not say. */
  async vmsOn(host: string): Promise<readonly VmView[] | null> {
    const reply = await this.agent(host).client.call("vm.list", {});
    return reply.ok ? reply.value.value.filter((vm) => vm.host === host) : null;
  }

  async overloaded(hosts: readonly string[]): Promise<void> {
    await this.until(`${hosts.join(", ")} overloaded`, async () => {
      const seen = await this.hosts();
      const over = seen.filter(({ report }) => report?.condition.kind === "overloaded");
      return hosts.every((name) => over.some((host) => host.name === name));
    });
  }

  /** Every host is within its limits and reserved for nobody, many times in a row. */
  async viable(): Promise<void> {
    let times = 0;
    await this.until("every host is viable and free", async () => {
      const seen = await this.hosts();
      times = seen.length === this.agents.length && seen.every(isViable) ? times + 1 : 0;
      return times >= SETTLED;
    });
  }

  /** No host is reserved. */
  async free(): Promise<void> {
    await this.until("every reservation is free", async () => {
      const seen = await this.hosts();
      return seen.length === this.agents.length && seen.every((host) => host.report?.partition === null);
    });
  }

  /** The agent's view is its libvirt's: the same running domains. */
  async agrees(host: string): Promise<void> {
    await this.until(`the agent of ${host} sees what libvirt sees`, async () => {
      const seen = await this.vmsOn(host);
      const listed = await this.host(host).virsh(["list", "--state-running", "--name"]);
      const names = listed
        .split("\n")
        .map((name) => name.trim())
        .filter((name) => name !== "");
      const running = seen?.filter(({ state }) => state === "running").map(({ name }) => name);
      return running !== undefined && same(running, names);
    });
  }
}

function isViable({ report, drain }: HostView): boolean {
  if (report === null || report.partition !== null) return false;
  const { condition, wanted, capacity } = report;
  if (drain !== "no") return condition.kind !== "overloaded";
  return condition.kind !== "overloaded" && condition.kind !== "blind" && wanted.cpu <= capacity.cpu;
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && [...one].sort().join() === [...other].sort().join();
}

/** A figure for the report; nothing depends on it. */
export function measured(what: string, ms: number): void {
  console.log(`measured: ${what}: ${Math.round(ms)} ms`);
}
