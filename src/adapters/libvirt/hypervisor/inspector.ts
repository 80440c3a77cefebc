/**
 * Reads domains from the daemon as they are now. Nothing asked here waits for a guest's QEMU, but for the question
 * what job a domain is in: that one stands behind whatever else asks this QEMU. So jobs are asked over a client of
 * their own, a QEMU that hangs is asked once, and until it answers its job is what it last was.
 */
import type { Domain, DomainState, PauseReason } from "../../../hypervisor/domain.ts";
import type { Millis } from "../../../lib/instant.ts";
import type { Stamp, VmId } from "../../../model/virtual-machine.ts";
import {
  ErrorCode,
  isLibvirtError,
  JobOperation,
  JobType,
  type LibvirtClient,
  type Domain as LibvirtDomain,
  DomainState as LibvirtState,
  ListFlags,
  MetadataType,
  PausedReason,
} from "../index.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { HypervisorReport } from "./settings.ts";
import { readStamp, STAMP_NAMESPACE } from "./stamp.ts";
import { type Clock, LATE, mapInParallel, within } from "./waiting.ts";

type Job = Domain["job"];

/** Domains read at a time; the client sends a few calls at a time anyway. */
const WIDTH = 8;
const JOB_ANSWER_MS: Millis = 2_000;
/** Longer than anybody waits: what is asked of a QEMU that hangs is answered when it ends. */
const WITHOUT_LIMIT: Millis = 2_147_483_647;
const KIB_PER_MIB = 1024n;

export interface InspectorDependencies {
  readonly client: Pick<LibvirtClient, "call">;
  readonly jobs: Pick<LibvirtClient, "call">;
  readonly clock: Clock;
  readonly report: (event: HypervisorReport) => void;
  /** Whether this process is migrating the domain away. */
  readonly migrates: (vm: VmId) => boolean;
  readonly lifecycle: Pick<Lifecycle, "heard" | "saw">;
}

/** One that is late is waited for no more, nor asked again until it is answered. */
interface JobQuestion {
  readonly answer: Promise<Job>;
  late: boolean;
}

export class Inspector {
  readonly #deps: InspectorDependencies;
  readonly #questions = new Map<VmId, JobQuestion>();
  /** Of the domains that are here, as of the last listing. */
  #lastJobs = new Map<VmId, Job>();

  constructor(deps: InspectorDependencies) {
    this.#deps = deps;
  }

  /** Every domain. @throws as `LibvirtClient.call` */
  async list(): Promise<Domain[]> {
    const [all, persistent] = await Promise.all([this.#domains(0), this.#domains(ListFlags.persistent)]);
    const kept = new Set(persistent.map(({ uuid }) => uuid));
    const read = await mapInParallel(all, WIDTH, (dom) => this.#read(dom, kept.has(dom.uuid)));
    const domains = read.filter((domain) => domain !== null);
    this.#lastJobs = new Map(domains.map(({ vm, job }) => [vm, job]));
    return domains;
  }

  /** null: not here. @throws as `LibvirtClient.call` */
  async inspect(vm: VmId): Promise<Domain | null> {
    try {
      const dom = await this.find(vm);
      const persistent = await this.isPersistent(vm);
      return await this.#read(dom, persistent);
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.noDomain)) return null;
      throw error;
    }
  }

  /** @throws LibvirtError `noDomain`, or as `LibvirtClient.call` */
  async find(vm: VmId): Promise<LibvirtDomain> {
    return (await this.#deps.client.call("DomainLookupByUUID", { uuid: vm })).dom;
  }

  async isPersistent(vm: VmId): Promise<boolean> {
    return (await this.#domains(ListFlags.persistent)).some(({ uuid }) => uuid === vm);
  }

  /**
   * A domain that does not run has none. One that was never told may be the migration of an earlier process: to take
   * it for that is safe, to take it for none is not.
   */
  async job(dom: LibvirtDomain): Promise<Job> {
    const { uuid } = dom;
    if (this.#deps.migrates(uuid)) return "migrating-out";
    const question = this.#questions.get(uuid) ?? this.#askForJob(dom);
    const answer = question.late ? LATE : await within(this.#deps.clock, JOB_ANSWER_MS, question.answer);
    if (answer === LATE) question.late = true;
    else this.#lastJobs.set(uuid, answer);
    return answer === LATE ? this.#lastJob(uuid) : answer;
  }

  #lastJob(vm: VmId): Job {
    return this.#lastJobs.get(vm) ?? "migrating-out";
  }

  async #domains(flags: number): Promise<readonly LibvirtDomain[]> {
    return (await this.#deps.client.call("ConnectListAllDomains", { needResults: 1, flags })).domains;
  }

  #askForJob(dom: LibvirtDomain): JobQuestion {
    const answer = this.#jobOf(dom).finally(() => this.#questions.delete(dom.uuid));
    answer.catch(() => undefined); // those who wait hear of it
    const question = { answer, late: false };
    this.#questions.set(dom.uuid, question);
    return question;
  }

  async #jobOf(dom: LibvirtDomain): Promise<Job> {
    try {
      const options = { timeoutMs: WITHOUT_LIMIT };
      const { type, params } = await this.#deps.jobs.call("DomainGetJobStats", { dom }, options);
      if (type !== JobType.bounded && type !== JobType.unbounded) return "none";
      const operation = params.number("operation");
      if (operation === JobOperation.migrationIn) return "migrating-in";
      return operation === JobOperation.migrationOut ? "migrating-out" : "other";
    } catch (error) {
      // "migration statistics are available only on the source host"
      if (isLibvirtError(error, ErrorCode.operationUnsupported)) return "migrating-in";
      if (isLibvirtError(error, ErrorCode.operationInvalid)) return "none";
      if (isLibvirtError(error, ErrorCode.noSupport)) return "none";
      // libvirt waits 30 s for a QEMU that is held by another question
      if (isLibvirtError(error, ErrorCode.operationTimeout)) return this.#lastJob(dom.uuid);
      throw error;
    }
  }

  /** null: it went while it was read. */
  async #read(dom: LibvirtDomain, persistent: boolean): Promise<Domain | null> {
    const { client, lifecycle } = this.#deps;
    const heard = lifecycle.heard(dom.uuid);
    try {
      const [{ maxMem, nrVirtCpu }, stamp, job] = await Promise.all([
        client.call("DomainGetInfo", { dom }),
        this.#stamp(dom),
        this.job(dom),
      ]);
      const now = await this.#state(dom, job);
      const memory = Number((maxMem + KIB_PER_MIB - 1n) / KIB_PER_MIB);
      const domain = { vm: dom.uuid, name: dom.name, ...now, cpus: nrVirtCpu, memory, persistent, stamp };
      lifecycle.saw(domain, heard);
      return domain;
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.noDomain)) return null;
      throw error;
    }
  }

  async #state(dom: LibvirtDomain, job: Job): Promise<Pick<Domain, "state" | "pauseReason" | "job">> {
    const { state, reason } = await this.#deps.client.call("DomainGetState", { dom });
    if (state === LibvirtState.paused && reason === PausedReason.migration && job === "none") {
      // Between the two questions it may have begun, ended or gone: the job is asked once more.
      const again = await this.job(dom);
      const { state: later, reason: why } = await this.#deps.client.call("DomainGetState", { dom });
      return described(later, why, again);
    }
    return described(state, reason, job);
  }

  async #stamp(dom: LibvirtDomain): Promise<Stamp | null> {
    try {
      const args = { dom, type: MetadataType.element, uri: STAMP_NAMESPACE };
      const { metadata } = await this.#deps.client.call("DomainGetMetadata", args);
      const stamp = readStamp(metadata);
      if (stamp === null) this.#deps.report({ event: "stamp-unreadable", vm: dom.uuid });
      return stamp;
    } catch (error) {
      if (isLibvirtError(error, ErrorCode.noDomainMetadata)) return null;
      throw error;
    }
  }
}

/** The port's words for libvirt's state, reason and job. */
export function described(
  state: number,
  reason: number,
  job: Job,
): Pick<Domain, "state" | "pauseReason" | "job"> {
  const word = stateOf(state);
  const pauseReason = word === "paused" ? pauseReasonOf(state, reason, job) : null;
  if (word === "shutoff" || word === "crashed") return { state: word, pauseReason, job: "none" };
  // A guest that runs, or that waits for somebody to resume it, has arrived, though the daemon may still be at it.
  const arrived = job === "migrating-in" && pauseReason !== "migrating-in";
  return { state: word, pauseReason, job: arrived ? "none" : job };
}

function stateOf(state: number): DomainState {
  switch (state) {
    case LibvirtState.paused:
    case LibvirtState.pmSuspended:
      return "paused";
    case LibvirtState.shutoff:
      return "shutoff";
    case LibvirtState.crashed:
      return "crashed";
    default:
      return "running"; // also blocked, and on its way to power-off
  }
}

function pauseReasonOf(state: number, reason: number, job: Job): PauseReason {
  if (state !== LibvirtState.paused) return "other";
  if (reason === PausedReason.user) return "user";
  if (job === "migrating-in") return "migrating-in";
  switch (reason) {
    case PausedReason.migration:
      return job === "migrating-out" ? "migrating-out" : "post-migration";
    case PausedReason.unknown:
    case PausedReason.postcopyFailed:
      return "post-migration";
    default:
      return "other";
  }
}
