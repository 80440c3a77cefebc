/** An agent on each of the bed's hosts, and guests that they manage. */
import { join } from "node:path";
import { type AgentConfig, AgentProcess, DISCOVERYD, writeClusterKey } from "../../scripts/demo-cluster.ts";
import type { Bed } from "./bed.ts";
import { consoleXml } from "./domain-xml.ts";
import { guestImage } from "./guest-image.ts";
import type { BedHost } from "./host.ts";

const PORT = 7840;
/** What guests and their emulators may hold: far more than the bed's guests ask for. */
const HOST_MEMORY = "2GiB";

export interface BedAgentsOptions {
  /** What each host declares to have for guests, "64MiB" at least. */
  readonly memory?: string;
  /** Labels by host name. */
  readonly labels?: (host: string) => { readonly [label: string]: string };
  /** Sections that are merged into every agent's configuration. */
  readonly config?: AgentConfig;
}

/** Configures an agent for each host; none is started. */
export function bedAgents(
  bed: Bed,
  { labels, memory = HOST_MEMORY, config = {} }: BedAgentsOptions = {},
): readonly AgentProcess[] {
  const clusterKey = writeClusterKey(bed.dir);
  const join1 = bed.hosts.slice(0, 2).map(({ ip }) => `/ip4/${ip}/tcp/${PORT}`);
  return bed.hosts.map((host) => {
    const directory = join(host.dir, "agent");
    return new AgentProcess(
      host.name,
      directory,
      {
        host: {
          name: host.name,
          labels: labels?.(host.name) ?? {},
          capacity: { cpus: (host.milliCpu ?? 1000) / 1000, memory },
        },
        network: { listen: [`/ip4/${host.ip}/tcp/${PORT}`], join: join1 },
        paths: { stateDir: join(directory, "state"), runtimeDir: join(directory, "run"), clusterKey },
        hypervisor: {
          kind: "libvirt",
          libvirt: { socket: host.socket, migrationUri: host.migrationUri, domainType: "qemu" },
        },
        ...config,
      },
      (args, log) => launchIn(host, args, log),
    );
  });
}

function launchIn(host: BedHost, args: readonly string[], log: number) {
  return host.exec(DISCOVERYD, args, { stdio: ["ignore", log, log] });
}

/** A VE of the bed's guests: `names.length` VMs with a console each, of `memoryMib` each. */
export async function guestVe(
  ve: string,
  names: readonly string[],
  spec: object = {},
  memoryMib = 16,
): Promise<{ readonly [key: string]: unknown }> {
  const image = await guestImage();
  const vms = names.map((name) => ({
    name,
    cpus: 1,
    memory: `${memoryMib}MiB`,
    domain: { xml: guestXml(`${ve}.${name}`, image, memoryMib) },
  }));
  return {
    apiVersion: "discovery/v1",
    kind: "VirtualEnvironment",
    metadata: { name: ve },
    spec: { vms, ...spec },
  };
}

/** The domain without name, id and stamp: those the agent writes. */
function guestXml(name: string, image: string, memoryMib: number): string {
  return `<domain type='qemu'>
  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>${image}</kernel></os>
  <features><acpi/><tcg><tb-cache unit='MiB'>8</tb-cache></tcg></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    ${consoleXml(name)}
    <memballoon model='none'/>
    <panic model='isa'/>
  </devices>
</domain>`;
}
