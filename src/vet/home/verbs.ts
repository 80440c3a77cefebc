/** What users' verbs do to a VE at its home: checked against the lifecycle table, made durable, answered. */
import { type Failure, fail, ok } from "../../lib/error.ts";
import type { OperationKind } from "../../model/operation.ts";
import type { VeCommand } from "../commands.ts";
import type { Respond, VetDependencies } from "../dependencies.ts";
import { type Change, difference, needsRestart } from "../lifecycle/difference.ts";
import type { VeManifest } from "../lifecycle/manifest.ts";
import type { VeRecord } from "../lifecycle/record.ts";
import { actionFor, wantedOf } from "../lifecycle/table.ts";
import {
  applyManifest,
  DEFAULT_GRACE_MS,
  placeAll,
  removeAll,
  stopAnew,
  withDesired,
} from "../lifecycle/transitions.ts";
import { validateManifest, warningsOf, writablePaths } from "../lifecycle/validate.ts";
import type { VetTurn } from "../notifications.ts";
import type { VeAnswer } from "../views.ts";
import type { VeHandler } from "./handler.ts";

export type Apply = Extract<VeCommand, { type: "ve.apply" }>;
type Start = Extract<VeCommand, { type: "ve.start" }>;
type End = Extract<VeCommand, { type: "ve.stop" | "ve.delete" }>;

export class Verbs {
  readonly #deps: VetDependencies;
  readonly #newId: () => string;

  constructor(deps: VetDependencies, newId: () => string) {
    this.#deps = deps;
    this.#newId = newId;
  }

  apply(handler: VeHandler, command: Apply, respond: Respond, turn: VetTurn): void {
    const { record } = handler;
    const { manifest, dryRun = false } = command;
    const changes = difference(record.manifest, manifest);
    const refusal = this.#applyRefusal(handler, command, changes);
    if (refusal !== null) return respond(fail(refusal), turn);
    const warnings = warningsOf(manifest, this.#deps.members());
    if (changes.length === 0 || dryRun) {
      const operation = dryRun ? null : handler.progress.operation;
      return respond(ok(answer(record, { changes, warnings, operation })), turn);
    }
    const next = applyManifest(record, manifest, this.#newId);
    const reason = command.reason ?? "";
    this.#carryOut(handler, next, { kind: "ve-apply", reason, changes, warnings }, respond, turn);
  }

  start(handler: VeHandler, command: Start, respond: Respond, turn: VetTurn): void {
    const { record } = handler;
    const refusal = startRefusal(handler);
    if (refusal !== null) return respond(fail(refusal), turn);
    const next = placeAll(withDesired(record, "running"));
    this.#proceed(handler, next, { kind: "ve-start", reason: command.reason ?? "" }, respond, turn);
  }

  stop(handler: VeHandler, command: End, respond: Respond, turn: VetTurn): void {
    const { record } = handler;
    const graceMs = command.graceMs ?? DEFAULT_GRACE_MS;
    const keep = actionFor(record, "stop") === "keep";
    const next = keep ? record : { ...stopAnew(record), graceMs };
    this.#proceed(handler, next, { kind: "ve-stop", reason: command.reason ?? "" }, respond, turn);
  }

  remove(handler: VeHandler, command: End, respond: Respond, turn: VetTurn): void {
    const { record } = handler;
    const graceMs = command.graceMs ?? DEFAULT_GRACE_MS;
    const next = record.deleting ? record : { ...removeAll(record), graceMs };
    const released = record.adopted ? ["adopted VMs are released: unstamped, and left as they are"] : [];
    const change = { kind: "ve-delete", reason: command.reason ?? "", warnings: released } as const;
    this.#proceed(handler, next, change, respond, turn);
  }

  /** Why a new VE of this manifest cannot be made, or null. */
  creationRefusal({ manifest, ifGeneration }: Apply): Failure | null {
    if (ifGeneration !== undefined && ifGeneration !== 0)
      return {
        code: "conflict",
        message: `${manifest.name} does not exist`,
        reason: `generation ${ifGeneration} was expected`,
      };
    return validateManifest(manifest) ?? this.#sharedDisk(manifest);
  }

  #applyRefusal(handler: VeHandler, command: Apply, changes: readonly Change[]): Failure | null {
    const { record } = handler;
    const { manifest, ifGeneration, dryRun = false } = command;
    if (ifGeneration !== undefined && ifGeneration !== record.generation)
      return outdated(record, ifGeneration);
    if (actionFor(record, "apply") === "refuse") return deleting(record);
    const invalid = validateManifest(manifest) ?? this.#sharedDisk(manifest);
    if (invalid !== null) return invalid;
    if (changes.length === 0) return null;
    if (record.adopted && changes.some(({ path }) => path.startsWith("vms."))) return adoptedVms(record);
    if (record.adopted && changes.some(({ effect }) => effect === "start")) return adoptedStart(record);
    if (dryRun) return null;
    if (needsRestart(changes) && command.allowRestart !== true) return restartNeeded(record, changes);
    return busy(handler);
  }

  /** Two VEs of this home that write to one disk: refused. Other homes' VEs are not known here. */
  #sharedDisk(manifest: VeManifest): Failure | null {
    const paths = new Set(writablePaths(manifest));
    if (paths.size === 0) return null;
    for (const other of this.#deps.registry.held()) {
      const path =
        other.name === manifest.name
          ? undefined
          : writablePaths(other.manifest).find((each) => paths.has(each));
      if (path === undefined) continue;
      return {
        code: "conflict",
        message: `${manifest.name} would write to ${path}`,
        reason: `${other.name} does already`,
      };
    }
    return null;
  }

  /** Nothing to change is an answer, too. */
  #proceed(
    handler: VeHandler,
    next: VeRecord,
    what: { readonly kind: OperationKind; readonly reason: string; readonly warnings?: readonly string[] },
    respond: Respond,
    turn: VetTurn,
  ): void {
    const { record, progress } = handler;
    const warnings = what.warnings ?? [];
    if (unchanged(record, next))
      return respond(ok(answer(record, { warnings, operation: progress.operation })), turn);
    const changes = next.deleting ? [] : difference(record.manifest, next.manifest);
    this.#carryOut(handler, next, { ...what, changes, warnings }, respond, turn);
  }

  #carryOut(
    handler: VeHandler,
    next: VeRecord,
    what: {
      readonly kind: OperationKind;
      readonly reason: string;
      readonly changes: readonly Change[];
      readonly warnings: readonly string[];
    },
    respond: Respond,
    turn: VetTurn,
  ): void {
    const after = handler.change(next, turn);
    const operation = handler.progress.begin(what.kind, next, what.reason, turn.now);
    const { name: ve, generation } = next;
    turn.notify({ kind: "ve-changed", ve, generation, verb: what.kind, reason: what.reason });
    const { changes, warnings } = what;
    respond(ok({ ...answer(next, { changes, warnings, operation }), changed: true }), turn, after);
    handler.advance(turn);
  }
}

export function answer(
  record: VeRecord,
  more: Partial<Pick<VeAnswer, "changes" | "warnings" | "operation" | "changed">>,
): VeAnswer {
  const { name, generation } = record;
  return { name, generation, changed: false, changes: [], warnings: [], operation: null, ...more };
}

function unchanged(before: VeRecord, after: VeRecord): boolean {
  if (before.deleting !== after.deleting || before.generation !== after.generation) return false;
  return before.vms.length === after.vms.length && before.vms.every((vm, n) => vm === after.vms[n]);
}

function startRefusal(handler: VeHandler): Failure | null {
  const { record } = handler;
  if (actionFor(record, "start") === "refuse") return deleting(record);
  if (record.adopted && record.vms.some(({ state }) => state === "stopped" || state === "stopping"))
    return adoptedStart(record);
  return unchanged(record, placeAll(withDesired(record, "running"))) ? null : busy(handler);
}

function busy({ record, progress }: VeHandler): Failure | null {
  if (progress.operation === null) return null;
  return {
    code: "conflict",
    message: `an operation on ${record.name} is under way`,
    reason: `${progress.kind} ${progress.operation}`,
    hint: `discoveryctl op wait ${progress.operation}; stop and delete do not wait for it`,
  };
}

function outdated(record: VeRecord, expected: number): Failure {
  const { name, generation } = record;
  const reason = `it is at generation ${generation}, ${expected} was expected`;
  return {
    code: "conflict",
    message: `${name} was changed meanwhile`,
    reason,
    hint: `discoveryctl ve show ${name}`,
  };
}

function deleting(record: VeRecord): Failure {
  return {
    code: "conflict",
    message: `${record.name} is being deleted`,
    reason: `it is ${wantedOf(record)}`,
  };
}

function restartNeeded(record: VeRecord, changes: readonly Change[]): Failure {
  const paths = changes
    .filter(({ effect }) => effect === "restart" || effect === "recreate")
    .map(({ path }) => path);
  return {
    code: "unsafe",
    message: `${record.name} would be restarted`,
    reason: `${paths.slice(0, 5).join(", ")} only take hold at a start`,
    hint: "allow it with --allow-restart",
  };
}

function adoptedVms(record: VeRecord): Failure {
  const message = `${record.name} is adopted: its VMs are not changed yet`;
  return { code: "not-yet", message, hint: "labels, priority, rules, balancing, migration and drain can be" };
}

function adoptedStart(record: VeRecord): Failure {
  const message = `${record.name} is adopted: its stopped VMs are not started yet`;
  return { code: "not-yet", message, hint: "start them with virsh on their host" };
}
