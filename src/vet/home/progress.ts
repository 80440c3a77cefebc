import type { Failure } from "../../lib/error.ts";
import { type Instant, type Millis, minutes, seconds } from "../../lib/instant.ts";
import type { OperationKind, OperationLog, OperationName } from "../../model/operation.ts";
import type { VeRecord, VmRecord } from "../lifecycle/record.ts";

/** Placing and adopting that have not succeeded by then are told to have timed out; they go on all the same. */
const PATIENCE_MS: Millis = minutes(10);
/** Beyond the guests' grace. */
const STOP_PATIENCE_MS: Millis = seconds(120);

export interface Seen {
  readonly silence: (vm: VmRecord) => string | null;
  readonly lost: (vm: VmRecord) => boolean;
  readonly waitingFor: string | null;
}

interface Running {
  readonly name: OperationName;
  readonly kind: OperationKind;
  readonly deadline: Instant;
}

/** The one operation an operator may have under way on a VE: when it is done, and when it is said to have failed. */
export class Progress {
  readonly #log: OperationLog;
  #running: Running | null = null;
  #said = "";

  constructor(deps: { readonly operations: OperationLog }) {
    this.#log = deps.operations;
  }

  get operation(): OperationName | null {
    return this.#running?.name ?? null;
  }

  get kind(): OperationKind | null {
    return this.#running?.kind ?? null;
  }

  /** A verb that ends what was under way (stop, delete) calls the earlier operation off. */
  begin(kind: OperationKind, record: VeRecord, reason: string, now: Instant): OperationName {
    this.#end("superseded", { code: "cancelled", message: `superseded by ${kind}`, changed: true }, now);
    const patience =
      kind === "ve-stop" || kind === "ve-delete" ? record.graceMs + STOP_PATIENCE_MS : PATIENCE_MS;
    const name = this.#log.begin(kind, record.name, reason, now);
    this.#running = { name, kind, deadline: now + patience };
    return name;
  }

  /**
   * Compares the operation with the record: done, still going on, or as far as it gets.
   * `silence`: why nothing is known of a VM just now; `lost`: because its host is not there.
   */
  follow(record: VeRecord, seen: Seen, now: Instant): void {
    if (this.#running === null) return;
    const open = record.vms.filter((vm) => !settled(vm, record));
    const lost = record.vms.filter(seen.lost);
    const silent = record.vms.flatMap((vm) => {
      const why = seen.silence(vm);
      return why === null ? [] : [`${vm.name} is unknown: ${why}`];
    });
    if (open.length === 0 && silent.length === 0) return this.#end(summary(record), null, now);
    if (lost.length > 0 && open.every(seen.lost)) return this.#partly(silent, now);
    if (now >= this.#running.deadline) return this.#late(record, open, silent, now);
    this.#say(record, record.vms.length - open.length, silent[0] ?? seen.waitingFor);
  }

  unplaceable(record: VeRecord, reason: string, now: Instant): void {
    if (this.#running === null || this.#running.kind === "ve-stop" || this.#running.kind === "ve-delete")
      return;
    const message = `${record.name} is accepted and waits for room`;
    const hint = `discoveryctl ve show ${record.name}`;
    this.#end(message, { code: "unplaceable", message, reason, hint, changed: true }, now);
  }

  deleted(now: Instant): void {
    this.#end("deleted", null, now);
  }

  /** The VE's home moves: its new home goes on, and this agent can say no more. */
  leave(why: string, now: Instant): void {
    this.#end(why, null, now);
  }

  #partly(silent: readonly string[], now: Instant): void {
    const message = silent.slice(0, 3).join("; ");
    const hint = "nothing unknown is started elsewhere; it goes on when the host answers";
    this.#end(message, { code: "partial", message, hint, changed: true }, now);
  }

  #late(record: VeRecord, open: readonly VmRecord[], silent: readonly string[], now: Instant): void {
    if (silent.length > 0) return this.#partly(silent, now);
    const names = open.slice(0, 5).map(({ name, state }) => `${name} is ${state}`);
    const message = `${record.name}: ${names.join(", ")}`;
    const reason = "it goes on, but not within the time that operations have";
    this.#end(message, { code: "timed-out", message, reason, changed: true }, now);
  }

  #say(record: VeRecord, done: number, why: string | null): void {
    const running = this.#running;
    const message = `${done} of ${record.vms.length} VMs${why === null ? "" : `; ${why}`}`;
    if (running === null || message === this.#said) return;
    this.#said = message;
    this.#log.progress(running.name, message, { done, total: record.vms.length });
  }

  #end(message: string, failure: Failure | null, now: Instant): void {
    const running = this.#running;
    this.#running = null;
    this.#said = "";
    if (running !== null) this.#log.end(running.name, message, failure, now);
  }
}

/** Whether nothing is under way with the VM. */
function settled(vm: VmRecord, record: VeRecord): boolean {
  if (record.deleting || vm.next === "forget") return false;
  return vm.state === "running" || vm.state === "stopped";
}

function summary({ vms }: VeRecord): string {
  const running = vms.filter(({ state }) => state === "running").length;
  return `${running} of ${vms.length} VMs run`;
}
