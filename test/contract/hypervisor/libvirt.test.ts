/** The contract on two libvirt hosts of the bed, with real guests. The bed is shared; every test begins with empty hosts. */
import { afterAll, beforeAll, describe } from "vitest";
import type { HypervisorCommand, HypervisorOutcome } from "../../../src/hypervisor/command.ts";
import type { VmId, VmSpec } from "../../../src/model/virtual-machine.ts";
import { Bed, whyNoBed } from "../../bed/bed.ts";
import type { BedHost } from "../../bed/host.ts";
import { RecordedLibvirt } from "../../support/libvirt-hosts.ts";
import { eventually } from "../../support/real-clock.ts";
import { vmSpec } from "../../support/virtual-machines.ts";
import { type ContractBed, type ContractHost, hypervisorContract } from "./contract.ts";

const MEMORY = 24;
const LIMIT_MS = 45_000;

/** A host of the contract whose guests have memory full of data when their start has ended, so that moving them takes time. */
class FilledGuests implements ContractHost {
  readonly recorded: RecordedLibvirt;
  readonly outcomes = new Map<number, HypervisorOutcome>();

  constructor(recorded: RecordedLibvirt) {
    this.recorded = recorded;
  }

  get progress() {
    return this.recorded.progress;
  }

  get events() {
    return this.recorded.events;
  }

  run(command: HypervisorCommand): number {
    const operation = this.recorded.run(command);
    void this.#pass(operation, command).catch(() => undefined); // a test that waits for it says what is missing
    return operation;
  }

  async #pass(operation: number, command: HypervisorCommand): Promise<void> {
    const outcome = await this.recorded.ended(operation, LIMIT_MS);
    if (command.kind === "start" && outcome.ok) {
      const console = this.recorded.host.console(command.spec.name);
      await console.waitFor(/^READY /m);
      await console.send("fill");
    }
    this.outcomes.set(operation, outcome);
  }
}

async function emptied(host: BedHost): Promise<void> {
  await host.powerOn();
  await host.heal();
  if (host.libvirtdPid() === undefined) await host.startLibvirtd();
  const names = (await host.virsh(["list", "--all", "--name"])).split("\n").filter(Boolean);
  for (const name of names) await host.virsh(["destroy", name], { anyCode: true });
  await host.output("sh", ["-c", "rm -f /var/log/libvirt/console/*"]);
}

const reason = whyNoBed();

describe.skipIf(reason !== undefined)(reason === undefined ? "on a bed" : `skipped: ${reason}`, () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.create({ hosts: 2, capacityMilliCpu: 2000 });
  });
  afterAll(() => bed.close());

  async function makeBed(): Promise<ContractBed> {
    await Promise.all(bed.hosts.map(emptied));
    const agents: RecordedLibvirt[] = [];
    const agent = async (host: BedHost): Promise<ContractHost> => {
      const recorded = new RecordedLibvirt(host, { sampleMs: 500 });
      agents.push(recorded);
      return new FilledGuests(await recorded.start());
    };
    const hosts = [await agent(bed.host("h1")), await agent(bed.host("h2"))] as const;
    const pending: Promise<unknown>[] = [];
    const standing: number[] = [];
    const later = (work: Promise<unknown>): void => {
      pending.push(work.catch(() => undefined));
    };
    return {
      hosts,
      spec: (n) => specOf(n, bed.host("h1")),
      waitFor: (condition, what) => eventually(condition, what, LIMIT_MS),
      close: async () => {
        for (const pid of standing) process.kill(pid, "SIGCONT");
        await Promise.all(agents.map(({ adapter }) => adapter.close()));
        await Promise.all(pending);
      },
      setLoad: (host, vm, load) => {
        const percent = Math.min(100, Math.round(load / 10));
        later(hostOf(host).console(nameOf(vm)).send(`burn ${percent}`));
      },
      killGuest: (host, vm) => {
        for (const { pid, uuid } of hostOf(host).qemuProcesses())
          if (uuid === vm) process.kill(pid, "SIGKILL");
      },
      // A guest that is suspended does not see its power button pressed.
      ignorePowerButton: (host, vm) => later(hostOf(host).virsh(["suspend", vm])),
      // A QEMU that stands still holds up what is asked of its job, and so the listing.
      slowListings: (host, vm) => {
        for (const { pid, uuid } of hostOf(host).qemuProcesses()) {
          if (uuid !== vm) continue;
          process.kill(pid, "SIGSTOP");
          standing.push(pid);
        }
      },
      loseControl: (host) => later(hostOf(host).killLibvirtd()),
      regainControl: (host) => later(hostOf(host).startLibvirtd()),
      killHost: (host) => later(hostOf(host).powerOff()),
      restartAgent: async (host) => {
        await (host as FilledGuests).recorded.adapter.close();
        return agent(hostOf(host));
      },
    };
  }

  hypervisorContract("libvirt adapter", makeBed, {
    setLoad: true,
    killGuest: true,
    ignorePowerButton: true,
    slowListings: true,
    loseControl: true,
    killHost: true,
    slowly: { bandwidthMibPerSecond: 6, timeoutMs: 60_000 },
    agentDeath: "migration-goes-on",
  });
});

const hostOf = (host: ContractHost): BedHost => (host as FilledGuests).recorded.host;
const nameOf = (vm: VmId): string => vmSpec(Number(vm.slice(-12))).name;

function specOf(n: number, host: BedHost): VmSpec {
  const spec = vmSpec(n, MEMORY);
  return { ...spec, domainXml: host.domainXml({ name: spec.name, uuid: spec.id, memoryMib: MEMORY }) };
}
