/** What the hypervisor's end-to-end tests share: two hosts of the bed, an adapter on each, guests that the bed starts. */
import { writeFileSync } from "node:fs";
import type { HypervisorEvent } from "../../../src/hypervisor/command.ts";
import type { Domain } from "../../../src/hypervisor/domain.ts";
import type { MigrationPolicy, VmId } from "../../../src/model/virtual-machine.ts";
import { Bed } from "../../bed/bed.ts";
import type { GuestConsole } from "../../bed/console.ts";
import { uuidOf } from "../../bed/domain-xml.ts";
import type { BedHost } from "../../bed/host.ts";
import { RecordedLibvirt } from "../../support/libvirt-hosts.ts";
import { eventually } from "../../support/real-clock.ts";

export const SLOWLY: MigrationPolicy = { bandwidthMibPerSecond: 6, timeoutMs: 120_000 };
export const FAST: MigrationPolicy = { bandwidthMibPerSecond: 0, timeoutMs: 60_000 };
const LIMIT_MS = 60_000;

export class Agent extends RecordedLibvirt {
  #mark = 0;

  /** `heard` and `shell` look at what is said from now on. */
  forget(): void {
    this.#mark = this.events.length;
  }

  get recent(): readonly HypervisorEvent[] {
    return this.events.slice(this.#mark);
  }

  heard(vm: VmId, cause: string): Promise<void> {
    const told = (event: HypervisorEvent) =>
      event.kind === "domain-changed" && event.vm === vm && event.cause === cause;
    return eventually(() => this.recent.some(told), `${cause} on ${this.host.name}`, LIMIT_MS);
  }

  causes(vm: VmId): string[] {
    return this.recent.flatMap((event) =>
      event.kind === "domain-changed" && event.vm === vm ? [event.cause] : [],
    );
  }

  async inspect(vm: VmId): Promise<Domain | null> {
    const outcome = await this.does({ kind: "inspect", vm });
    if (!outcome.ok || outcome.domain === undefined) throw new Error(`inspect: ${JSON.stringify(outcome)}`);
    return outcome.domain;
  }

  migrate(vm: VmId, to: Agent, policy = SLOWLY, persistent = false): number {
    return this.run({ kind: "migrate", vm, uri: to.host.migrationUri, policy, persistent });
  }
}

export class TwoHosts {
  readonly bed: Bed;
  readonly here: Agent;
  readonly there: Agent;

  private constructor(bed: Bed, here: Agent, there: Agent) {
    this.bed = bed;
    this.here = here;
    this.there = there;
  }

  static async create(): Promise<TwoHosts> {
    const bed = await Bed.create({ hosts: 2, capacityMilliCpu: 2000 });
    const agent = (name: string) => new Agent(bed.host(name)).start();
    return new TwoHosts(bed, (await agent("h1")) as Agent, (await agent("h2")) as Agent);
  }

  async close(): Promise<void> {
    await Promise.all([this.here, this.there].map(({ adapter }) => adapter.close()));
    await this.bed.close();
  }

  /** Ends what a test has left, and makes both adapters forget. */
  async clear(): Promise<void> {
    for (const agent of [this.here, this.there]) {
      const { host } = agent;
      await host.heal();
      if (host.libvirtdPid() === undefined) await host.startLibvirtd();
      await host.contLibvirtd();
      for (const { pid } of host.qemuProcesses()) process.kill(pid, "SIGCONT");
      const names = (await host.virsh(["list", "--all", "--name"])).split("\n").filter(Boolean);
      for (const name of names) {
        await host.virsh(["destroy", name]).catch(() => "");
        await host.virsh(["undefine", name]).catch(() => "");
      }
      await eventually(() => host.qemuProcesses().length === 0, `no guests on ${host.name}`, LIMIT_MS);
      await eventually(() => connected(agent), `the adapter of ${host.name} is connected`, LIMIT_MS);
      agent.forget();
    }
  }

  /** A transient guest with memory full of data, so that moving it takes some seconds. */
  async guest(name: string, memoryMib = 24): Promise<{ vm: VmId; console: GuestConsole }> {
    const vm = uuidOf(name);
    this.here.forget();
    const console = await this.here.host.startGuest({ name, memoryMib });
    await console.send("fill");
    await this.here.heard(vm, "started");
    return { vm, console };
  }

  async persistentGuest(name: string): Promise<VmId> {
    await define(this.here.host, name);
    await this.here.host.virsh(["start", name]);
    await this.here.host.console(name).waitFor(/^READY /m);
    return uuidOf(name);
  }

  /** Resolves when a migration that was begun has its shell at the destination. */
  shell(vm: VmId): Promise<void> {
    const isShell = (event: HypervisorEvent) =>
      event.kind === "domain-changed" && event.vm === vm && event.domain?.pauseReason === "migrating-in";
    return eventually(() => this.there.recent.some(isShell), "the shell of a migration", LIMIT_MS);
  }
}

export async function define(host: BedHost, name: string): Promise<void> {
  const file = `${host.dir}/${name}.xml`;
  writeFileSync(file, host.domainXml({ name }));
  await host.virsh(["define", file]);
}

export function kill(host: BedHost, vm: VmId, signal: NodeJS.Signals): void {
  for (const { pid, uuid } of host.qemuProcesses()) if (uuid === vm) process.kill(pid, signal);
}

export function connected(agent: RecordedLibvirt): boolean {
  const last = agent.events.findLast(({ kind }) => kind === "connected" || kind === "disconnected");
  return last?.kind === "connected";
}
