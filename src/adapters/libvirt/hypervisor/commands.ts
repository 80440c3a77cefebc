/** Does the port's commands, one call or a few calls of libvirt each. Every method throws what went wrong. */
import type { HypervisorCommand, HypervisorOutcome } from "../../../hypervisor/command.ts";
import type { Domain } from "../../../hypervisor/domain.ts";
import type { Instant, Millis } from "../../../lib/instant.ts";
import type { Stamp, VmId, VmSpec } from "../../../model/virtual-machine.ts";
import {
  Affect,
  CallError,
  ErrorCode,
  isLibvirtError,
  type LibvirtClient,
  type LibvirtConnection,
  type Domain as LibvirtDomain,
  LibvirtError,
  DomainState as LibvirtState,
  MetadataType,
} from "../index.ts";
import { awaitMigration } from "./awaiting.ts";
import { completeDomainXml } from "./domain-file.ts";
import { type Machine, probeMachine } from "./domain-type.ts";
import { domainXml } from "./domain-xml.ts";
import { DONE, failed, inTime, Refusal } from "./failures.ts";
import { described, type Inspector } from "./inspector.ts";
import type { OnProgress, OutgoingMigrations } from "./outgoing.ts";
import type { HypervisorReport, LibvirtHypervisorConfig } from "./settings.ts";
import { STAMP_NAMESPACE, STAMP_PREFIX, stampMetadata } from "./stamp.ts";
import type { Bells, Clock } from "./waiting.ts";
import { XmlError } from "./xml.ts";

/** QEMU opens disks and joins networks; on a busy host that takes seconds. */
const START_MS: Millis = 120_000;
/** libvirt gives a QEMU 10 s to obey SIGTERM before it kills it. */
const DESTROY_MS: Millis = 60_000;
/** A QEMU that does not take the power button's press in this time is not going to. */
const PRESS_MS: Millis = 10_000;
/** libvirt waits 30 s for a domain that is busy with something else. */
const CHANGE_MS: Millis = 40_000;
/** The end of a domain is heard of; this is in case it was not. */
const LOOK_MS: Millis = 500;
const NO_MIGRATION = failed("invalid", "no migration of the domain is under way");

export interface CommandsDependencies {
  readonly client: Pick<LibvirtClient, "call">;
  readonly clock: Clock;
  readonly inspector: Inspector;
  readonly outgoing: OutgoingMigrations;
  readonly bells: Bells;
  readonly connect: () => Promise<LibvirtConnection>;
  readonly report: (event: HypervisorReport) => void;
  readonly changed: (vm: VmId) => void;
  readonly closing: AbortSignal;
}

export class Commands {
  readonly #config: LibvirtHypervisorConfig;
  readonly #deps: CommandsDependencies;
  #machine: Promise<Machine> | null = null;

  constructor(config: LibvirtHypervisorConfig, deps: CommandsDependencies) {
    this.#config = config;
    this.#deps = deps;
  }

  /** @param by after it no guest is started or sent away; what else is asked for is always in time */
  async run(command: HypervisorCommand, onProgress: OnProgress, by?: Instant): Promise<HypervisorOutcome> {
    const { inspector, outgoing } = this.#deps;
    switch (command.kind) {
      case "list":
        return { ok: true, domains: await inspector.list() };
      case "inspect":
        return { ok: true, domain: await inspector.inspect(command.vm) };
      case "start":
        return this.#start(command.spec, command.stamp, by);
      case "stop":
        return this.#stop(command.vm, command.graceMs);
      case "resume":
        return this.#resume(command.vm);
      case "destroy":
        return this.#destroy(await inspector.find(command.vm));
      case "migrate":
        return outgoing.run(command, onProgress, by);
      case "await-migration":
        return outgoing.join(command.vm, onProgress) ?? this.#await(command.vm, onProgress);
      case "abort-migration":
        return (await outgoing.abort(command.vm)) ?? this.#abort(command.vm);
      case "stamp":
        return this.#stamp(command.vm, command.stamp);
    }
  }

  async #start(spec: VmSpec, stamp: Stamp, by: Instant | undefined): Promise<HypervisorOutcome> {
    await this.#refuseTaken(spec);
    const xmlDesc = await this.#describe(spec, stamp);
    const options = { timeoutMs: START_MS, ...inTime(this.#deps.clock, by) };
    try {
      await this.#deps.client.call("DomainCreateXML", { xmlDesc }, options);
      return DONE;
    } catch (error) {
      if (error instanceof LibvirtError) await this.#refuseTaken(spec);
      throw error;
    }
  }

  /** libvirt would start a persistent domain of that id and name with the new description. */
  async #refuseTaken({ id, name }: VmSpec): Promise<void> {
    const { client } = this.#deps;
    const taken = await Promise.all([
      isThere(client.call("DomainLookupByUUID", { uuid: id })),
      isThere(client.call("DomainLookupByName", { name })),
    ]);
    if (taken.includes(true)) throw new Refusal("exists", `a domain ${name} or ${id} is already here`);
  }

  async #describe(spec: VmSpec, stamp: Stamp): Promise<string> {
    if (![spec.cpus, spec.memory].every((size) => Number.isSafeInteger(size) && size > 0))
      throw new Refusal("invalid", "cpus and memory are positive whole numbers");
    if (!/^[^/\p{Cc}]{1,255}$/u.test(spec.name))
      throw new Refusal("invalid", "a domain's name has no slash and no control character");
    const machine = await this.#probe();
    try {
      return spec.domainXml === undefined
        ? domainXml(spec, stamp, machine)
        : completeDomainXml(spec, spec.domainXml, stamp, machine.type);
    } catch (error) {
      if (error instanceof XmlError || error instanceof RangeError)
        throw new Refusal("invalid", error.message);
      throw error;
    }
  }

  /** Once; a host's processors do not change. */
  #probe(): Promise<Machine> {
    this.#machine ??= this.#probeNow();
    return this.#machine;
  }

  async #probeNow(): Promise<Machine> {
    try {
      const machine = await probeMachine(this.#deps.client, this.#config.domainType ?? "auto");
      const { type, emulator, reason } = machine;
      this.#deps.report({ event: "domain-type", type, emulator, reason });
      return machine;
    } catch (error) {
      this.#machine = null;
      throw error;
    }
  }

  async #stop(vm: VmId, graceMs: Millis): Promise<HypervisorOutcome> {
    const { clock, inspector, bells, closing } = this.#deps;
    const dom = await inspector.find(vm);
    const end = clock.now() + graceMs;
    if (graceMs > 0 && (await this.#executes(dom)) && (await this.#pressPowerButton(dom, graceMs))) {
      while (clock.now() < end && !closing.aborted) {
        if (!(await this.#executes(dom))) return DONE;
        await bells.next(vm, clock, Math.min(LOOK_MS, end - clock.now()), closing);
      }
    }
    if (closing.aborted) throw new Refusal("unknown", "the adapter is closing");
    return (await this.#executes(dom)) ? this.#destroyIfThere(dom) : DONE;
  }

  /** false: it will not obey. A button that is late may have been pressed. */
  async #pressPowerButton(dom: LibvirtDomain, graceMs: Millis): Promise<boolean> {
    try {
      const timeoutMs = Math.min(PRESS_MS, graceMs);
      await this.#deps.client.call("DomainShutdownFlags", { dom }, { timeoutMs });
      return true;
    } catch (error) {
      if (error instanceof LibvirtError) return false;
      if (error instanceof CallError && error.failure === "deadline") return true;
      throw error;
    }
  }

  /** Whether there is a process of the domain. */
  async #executes(dom: LibvirtDomain): Promise<boolean> {
    try {
      const { state } = await this.#deps.client.call("DomainGetState", { dom });
      return state !== LibvirtState.shutoff;
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.noDomain)) return false;
      throw error;
    }
  }

  async #destroy(dom: LibvirtDomain): Promise<HypervisorOutcome> {
    if (!(await this.#executes(dom))) return DONE;
    try {
      await this.#deps.client.call("DomainDestroyFlags", { dom }, { timeoutMs: DESTROY_MS });
    } catch (error) {
      if (!isLibvirtError(error, ErrorCode.operationInvalid) || (await this.#executes(dom))) throw error;
    }
    return DONE;
  }

  async #destroyIfThere(dom: LibvirtDomain): Promise<HypervisorOutcome> {
    try {
      return await this.#destroy(dom);
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.noDomain)) return DONE;
      throw error;
    }
  }

  async #resume(vm: VmId): Promise<HypervisorOutcome> {
    const { client, inspector } = this.#deps;
    const dom = await inspector.find(vm);
    const { state, reason } = await client.call("DomainGetState", { dom });
    const now = described(state, reason, await inspector.job(dom));
    if (now.state === "running") return DONE;
    if (now.pauseReason !== "user" && now.pauseReason !== "post-migration")
      return failed("invalid", "the domain is not paused for anybody to resume");
    await client.call("DomainResume", { dom }, { timeoutMs: CHANGE_MS });
    return DONE;
  }

  async #stamp(vm: VmId, stamp: Stamp | null): Promise<HypervisorOutcome> {
    const { client, inspector, changed } = this.#deps;
    const domain = await inspector.inspect(vm);
    if (domain === null) return failed("no-such-domain", `no domain ${vm}`);
    if (domain.pauseReason === "migrating-in") return failed("invalid", "the domain is still migrating in");
    const metadata = stamp === null ? undefined : stampMetadata(stamp);
    const args = { type: MetadataType.element, metadata, key: STAMP_PREFIX, uri: STAMP_NAMESPACE };
    try {
      const dom = await inspector.find(vm);
      const options = { timeoutMs: CHANGE_MS };
      await client.call("DomainSetMetadata", { dom, ...args, flags: whereTo(domain) }, options);
    } catch (error) {
      if (stamp !== null || !isLibvirtError(error, ErrorCode.noDomainMetadata)) throw error;
    }
    changed(vm);
    return DONE;
  }

  async #await(vm: VmId, onProgress: OnProgress): Promise<HypervisorOutcome> {
    const connection = await this.#deps.connect();
    try {
      return await awaitMigration(connection, this.#deps.clock, vm, onProgress);
    } finally {
      await connection.close();
    }
  }

  /** A migration that an earlier process began. */
  async #abort(vm: VmId): Promise<HypervisorOutcome> {
    const { client, inspector } = this.#deps;
    const dom = await inspector.find(vm);
    if ((await inspector.job(dom)) !== "migrating-out") return NO_MIGRATION;
    try {
      await client.call("DomainAbortJob", { dom });
      return DONE;
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.operationInvalid)) return NO_MIGRATION;
      throw error;
    }
  }
}

const whereTo = ({ state, persistent }: Domain): number => {
  const live = state === "shutoff" ? 0 : Affect.live;
  return live | (persistent ? Affect.config : 0);
};

async function isThere(lookup: Promise<unknown>): Promise<boolean> {
  try {
    await lookup;
    return true;
  } catch (error) {
    if (isLibvirtError(error, ErrorCode.noDomain)) return false;
    throw error;
  }
}
