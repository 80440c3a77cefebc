/**
 * What this host does for the homes of the VMs that run on it: says what it sees, stops and stamps what it is
 * told to, offers running domains for adoption. It touches only domains that carry the VE's stamp, and puts a
 * stamp only on a domain that has none or that VE's.
 */
import type { HypervisorOutcome } from "../../hypervisor/command.ts";
import type { Domain } from "../../hypervisor/domain.ts";
import { type Failure, fail, ok, type Result } from "../../lib/error.ts";
import { byText } from "../../lib/order.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { OperationId } from "../../ports/effects.ts";
import type { AdoptedDomain, VetCommand } from "../commands.ts";
import type { Respond } from "../dependencies.ts";
import { MAX_VMS } from "../lifecycle/validate.ts";
import type { VetTurn } from "../notifications.ts";
import type { Guests } from "./guests.ts";

type Stop = Extract<VetCommand, { type: "vet.stop-vm" }>;
type Stamping = Extract<VetCommand, { type: "vet.stamp-vm" }>;

export class Hands {
  readonly #guests: Guests;
  readonly #domains: () => readonly Domain[] | null;
  readonly #operations = new Map<OperationId, (outcome: HypervisorOutcome, turn: VetTurn) => void>();
  /** Stops under way. */
  readonly #stopping = new Set<VmId>();
  /** Why the last stop of a VM came to nothing. */
  readonly #failed = new Map<VmId, string>();
  /** Offered to a home that has not answered yet. */
  readonly #offered = new Set<VmId>();

  constructor(guests: Guests, domains: () => readonly Domain[] | null) {
    this.#guests = guests;
    this.#domains = domains;
  }

  /** Orders of homes that are being carried out. */
  get size(): number {
    return this.#operations.size;
  }

  stop({ ve, vm, before, graceMs }: Stop, respond: Respond, turn: VetTurn, after?: number): void {
    const domain = this.#guests.find(vm);
    const refusal = this.#refusal(domain, ve, vm, before);
    if (domain === undefined) this.#failed.delete(vm);
    if (domain === undefined || refusal !== null) return respond(fail(refusal ?? missing(vm)), turn);
    if (domain.job !== "none") {
      return respond(
        fail({ code: "busy", message: `${domain.name} has a job of its hypervisor under way` }),
        turn,
      );
    }
    const last = this.#failed.get(vm);
    if (!this.#stopping.has(vm)) this.#begin(vm, graceMs, turn, after);
    respond(
      last === undefined ? ok(null) : fail({ code: "failed", message: `${domain.name}: ${last}` }),
      turn,
    );
  }

  stamp({ ve, vm, stamp }: Stamping, respond: Respond, turn: VetTurn, after?: number): void {
    const domain = (this.#domains() ?? []).find((each) => each.vm === vm);
    const bare = domain !== undefined && domain.stamp === null;
    if (bare && stamp === null) return respond(ok(null), turn);
    const adopting = bare && stamp?.adopted === true;
    const before = stamp === null ? Number.POSITIVE_INFINITY : stamp.generation + 1;
    const refusal = adopting ? null : this.#refusal(domain, ve, vm, before);
    if (refusal !== null) return respond(fail(refusal), turn);
    const operation = turn.hypervisor({ kind: "stamp", vm, stamp }, after);
    this.#operations.set(operation, (outcome, later) => respond(resultOf(outcome), later));
  }

  /** Running, unmanaged domains of this host by name or id, or why they cannot be adopted. */
  offer(wanted: readonly string[]): Result<readonly AdoptedDomain[]> {
    const domains = this.#domains();
    if (domains === null) return fail(disconnected());
    if (wanted.length === 0 || wanted.length > MAX_VMS)
      return fail({ code: "invalid", message: `between 1 and ${MAX_VMS} domains can be adopted at once` });
    const found = new Map<VmId, AdoptedDomain>();
    for (const word of wanted) {
      const domain = domains.find(({ vm, name }) => name === word || vm === word);
      const refusal = unadoptable(word, domain, this.#offered);
      if (domain === undefined || refusal !== null) return fail(refusal ?? missing(word));
      const { vm: id, name, cpus, memory } = domain;
      found.set(id, { id, name, cpus, memory });
    }
    return ok([...found.values()].sort((a, b) => byText(a.name, b.name)));
  }

  /** Until `settled`, the same domains are not offered to anybody else. */
  offered(domains: readonly AdoptedDomain[]): () => void {
    for (const { id } of domains) this.#offered.add(id);
    return () => {
      for (const { id } of domains) this.#offered.delete(id);
    };
  }

  /** @returns whether the operation was one of these. */
  onOperation(operation: OperationId, outcome: HypervisorOutcome, turn: VetTurn): boolean {
    const done = this.#operations.get(operation);
    this.#operations.delete(operation);
    done?.(outcome, turn);
    return done !== undefined;
  }

  #begin(vm: VmId, graceMs: number, turn: VetTurn, after?: number): void {
    this.#stopping.add(vm);
    this.#failed.delete(vm);
    const operation = turn.hypervisor({ kind: "stop", vm, graceMs }, after);
    this.#operations.set(operation, (outcome) => {
      this.#stopping.delete(vm);
      if (!outcome.ok && outcome.failure.code !== "no-such-domain")
        this.#failed.set(vm, outcome.failure.message);
    });
  }

  /** An order may come late: what a newer generation has stamped is not its business any more. */
  #refusal(domain: Domain | undefined, ve: string, vm: VmId, before: number): Failure | null {
    if (this.#domains() === null) return disconnected();
    if (domain === undefined) return missing(vm);
    const { name, stamp } = domain;
    if (stamp?.ve !== ve)
      return { code: "conflict", message: `${name} is not a VM of ${ve}`, reason: ownerOf(domain) };
    if (stamp.generation < before) return null;
    return { code: "conflict", message: `${name} is of generation ${stamp.generation} of ${ve}` };
  }
}

function unadoptable(word: string, domain: Domain | undefined, offered: ReadonlySet<VmId>): Failure | null {
  if (domain === undefined) return missing(word);
  if (domain.stamp !== null)
    return { code: "conflict", message: `${domain.name} cannot be adopted`, reason: ownerOf(domain) };
  if (offered.has(domain.vm)) return { code: "conflict", message: `${domain.name} is being adopted already` };
  return domain.state === "running"
    ? null
    : {
        code: "conflict",
        message: `${domain.name} is ${domain.state}`,
        reason: "only running domains are adopted",
      };
}

function ownerOf({ name, stamp }: Domain): string {
  return stamp === null ? `${name} is not managed by DISCOVERY` : `${name} belongs to the VE ${stamp.ve}`;
}

function missing(vm: string): Failure {
  return { code: "not-found", message: `there is no domain ${vm} on this host` };
}

function disconnected(): Failure {
  return { code: "unreachable", message: "the hypervisor of this host is not connected" };
}

function resultOf(outcome: HypervisorOutcome): Result<null> {
  if (outcome.ok) return ok(null);
  const { code, message } = outcome.failure;
  return fail({ code: code === "no-such-domain" ? "not-found" : "failed", message });
}
