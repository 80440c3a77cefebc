/**
 * What this host remembers of the managed VMs that it has seen, so that their homes can tell *gone* from *gone
 * elsewhere*. Memory of one process: a restart begins a new life, and homes then ask everybody.
 */
import type { Domain } from "../../hypervisor/domain.ts";
import { sortedEntries } from "../../lib/order.ts";
import type { VeName } from "../../model/virtual-environment.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { LookAnswer, Sight } from "../commands.ts";

interface Memory {
  present: boolean;
  /** Comings and goings. */
  changes: number;
  /** An outgoing migration has begun: if it vanishes, it may live on elsewhere. */
  leaving: boolean;
  /** It was seen to run. The copy of a migration that fails is destroyed without ever having run: it runs on elsewhere. */
  ran: boolean;
}

/** Guests remembered after they have gone; when one is forgotten, a new life begins. */
const MAX_REMEMBERED = 8192;

export class Guests {
  readonly #boot: number;
  readonly #domains: () => readonly Domain[] | null;
  readonly #expects: (vm: VmId) => boolean;
  readonly #memory = new Map<VmId, Memory>();
  #forgotten = 0;

  constructor(boot: number, domains: () => readonly Domain[] | null, expects: (vm: VmId) => boolean) {
    this.#boot = boot;
    this.#domains = domains;
    this.#expects = expects;
  }

  get life(): string {
    return `${this.#boot}.${this.#forgotten}`;
  }

  /** Guests remembered, those that are here included. */
  get size(): number {
    return this.#memory.size;
  }

  /** A domain of this host whose guest exists (shut-off definitions do not). */
  find(vm: VmId): Domain | undefined {
    return this.#guests().find((domain) => domain.vm === vm);
  }

  /** An outgoing migration of this VM begins: called before it can vanish. */
  leaving(vm: VmId): void {
    this.#remember(vm).leaving = true;
  }

  /** Its migration came to nothing. */
  stays(vm: VmId): void {
    if (this.find(vm) !== undefined) this.#remember(vm).leaving = false;
  }

  /** Takes note of who came and went since the last time. */
  refresh(): void {
    if (this.#domains() === null) return;
    const here = new Map(this.#guests().map(({ vm, state }) => [vm, state]));
    for (const [vm, state] of sortedEntries(here)) {
      this.#note(vm, true);
      if (state !== "paused") this.#remember(vm).ran = true;
    }
    // An earlier process of this agent may have begun it.
    for (const { vm, job } of this.#guests()) if (job === "migrating-out") this.leaving(vm);
    for (const [vm, { present }] of this.#memory) if (present && !here.has(vm)) this.#note(vm, false);
    this.#forgetOldest();
  }

  look(vms: readonly VmId[], circle: string): LookAnswer {
    this.refresh();
    const listed = this.#domains() !== null;
    const here = new Map(this.#guests().map((domain) => [domain.vm, domain]));
    const version = vms.reduce((sum, vm) => sum + (this.#memory.get(vm)?.changes ?? 0), 0);
    return {
      listed,
      life: this.life,
      version,
      circle,
      sights: vms.map((vm) => this.#sight(vm, here.get(vm))),
    };
  }

  /** The managed VMs here, by VE. */
  byVe(): Map<VeName, { id: VmId; state: string }[]> {
    const all = new Map<VeName, { id: VmId; state: string }[]>();
    for (const { vm, state, stamp } of this.#guests()) {
      if (stamp === null) continue;
      const vms = all.get(stamp.ve) ?? [];
      all.set(stamp.ve, [...vms, { id: vm, state }]);
    }
    return all;
  }

  #guests(): readonly Domain[] {
    return (this.#domains() ?? []).filter((domain) => domain.state !== "shutoff" && !isShell(domain));
  }

  #sight(vm: VmId, domain: Domain | undefined): Sight {
    if (domain !== undefined)
      return { kind: "here", state: domain.state, generation: domain.stamp?.generation ?? null };
    const shell = (this.#domains() ?? []).some((each) => each.vm === vm && isShell(each));
    if (shell || this.#expects(vm)) return { kind: "expected" };
    const memory = this.#memory.get(vm);
    if (memory === undefined || memory.changes === 0) return { kind: "absent" };
    return { kind: memory.leaving || !memory.ran ? "left" : "ended" };
  }

  #note(vm: VmId, present: boolean): void {
    const memory = this.#remember(vm);
    if (memory.present === present) return;
    memory.present = present;
    memory.changes++;
    if (!present) return;
    memory.leaving = false;
    memory.ran = false;
  }

  #remember(vm: VmId): Memory {
    const memory = this.#memory.get(vm) ?? { present: false, changes: 0, leaving: false, ran: false };
    this.#memory.delete(vm);
    this.#memory.set(vm, memory);
    return memory;
  }

  #forgetOldest(): void {
    for (const [vm, { present }] of this.#memory) {
      if (this.#memory.size <= MAX_REMEMBERED) return;
      if (present) continue;
      this.#memory.delete(vm);
      this.#forgotten++;
    }
  }
}

/** The shell of an incoming migration: no guest yet. */
function isShell({ state, pauseReason, job }: Domain): boolean {
  return state === "paused" && (pauseReason === "migrating-in" || job === "migrating-in");
}
