/**
 * Where a command about a name is carried out: here if the record is here, else at its home. The home of a name
 * whose record it does not have asks everybody for it: another holder gets the command; with nobody holding it,
 * `apply` and `adopt` create it; with somebody silent who could hold it, nothing is done, and that is said.
 */
import { type Failure, fail, ok, type Result } from "../../lib/error.ts";
import type { NodeId } from "../../model/node.ts";
import type { VeName } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { VeCommand, VetCommand } from "../commands.ts";
import type { Found, Respond, VetDependencies } from "../dependencies.ts";
import { difference } from "../lifecycle/difference.ts";
import { handlerId } from "../lifecycle/identifiers.ts";
import type { VeManifest } from "../lifecycle/manifest.ts";
import type { VeRecord } from "../lifecycle/record.ts";
import { adoptedManifest, adoptedRecord, createRecord } from "../lifecycle/transitions.ts";
import { validateManifest, warningsOf } from "../lifecycle/validate.ts";
import type { VetTurn } from "../notifications.ts";
import type { VeAnswer } from "../views.ts";
import type { VeHandler } from "./handler.ts";
import { type Apply, answer, type Verbs } from "./verbs.ts";

type AdoptInto = Extract<VetCommand, { type: "vet.adopt-into" }>;
type Named = Exclude<VeCommand, { type: "ve.list" | "ve.adopt" }> | AdoptInto;

/** VEs whose home one agent is; each costs it a handler and some hundred bytes per VM. */
const MAX_RECORDS = 4096;
const KEY_COUNTER = "vet/handlers";
/** How often everybody is asked for a name while records or members come and go, before that is the answer. */
const SEARCHES = 6;

export interface RouterDependencies {
  readonly deps: VetDependencies;
  readonly restored: ReadonlyMap<string, unknown>;
  readonly newId: () => VmId;
  readonly verbs: Verbs;
  readonly handler: (name: VeName) => VeHandler | undefined;
  /** A record has been made: its handler. */
  readonly adopted: (name: VeName) => VeHandler;
  /** Runs it in a moment; false: too much waits already. */
  readonly later: (run: (later: VetTurn) => void, turn: VetTurn) => boolean;
}

export class Router {
  readonly #deps: VetDependencies;
  readonly #own: RouterDependencies;
  /** VEs made by this agent, ever. */
  #made: number;

  constructor(own: RouterDependencies) {
    this.#deps = own.deps;
    this.#own = own;
    this.#made = (own.restored.get(KEY_COUNTER) as number | undefined) ?? 0;
  }

  get full(): boolean {
    return this.#deps.registry.size >= MAX_RECORDS;
  }

  /** @param from the peer that passed it on; null: a user of this agent. */
  route(command: Named, from: NodeId | null, respond: Respond, turn: VetTurn): void {
    const { registry, self } = this.#deps;
    const name = nameOf(command);
    const handler = this.#own.handler(name);
    if (handler !== undefined) return this.#execute(handler, command, respond, turn);
    const next = registry.movingTo(name);
    if (next !== null) return respond(fail(this.#moving(name, next)), turn);
    const home = registry.homeOf(name);
    if (home === self) return this.#search(command, from ?? self, respond, turn);
    const local = from === null || from === self;
    if (local && home !== null) return this.#forward(home, command, respond, turn);
    respond(fail(this.#elsewhere(name, home)), turn);
  }

  #execute(handler: VeHandler, command: Named, respond: Respond, turn: VetTurn): void {
    const { verbs } = this.#own;
    switch (command.type) {
      case "ve.show":
        return respond(ok(handler.view(turn.now)), turn);
      case "ve.export":
        return respond(ok(handler.record.manifest), turn);
      case "ve.apply":
        return verbs.apply(handler, command, respond, turn);
      case "ve.start":
        return verbs.start(handler, command, respond, turn);
      case "ve.stop":
        return verbs.stop(handler, command, respond, turn);
      case "ve.delete":
        return verbs.remove(handler, command, respond, turn);
      case "vet.adopt-into":
        return respond(
          fail({ code: "conflict", message: `a VE called ${command.name} exists already` }),
          turn,
        );
    }
  }

  #forward(home: NodeId, command: Named, respond: Respond, turn: VetTurn): void {
    const { members, ask } = this.#deps;
    const dead = members().some(({ id, state }) => id === home && state === "dead");
    if (dead) return respond(fail(this.#unreachable(nameOf(command), home, false)), turn);
    ask(home, command, turn, (result, later) => respond(this.#explained(result, command, home), later));
  }

  /** No answer from a home is told as what it means: the VE is out of reach. */
  #explained(result: Result<unknown>, command: Named, home: NodeId): Result<unknown> {
    const silent = !result.ok && result.failure.code === "unreachable" && result.failure.reason === undefined;
    return silent ? fail(this.#unreachable(nameOf(command), home, true)) : result;
  }

  // ── names that are not here ────────────────────────────────────────────────────────────────────────────

  #search(command: Named, from: NodeId, respond: Respond, turn: VetTurn, searches = SEARCHES): void {
    const claim =
      (command.type === "ve.apply" && command.dryRun !== true) || command.type === "vet.adopt-into";
    this.#deps.registry.find(nameOf(command), claim, turn, (found, later) => {
      const again = (last: VetTurn): void => this.#search(command, from, respond, last, searches - 1);
      const unsettled = found.kind === "unsettled" || found.kind === "unacquainted";
      if (unsettled && searches > 1 && this.#own.later(again, later)) return;
      this.#found(found, command, from, respond, later);
    });
  }

  #found(found: Found, command: Named, from: NodeId, respond: Respond, turn: VetTurn): void {
    const name = nameOf(command);
    const handler = this.#own.handler(name);
    if (handler !== undefined) return this.#execute(handler, command, respond, turn);
    switch (found.kind) {
      case "held":
        if (found.by === this.#deps.self) return respond(fail(this.#elsewhere(name, null)), turn);
        return this.#deps.ask(found.by, command, turn, respond);
      case "being-created":
        return respond(fail({ code: "conflict", message: `a VE called ${name} is being created` }), turn);
      case "unsure":
        return respond(fail(this.#unsure(name, found)), turn);
      case "unsettled":
        return respond(fail(this.#elsewhere(name, null)), turn);
      case "unacquainted":
        return respond(fail(this.#unacquainted(name, found.with)), turn);
      case "nobody":
        return this.#create(command, from, respond, turn);
    }
  }

  #create(command: Named, from: NodeId, respond: Respond, turn: VetTurn): void {
    if (command.type === "ve.apply") return this.#createApplied(command, respond, turn);
    if (command.type === "vet.adopt-into") return this.#createAdopted(command, from, respond, turn);
    const name = nameOf(command);
    respond(
      fail({ code: "not-found", message: `no VE is called ${name}`, hint: "discoveryctl ve list" }),
      turn,
    );
  }

  #createApplied(command: Apply, respond: Respond, turn: VetTurn): void {
    const { manifest, dryRun = false } = command;
    const refusal = this.#own.verbs.creationRefusal(command) ?? this.#fullness();
    if (refusal !== null) return respond(fail(refusal), turn);
    const changes = difference(null, manifest);
    const warnings = warningsOf(manifest, this.#deps.members());
    if (dryRun) {
      const plan = { name: manifest.name, generation: 0, changed: false, changes, warnings, operation: null };
      return respond(ok(plan), turn);
    }
    const record = createRecord(manifest, handlerId(this.#deps.self, this.#made + 1), this.#own.newId);
    this.#keep(record, "ve-apply", { reason: command.reason ?? "", changes, warnings }, respond, turn);
  }

  #createAdopted({ name, domains, reason }: AdoptInto, host: NodeId, respond: Respond, turn: VetTurn): void {
    const manifest: VeManifest = adoptedManifest(name, domains);
    const refusal = validateManifest(manifest) ?? this.#fullness();
    if (refusal !== null) return respond(fail(refusal), turn);
    const record = adoptedRecord(manifest, handlerId(this.#deps.self, this.#made + 1), host, domains);
    const changes = difference(null, { ...manifest, desired: "stopped" });
    this.#keep(record, "ve-adopt", { reason, changes, warnings: [] }, respond, turn);
  }

  #keep(
    record: VeRecord,
    kind: "ve-apply" | "ve-adopt",
    told: Pick<VeAnswer, "changes" | "warnings"> & { readonly reason: string },
    respond: Respond,
    turn: VetTurn,
  ): void {
    turn.persist([{ key: KEY_COUNTER, value: ++this.#made }]);
    const after = this.#deps.registry.put(record, turn);
    const handler = this.#own.adopted(record.name);
    const operation = handler.progress.begin(kind, record, told.reason, turn.now);
    turn.notify({ kind: "ve-created", ve: record.name, adopted: record.adopted, reason: told.reason });
    const { changes, warnings } = told;
    respond(ok(answer(record, { changes, warnings, operation, changed: true })), turn, after);
    handler.advance(turn);
  }

  // ── why not ────────────────────────────────────────────────────────────────────────────────────────────

  #fullness(): Failure | null {
    if (!this.#deps.room()) {
      return {
        code: "busy",
        message: `${this.#deps.nameOf(this.#deps.self)}, which would be the VE's home, takes nothing new`,
        reason: "its disk is full",
        hint: "free room in its state directory",
      };
    }
    return this.full
      ? { code: "busy", message: `this agent is home of ${MAX_RECORDS} VEs, and takes no more` }
      : null;
  }

  #moving(name: VeName, to: NodeId): Failure {
    const message = `${name} is moving to its new home ${this.#deps.nameOf(to)}`;
    return {
      code: "busy",
      message,
      reason: "a record on its way is not changed",
      hint: "try again in a few seconds",
    };
  }

  #elsewhere(name: VeName, home: NodeId | null): Failure {
    const { nameOf: hostName, self } = this.#deps;
    const reason =
      home === null
        ? "records are moving to new homes"
        : `${hostName(self)} takes ${hostName(home)} for its home`;
    return {
      code: "busy",
      message: `where ${name} is kept is changing`,
      reason,
      hint: "try again in a few seconds",
    };
  }

  #unreachable(name: VeName, home: NodeId, asked: boolean): Failure {
    const host = this.#deps.nameOf(home);
    return {
      code: "unreachable",
      message: `the home of ${name} does not answer`,
      reason: `its record is kept by ${host}${asked ? ", and whether that has carried it out is not known" : ", which is dead"}`,
      hint: `discoveryctl host show ${host}; running VMs are not affected`,
    };
  }

  #unacquainted(name: VeName, others: readonly NodeId[]): Failure {
    const hosts = others.slice(0, 5).map(this.#deps.nameOf).join(", ");
    return {
      code: "busy",
      message: `whether a VE called ${name} exists cannot be told yet`,
      reason: `${hosts} and ${this.#deps.nameOf(this.#deps.self)} do not know the same hosts`,
      hint: "try again in a few seconds; discoveryctl host list on each of them shows which is missing",
    };
  }

  #unsure(name: VeName, { silent, strangers }: Extract<Found, { kind: "unsure" }>): Failure {
    const seeds = strangers.map((address) => `the seed ${address} (not met yet)`);
    const hosts = [...silent.map(this.#deps.nameOf), ...seeds].slice(0, 5).join(", ");
    return {
      code: "unreachable",
      message: `whether a VE called ${name} exists cannot be told`,
      reason: `${hosts} could keep its record and cannot be asked`,
      hint: "discoveryctl host list; it can be told when they answer",
    };
  }
}

function nameOf(command: Named): VeName {
  return command.type === "ve.apply" ? command.manifest.name : command.name;
}
