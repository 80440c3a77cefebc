/** Follows a migration that an earlier process of this agent began, over a connection of its own, to its end. */
import type { HypervisorOutcome, MigrationProgress } from "../../../hypervisor/command.ts";
import type { Millis } from "../../../lib/instant.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import {
  ErrorCode,
  isLibvirtError,
  type LibvirtConnection,
  type Domain as LibvirtDomain,
  DomainState as LibvirtState,
  LifecycleDetail,
  LifecycleEvent,
  ShutoffReason,
} from "../index.ts";
import { DONE, failed } from "./failures.ts";
import { type OnProgress, progressOf } from "./outgoing.ts";
import { after, type Clock } from "./waiting.ts";

const LOOK_MS: Millis = 500;
/** How long the event of an end may lag behind the end. */
const EVENT_MS: Millis = 2_000;

/** @throws as `LibvirtConnection.call`; a connection that ends means that the end is not known */
export async function awaitMigration(
  connection: LibvirtConnection,
  clock: Clock,
  vm: VmId,
  onProgress: OnProgress,
): Promise<HypervisorOutcome> {
  const stop = new Stop(connection, vm);
  await connection.subscribe("lifecycle");
  const { dom } = await connection.call("DomainLookupByUUID", { uuid: vm });
  if ((await progressIfThere(connection, dom)) === null)
    return failed("invalid", "no migration of the domain is under way");
  const over = stop.heard;
  while (!over.aborted) {
    await after(clock, LOOK_MS, over);
    if (over.aborted) break;
    const progress = await progressIfThere(connection, dom);
    if (progress === null) break;
    if (progress !== "unanswered") onProgress(progress);
  }
  return (await whatIsLeft(connection, dom)) ?? (await stop.outcome(clock));
}

/** The domain's last stop, as the daemon tells it. */
class Stop {
  readonly #controller = new AbortController();
  detail: number | null = null;

  constructor(connection: LibvirtConnection, vm: VmId) {
    connection.on("event", (event) => {
      if (event.kind !== "lifecycle" || event.dom.uuid !== vm) return;
      if (event.event !== LifecycleEvent.stopped) return;
      this.detail = event.detail;
      this.#controller.abort();
    });
  }

  get heard(): AbortSignal {
    return this.#controller.signal;
  }

  async outcome(clock: Clock): Promise<HypervisorOutcome> {
    if (this.detail === null) await after(clock, EVENT_MS, this.heard);
    if (this.detail === LifecycleDetail.stopped.migrated) return DONE;
    return this.detail === null
      ? failed("unknown", "the domain is gone, and nothing was heard of its end")
      : failed("failed", "the domain ended during its migration");
  }
}

/** null: no migration from here is under way. Unanswered: its QEMU is held by another question, or hangs. */
async function progressIfThere(
  connection: LibvirtConnection,
  dom: LibvirtDomain,
): Promise<MigrationProgress | null | "unanswered"> {
  try {
    return await progressOf(connection, dom);
  } catch (error) {
    const { noDomain, operationInvalid, operationUnsupported } = ErrorCode; // the last: it migrates here, not away
    const none = [noDomain, operationInvalid, operationUnsupported].some((code) =>
      isLibvirtError(error, code),
    );
    if (none) return null;
    if (isLibvirtError(error, ErrorCode.operationTimeout)) return "unanswered";
    throw error;
  }
}

/** null: nothing that runs or could run. */
async function whatIsLeft(
  connection: LibvirtConnection,
  dom: LibvirtDomain,
): Promise<HypervisorOutcome | null> {
  try {
    const { state, reason } = await connection.call("DomainGetState", { dom });
    if (state === LibvirtState.shutoff) return reason === ShutoffReason.migrated ? DONE : null;
    if (state !== LibvirtState.running && state !== LibvirtState.blocked)
      return failed("unknown", "the migration has ended and the guest is paused here");
    return failed("failed", "the migration has ended and the guest is still here");
  } catch (error) {
    if (isLibvirtError(error, ErrorCode.noDomain)) return null;
    throw error;
  }
}
