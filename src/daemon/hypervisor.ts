import { hostname } from "node:os";
import type { EmbeddedHost } from "../adapters/embedded/host.ts";
import type { Logger } from "../adapters/logging/logger.ts";
import type { EmbeddedCommand, EmbeddedLoad } from "../api/requests.ts";
import type { Config } from "../config/schema.ts";
import { fail, ok, type Result } from "../lib/error.ts";
import type { Resources } from "../model/resources.ts";
import type { ClockPort, HypervisorPort, HypervisorSink } from "../ports/ports.ts";

/** The host's hypervisor, whichever it is, and how it is opened and closed. */
export interface OpenedHypervisor {
  readonly port: HypervisorPort;
  /** The embedded one's guests can be told what to do, for demonstrations. */
  readonly embedded: EmbeddedHost | null;
  /** Connects; the sink hears of it. It may also connect later: a hypervisor that is down is no reason not to start. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface HypervisorDependencies {
  readonly clock: ClockPort;
  readonly sink: HypervisorSink;
  readonly logger: Logger;
}

/** Only the hypervisor that is used is loaded. */
export async function openHypervisor(
  config: Config,
  capacity: Resources,
  dependencies: HypervisorDependencies,
): Promise<OpenedHypervisor> {
  return config.hypervisor.kind === "embedded"
    ? await openEmbedded(config, capacity, dependencies)
    : await openLibvirt(config, dependencies);
}

async function openLibvirt(
  config: Config,
  { clock, sink, logger }: HypervisorDependencies,
): Promise<OpenedHypervisor> {
  const { LibvirtHypervisor } = await import("../adapters/libvirt/hypervisor/libvirt-hypervisor.ts");
  const { socket, uri, migrationUri, domainType } = config.hypervisor.libvirt;
  const port = new LibvirtHypervisor(
    {
      socketPath: socket,
      uri,
      migrationUri: migrationUri === "auto" ? `qemu+tls://${hostname()}/system` : migrationUri,
      sampleMs: config.lrt.sample,
      domainType,
    },
    {
      clock,
      sink,
      report: ({ event, ...fields }) => {
        const message = "reason" in fields ? fields.reason : event;
        logger.write({
          level: event === "domain-type" ? "info" : "warn",
          event: `libvirt.${event}`,
          message,
          fields,
        });
      },
    },
  );
  return {
    port,
    embedded: null,
    start: async () => port.start(),
    close: () => port.close(),
  };
}

async function openEmbedded(
  config: Config,
  capacity: Resources,
  dependencies: HypervisorDependencies,
): Promise<OpenedHypervisor> {
  const { EmbeddedHost } = await import("../adapters/embedded/host.ts");
  const { embedded } = config.hypervisor;
  const settings = { linkMibPerSecond: embedded.linkMibPerSecond, sampleMs: config.lrt.sample };
  const domains = embedded.domains.map(({ name, cpus, memory, loadRatio, dirtyMibPerSecond }) => ({
    name,
    cpus,
    memory,
    load: Math.round(loadRatio * cpus),
    dirtyRate: dirtyMibPerSecond,
  }));
  const host = new EmbeddedHost({ port: embedded.port, capacity, settings, domains }, dependencies);
  return {
    port: host,
    embedded: host,
    start: async () => {
      await host.start();
    },
    close: () => host.close(),
  };
}

/** Tells a guest of the embedded hypervisor how much to want. */
export function loadGuest(
  { embedded }: OpenedHypervisor,
  { guest, milliCpu }: EmbeddedCommand,
): Result<EmbeddedLoad> {
  if (embedded === null) {
    return fail({
      code: "conflict",
      message: "this host has a real hypervisor: its guests want what they want",
    });
  }
  const told = embedded.setLoad(guest, milliCpu);
  return told.ok ? ok({ guest, milliCpu }) : told;
}
