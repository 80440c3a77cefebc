import type { PeerCommand } from "../agent/commands.ts";
import type { ControlMessage } from "../agent/messages.ts";
import { ERROR_CODES, type ErrorCode, type Failure, fail, ok, type Result } from "../lib/error.ts";
import type { AdoptedDomain } from "../vet/commands.ts";
import { MANIFEST, VE_RECORD } from "./environments.ts";
import { COUNTS } from "./limits.ts";
import { object, optional, union, type Variants } from "./object.ts";
import { DATA } from "./record.ts";
import { BOOLEAN, choice, list, named, noted, nullable, type Schema } from "./schema.ts";
import { AMOUNT, COUNTER, MILLIS, NAME, NODE_ID, PROSE, STAMP, TEXT, VE_NAME, VM_ID } from "./vocabulary.ts";

const MODE = choice("auto", "recommend", "manual");
const HOST = noted(NAME, "a host's name or node id");
const VM = noted(NAME, "a domain's name, `<ve>.<vm>`, or a VM id");
const REASON = optional(PROSE);
const NO_FIELDS = {};

const ADOPTED_DOMAIN = object<AdoptedDomain>("AdoptedDomain", {
  id: VM_ID,
  name: NAME,
  cpus: AMOUNT,
  memory: noted(AMOUNT, "MiB"),
});

type Report = Extract<PeerCommand, { type: "vet.report" }>;

const COMMAND = union<PeerCommand, "type">("Command", "type", {
  "ve.apply": {
    about: "Makes a VE, or changes it.",
    fields: {
      manifest: MANIFEST,
      ifGeneration: optional(COUNTER),
      allowRestart: optional(BOOLEAN),
      dryRun: optional(BOOLEAN),
      reason: REASON,
    },
  },
  "ve.list": { about: "All VEs.", fields: NO_FIELDS },
  "ve.show": { about: "One VE.", fields: { name: VE_NAME } },
  "ve.export": { about: "Its manifest.", fields: { name: VE_NAME } },
  "ve.start": { about: "It shall run.", fields: { name: VE_NAME, reason: REASON } },
  "ve.stop": {
    about: "It shall stop.",
    fields: { name: VE_NAME, graceMs: optional(MILLIS), reason: REASON },
  },
  "ve.delete": {
    about: "It shall be gone.",
    fields: { name: VE_NAME, graceMs: optional(MILLIS), reason: REASON },
  },
  "ve.adopt": {
    about: "Makes running, unmanaged domains a VE.",
    fields: { name: VE_NAME, host: optional(HOST), domains: list(NAME, COUNTS.veVms), reason: REASON },
  },
  "vet.holds": {
    about: "Does your agent hold a record of that name?",
    fields: { name: VE_NAME, claim: noted(BOOLEAN, "the asker may create it") },
  },
  "vet.transfer": {
    about: "Take this record over.",
    fields: { record: VE_RECORD, number: COUNTER, floor: COUNTER, told: list(NODE_ID, COUNTS.told) },
  },
  "vet.floor": {
    about: "Which is your oldest transfer to me that you have not seen acknowledged?",
    fields: NO_FIELDS,
  },
  "vet.circle": {
    about: "Whom do you know, and do you hold something that would rather be mine?",
    fields: NO_FIELDS,
  },
  "vet.report": {
    about: "Host → home: these VMs of your VE are here, all of them.",
    fields: {
      ve: VE_NAME,
      life: TEXT,
      vms: list(object<Report["vms"][number]>("ReportedVm", { id: VM_ID, state: TEXT }), COUNTS.veVms),
    },
  },
  "vet.look": {
    about: "Home → host: what do you know of these VMs?",
    fields: { vms: list(VM_ID, COUNTS.veVms) },
  },
  "vet.stop-vm": {
    about: "Home → host: stop it, if an earlier generation started it.",
    fields: { ve: VE_NAME, vm: VM_ID, before: COUNTER, graceMs: MILLIS },
  },
  "vet.stamp-vm": {
    about: "Home → host: write its stamp, or remove it.",
    fields: { ve: VE_NAME, vm: VM_ID, stamp: nullable(STAMP) },
  },
  "vet.adopt-into": {
    about: "Host → home: make these domains of mine a VE.",
    fields: { name: VE_NAME, domains: list(ADOPTED_DOMAIN, COUNTS.veVms), reason: PROSE },
  },
  "host.list": { about: "All hosts.", fields: NO_FIELDS },
  "host.show": { about: "One host.", fields: { host: HOST } },
  "host.rtt": { about: "How far the others are.", fields: NO_FIELDS },
  "host.drain": {
    about: "Empty it.",
    fields: { host: HOST, dryRun: optional(BOOLEAN), reason: REASON },
  },
  "host.restore": { about: "Use it again.", fields: { host: HOST, reason: REASON } },
  "vm.list": { about: "All VMs.", fields: NO_FIELDS },
  "vm.show": { about: "One VM.", fields: { vm: VM } },
  "vm.migrate": { about: "Move it.", fields: { vm: VM, to: optional(HOST), reason: REASON } },
  "vm.history": { about: "What happened to it.", fields: { vm: VM } },
  "explain.vm": { about: "Why it is where it is.", fields: { vm: VM } },
  "balance.status": { about: "What balancing does.", fields: NO_FIELDS },
  "balance.mode": { about: "What balancing may do, everywhere.", fields: { mode: MODE } },
  "op.list": { about: "Long work.", fields: NO_FIELDS },
  "op.show": { about: "One operation.", fields: { name: NAME } },
  "op.cancel": { about: "Call it off.", fields: { name: NAME } },
  status: { about: "How this agent is.", fields: NO_FIELDS },
  doctor: { about: "What is wrong with it.", fields: NO_FIELDS },
  capture: {
    about: "All of it as a problem of the solver, as if some hosts were to be emptied or gone.",
    fields: {
      drain: optional(list(HOST, COUNTS.partitionHosts)),
      down: optional(list(HOST, COUNTS.partitionHosts)),
    },
  },
  "agent.host": { about: "A member's own part: how its host is.", fields: NO_FIELDS },
  "agent.vms": { about: "Its VMs.", fields: NO_FIELDS },
  "agent.find-vm": { about: "Whether it has that VM.", fields: { vm: VM } },
  "agent.operations": { about: "Its operations.", fields: NO_FIELDS },
  "agent.rtt": { about: "How far the others are from it.", fields: NO_FIELDS },
  "agent.environments": { about: "The VEs whose home it is.", fields: NO_FIELDS },
  "agent.snapshot": { about: "Its snapshot.", fields: NO_FIELDS },
  "agent.capture": { about: "Its part of a capture.", fields: NO_FIELDS },
  "agent.reasons": { about: "Its reasons.", fields: NO_FIELDS },
  "agent.set-mode": { about: "Its balancing mode.", fields: { mode: MODE } },
});

const FAILURE = object<Failure>("Failure", {
  code: choice(...(Object.keys(ERROR_CODES) as ErrorCode[])),
  message: PROSE,
  reason: optional(PROSE),
  hint: optional(PROSE),
  changed: optional(BOOLEAN),
});

/** A result on the wire; which of the two is there depends on `ok`. */
interface ResultParts {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly failure?: Failure;
}

const RESULT_PARTS = object<ResultParts>("Result", {
  ok: BOOLEAN,
  value: optional(noted(DATA, "there when `ok`")),
  failure: optional(noted(named("Failure", FAILURE), "there when not `ok`")),
});

/** `undefined` as a value arrives as null. */
const RESULT: Schema<Result<unknown>> = {
  shape: RESULT_PARTS.shape,
  write: (writer, result) => {
    const parts = result.ok ? { ok: true, value: result.value ?? null } : result;
    RESULT_PARTS.write(writer, parts);
  },
  read: (reader) => {
    const { ok: good, value, failure } = RESULT_PARTS.read(reader);
    if (good && value !== undefined && failure === undefined) return ok(value);
    if (!good && value === undefined && failure !== undefined) return fail(failure);
    return reader.refuse("has not what its `ok` says");
  },
};

export const CONTROL: Variants<ControlMessage, "type"> = {
  "control.ask": {
    about: "One agent asks another to carry out a command, at least once, under one id.",
    fields: {
      id: COUNTER,
      life: noted(COUNTER, "the receiver's incarnation as the sender knows it"),
      command: COMMAND,
    },
  },
  "control.answer": {
    about: "Answers the ask whose `id` is `re`.",
    fields: { re: COUNTER, result: RESULT },
  },
};
