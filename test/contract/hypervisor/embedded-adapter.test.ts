import { RecordedHost } from "../../support/embedded-hosts.ts";
import { eventually } from "../../support/real-clock.ts";
import { vmSpec } from "../../support/virtual-machines.ts";
import { type ContractBed, type ContractHost, hypervisorContract } from "./contract.ts";

const CONFIG = {
  port: 0,
  capacity: { cpu: 4000, memory: 1024 },
  settings: { sampleMs: 50, guest: { load: 100, dirtyRate: 0, powerOffMs: 20 } },
};

/** Two adapters in this process that talk over the loopback. */
async function makeBed(): Promise<ContractBed> {
  const hosts = [new RecordedHost(CONFIG), new RecordedHost(CONFIG)] as const;
  for (const { adapter } of hosts) await adapter.start();
  await eventually(() => hosts.every(({ events }) => events[0]?.kind === "connected"), "both connected");
  const adapter = (host: ContractHost) => hosts.find((one) => one === host)!.adapter;
  const killed: Promise<void>[] = [];
  return {
    hosts,
    spec: (n) => vmSpec(n, 32),
    waitFor: eventually,
    close: async () => {
      await Promise.all([...killed, ...hosts.map(({ adapter }) => adapter.close())]);
    },
    setLoad: (host, vm, load) => {
      adapter(host).setLoad(vm, load);
    },
    killGuest: (host, vm) => {
      adapter(host).crashGuest(vm);
    },
    ignorePowerButton: (host, vm) => adapter(host).control({ kind: "set-power-off", vm, powerOffMs: null }),
    slowListings: (host) => adapter(host).control({ kind: "set-reading-ms", readingMs: 300 }),
    loseControl: (host) => adapter(host).control({ kind: "disconnect", reason: "killed" }),
    regainControl: (host) => adapter(host).control({ kind: "connect" }),
    killHost: (host) => {
      killed.push(adapter(host).close());
    },
  };
}

hypervisorContract("embedded adapter", makeBed, {
  setLoad: true,
  killGuest: true,
  ignorePowerButton: true,
  slowListings: true,
  loseControl: true,
  killHost: true,
  slowly: { bandwidthMibPerSecond: 16, timeoutMs: 60_000 },
  agentDeath: "is-host-death",
});
