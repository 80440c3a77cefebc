import { EmbeddedWorld, type VirtualHost } from "../../support/embedded-world.ts";
import { vmSpec } from "../../support/virtual-machines.ts";
import { type ContractBed, type ContractHost, hypervisorContract } from "./contract.ts";

const CAPACITY = { cpu: 4000, memory: 1024 };

/** Two embedded hosts in virtual time: waiting costs none. */
async function makeBed(): Promise<ContractBed> {
  const world = new EmbeddedWorld();
  const machines = new Map<ContractHost, VirtualHost>();
  const add = (name: string): ContractHost => {
    const machine = world.add(name, CAPACITY);
    const { outcomes, progress, events } = machine;
    const host = {
      run: (command: Parameters<ContractHost["run"]>[0]) => world.run(machine, command),
      outcomes,
      progress,
      events,
    };
    machines.set(host, machine);
    return host;
  };
  const hosts = [add("here"), add("there")] as const;
  const machine = (host: ContractHost) => machines.get(host)!;
  return {
    hosts,
    spec: (n) => vmSpec(n),
    waitFor: async (condition) => world.until(condition),
    close: async () => {},
    setLoad: (host, vm, load) => world.world(machine(host), { kind: "set-load", vm, load }),
    killGuest: (host, vm) => world.world(machine(host), { kind: "crash", vm, how: "killed" }),
    ignorePowerButton: (host, vm) =>
      world.world(machine(host), { kind: "set-power-off", vm, powerOffMs: null }),
    slowListings: (host) => world.world(machine(host), { kind: "set-reading-ms", readingMs: 2000 }),
    loseControl: (host) => world.world(machine(host), { kind: "disconnect", reason: "killed" }),
    regainControl: (host) => world.world(machine(host), { kind: "connect" }),
    killHost: (host) => world.crash(machine(host)),
  };
}

hypervisorContract("embedded model", makeBed, {
  setLoad: true,
  killGuest: true,
  ignorePowerButton: true,
  slowListings: true,
  loseControl: true,
  killHost: true,
  slowly: { bandwidthMibPerSecond: 8, timeoutMs: 60_000 },
  agentDeath: "is-host-death",
});
