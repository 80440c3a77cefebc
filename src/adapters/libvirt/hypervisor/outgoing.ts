/**
 * Migrations from this host, each over a connection of its own: the call lasts as long as the migration, and a QEMU
 * that hangs holds up nobody else. libvirt goes on with a peer-to-peer migration when its caller's connection ends.
 *
 *   connecting ──► performing ──► ended: done, aborted, failed, unreachable, unknown
 *                      │ timeout, abort              ▲
 *                      └──► aborting ────────────────┘   (unknown when libvirt has not let go a minute later)
 *
 * Guests arrive paused. libvirt 9.0 that loses the destination after the source's processors have stopped (a network
 * cut, a libvirtd that dies there) takes it for a failure and resumes the guest at the source, though it may run at
 * the destination already: without `paused` it then ran twice, nearly every time that it was tried.
 */
import type { HypervisorCommand, HypervisorOutcome, MigrationProgress } from "../../../hypervisor/command.ts";
import type { Instant, Millis } from "../../../lib/instant.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import {
  ErrorCode,
  ErrorDomain,
  isLibvirtError,
  JobOperation,
  JobType,
  type LibvirtConnection,
  type Domain as LibvirtDomain,
  LibvirtError,
  DomainState as LibvirtState,
  MigrateFlags,
  MigrateParam,
  type TypedParam,
  type TypedParams,
} from "../index.ts";
import { DONE, failed, inTime, outcomeOf, Refusal } from "./failures.ts";
import type { MigrationOptions } from "./settings.ts";
import { after, type Clock, LATE, within } from "./waiting.ts";

export type MigrateCommand = Extract<HypervisorCommand, { kind: "migrate" }>;
export type OnProgress = (progress: MigrationProgress) => void;

/** Each takes one of the daemon's workers (20 by default) for as long as it lasts. */
const MIGRATIONS_MAX = 8;
const PROGRESS_MS: Millis = 1_000;
/** How long libvirt may take to let go of a migration that was told to end. */
const LETTING_GO_MS: Millis = 60_000;
/** An abort that comes before the job has begun is tried again for so long. */
const ABORT_MS: Millis = 5_000;
const ABORT_AGAIN_MS: Millis = 100;
/** The longest that the client takes; the migration's own timeout is ours. */
const WITHOUT_LIMIT: Millis = 2_147_483_647;
const MIB = 1_048_576n;

export interface OutgoingDependencies {
  readonly connect: () => Promise<LibvirtConnection>;
  readonly clock: Clock;
  /** The source's domain began or ended to migrate. */
  readonly changed: (vm: VmId) => void;
}

interface Outgoing {
  readonly listeners: Set<OnProgress>;
  readonly ended: AbortController;
  readonly outcome: Promise<HypervisorOutcome>;
  performing: { readonly connection: LibvirtConnection; readonly dom: LibvirtDomain } | null;
  /** libvirt took an abort of it. */
  aborted: boolean;
}

export class OutgoingMigrations {
  readonly #deps: OutgoingDependencies;
  readonly #options: MigrationOptions;
  readonly #byVm = new Map<VmId, Outgoing>();

  constructor(deps: OutgoingDependencies, options: MigrationOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  has(vm: VmId): boolean {
    return this.#byVm.has(vm);
  }

  /** Never rejects. */
  async run(command: MigrateCommand, onProgress: OnProgress, by?: Instant): Promise<HypervisorOutcome> {
    const { vm } = command;
    if (this.has(vm)) return failed("failed", "another migration of the domain is under way");
    if (this.#byVm.size >= MIGRATIONS_MAX)
      return failed("failed", `${MIGRATIONS_MAX} migrations are under way`);
    const { promise: outcome, resolve } = Promise.withResolvers<HypervisorOutcome>();
    const listeners = new Set([onProgress]);
    const ended = new AbortController();
    const outgoing: Outgoing = { listeners, ended, outcome, performing: null, aborted: false };
    this.#byVm.set(vm, outgoing);
    resolve(await this.#move(command, outgoing, by).catch((error) => migrationOutcome(error, outgoing)));
    this.#byVm.delete(vm);
    this.#deps.changed(vm);
    return outcome;
  }

  /** The end of a migration that `run` has begun; null: there is none. */
  join(vm: VmId, onProgress: OnProgress): Promise<HypervisorOutcome> | null {
    const outgoing = this.#byVm.get(vm);
    outgoing?.listeners.add(onProgress);
    return outgoing?.outcome ?? null;
  }

  /** null: `run` has begun none. @throws as `LibvirtConnection.call` */
  async abort(vm: VmId): Promise<HypervisorOutcome | null> {
    const outgoing = this.#byVm.get(vm);
    if (outgoing === undefined) return null;
    const { clock } = this.#deps;
    const end = clock.now() + ABORT_MS;
    while (!outgoing.ended.signal.aborted && clock.now() < end) {
      if (await tryToAbort(outgoing)) return DONE;
      await after(clock, ABORT_AGAIN_MS, outgoing.ended.signal);
    }
    return failed("failed", "the migration could not be aborted: it is too far, or at its end");
  }

  async #move(
    command: MigrateCommand,
    outgoing: Outgoing,
    by: Instant | undefined,
  ): Promise<HypervisorOutcome> {
    const { vm, policy } = command;
    const connection = await this.#deps.connect();
    const cancelTimeout = this.#abortAfter(vm, policy.timeoutMs);
    try {
      return await this.#perform(connection, command, outgoing, by);
    } finally {
      cancelTimeout();
      outgoing.ended.abort();
      await connection.close();
    }
  }

  async #perform(
    connection: LibvirtConnection,
    command: MigrateCommand,
    outgoing: Outgoing,
    by: Instant | undefined,
  ): Promise<HypervisorOutcome> {
    const { vm, policy } = command;
    const { dom } = await connection.call("DomainLookupByUUID", { uuid: vm });
    const { state } = await connection.call("DomainGetState", { dom });
    if (state !== LibvirtState.running && state !== LibvirtState.blocked)
      throw new Refusal("invalid", "the domain is not running");
    const options = { timeoutMs: WITHOUT_LIMIT, ...inTime(this.#deps.clock, by) };
    const performed = connection.call("DomainMigratePerform3Params", this.#arguments(dom, command), options);
    outgoing.performing = { connection, dom };
    this.#deps.changed(vm);
    follow(this.#deps.clock, connection, dom, outgoing).catch(() => undefined); // the call itself tells what is wrong
    const ended = await within(this.#deps.clock, policy.timeoutMs + LETTING_GO_MS, performed);
    if (ended === LATE) throw new Refusal("unknown", "libvirt has not let go of the migration");
    return DONE;
  }

  #abortAfter(vm: VmId, timeoutMs: Millis): () => void {
    const { clock } = this.#deps;
    const abort = (): void => {
      this.abort(vm).catch(() => undefined); // the call itself tells how it ended
    };
    return clock.at(clock.now() + timeoutMs, abort);
  }

  #arguments(dom: LibvirtDomain, { uri, policy, persistent }: MigrateCommand) {
    const { autoConverge = true, tls = false, unsafe = false } = this.#options;
    const bandwidth = BigInt(policy.bandwidthMibPerSecond);
    const params: TypedParam[] =
      bandwidth > 0n ? [{ field: MigrateParam.bandwidth, type: "ullong", value: bandwidth }] : [];
    const flags =
      MigrateFlags.live |
      MigrateFlags.peerToPeer |
      MigrateFlags.abortOnError |
      MigrateFlags.paused |
      (persistent ? MigrateFlags.persistDestination | MigrateFlags.undefineSource : 0) |
      (autoConverge ? MigrateFlags.autoConverge : 0) |
      (tls ? MigrateFlags.tls : 0) |
      (unsafe ? MigrateFlags.unsafe : 0);
    return { dom, dconnuri: uri, params, cookieIn: Buffer.alloc(0), flags };
  }
}

/** false: the job has not begun yet. */
async function tryToAbort(outgoing: Outgoing): Promise<boolean> {
  const { performing } = outgoing;
  if (performing === null) return false;
  try {
    await performing.connection.call("DomainAbortJob", { dom: performing.dom });
    outgoing.aborted = true;
    return true;
  } catch (error) {
    if (isLibvirtError(error, ErrorCode.operationInvalid)) return false;
    throw error;
  }
}

/** Tells the listeners how far it is, until it has ended. */
async function follow(
  clock: Clock,
  connection: LibvirtConnection,
  dom: LibvirtDomain,
  { listeners, ended: { signal } }: Outgoing,
): Promise<void> {
  for (;;) {
    await after(clock, PROGRESS_MS, signal);
    if (signal.aborted) return;
    const progress = await progressOf(connection, dom);
    if (progress !== null && !signal.aborted) for (const listener of listeners) listener(progress);
  }
}

/** null: no migration from here is under way. @throws as `LibvirtConnection.call` */
export async function progressOf(
  connection: LibvirtConnection,
  dom: LibvirtDomain,
): Promise<MigrationProgress | null> {
  const options = { timeoutMs: WITHOUT_LIMIT };
  const { type, params } = await connection.call("DomainGetJobStats", { dom }, options);
  if (type !== JobType.bounded && type !== JobType.unbounded) return null;
  if (params.number("operation") !== JobOperation.migrationOut) return null;
  const totalMib = mib(params, "memory_total");
  return {
    elapsedMs: amount(params, "time_elapsed"),
    totalMib,
    remainingMib: Math.min(totalMib, mib(params, "memory_remaining")),
    iterations: amount(params, "memory_iteration"),
  };
}

const amount = (params: TypedParams, field: string): number => params.number(field) ?? 0;
const mib = (params: TypedParams, field: string): number =>
  Number(((params.bigint(field) ?? 0n) + MIB - 1n) / MIB);

/** How libvirt says that there is nobody at the other side, where it has no code for it. */
const UNREACHABLE =
  /unable to connect|cannot recv data|end of file|keepalive|client socket is closed|hangup|lost connection/i;

/** The way to the destination, or the destination's daemon, is lost. */
function isOfTheWay(error: unknown): error is LibvirtError {
  if (!(error instanceof LibvirtError) || error.code === ErrorCode.operationAborted) return false;
  const { code, domain, message } = error;
  const codes: readonly number[] = [ErrorCode.noConnect, ErrorCode.systemError, ErrorCode.rpc];
  return codes.includes(code) || domain === ErrorDomain.rpc || UNREACHABLE.test(message);
}

function migrationOutcome(error: unknown, { aborted }: Outgoing): HypervisorOutcome {
  // what libvirt says of an aborted job depends on the step that it interrupted
  if (aborted && error instanceof LibvirtError) return failed("aborted", error.message);
  if (isOfTheWay(error)) return failed("unreachable", error.message);
  if (error instanceof LibvirtError && /already (?:active|exists)/.test(error.message))
    return failed("exists", error.message);
  return outcomeOf(error);
}
