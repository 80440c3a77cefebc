import type { Domain, UsageSample } from "../../hypervisor/domain.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import type { ResourceName, Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { LrtConfig } from "../config.ts";
import type { Inventory } from "./inventory.ts";

/**
 * Turns samples into conditions, with hysteresis.
 *
 *            total > limit, held for `holdMs`
 *   normal ───────────────────────────────────▶ overloaded
 *          ◀───────────────────────────────────
 *            total ≤ limit − margin (cpu), total ≤ limit (memory)
 *
 * Demand is what VMs want, averaged over `windowMs`; a VM without a reading counts with what it was last known
 * to want, or nothing. An absurd or missing reading is never an event: it is left out, and while usage cannot
 * be read nothing is judged at all.
 */
export type Condition =
  | { readonly kind: "normal" }
  | {
      readonly kind: "overloaded";
      readonly resource: ResourceName;
      readonly wanted: number;
      readonly limit: number;
      /** When the limit was first passed (the onset, before the hold). */
      readonly since: Instant;
    }
  | { readonly kind: "underloaded"; readonly wanted: number; readonly since: Instant }
  | { readonly kind: "blind"; readonly reason: string };

/** No guest can want more than its cpus; a little is allowed for the clocks of two readings. */
const ABSURD_PERMILLE = 1250;

interface Reading {
  readonly at: Instant;
  readonly wanted: number;
}

export class Monitor {
  readonly #config: LrtConfig;
  readonly #inventory: Inventory;
  readonly #capacity: Resources;
  readonly #readings = new Map<VmId, Reading[]>();
  #lastSample: Instant | null = null;
  #unavailable: string | null = "no usage has been read yet";
  #over: { resource: ResourceName; since: Instant; raised: boolean } | null = null;
  #underSince: Instant | null = null;
  #rejected = 0;

  constructor(config: LrtConfig, inventory: Inventory, capacity: Resources) {
    this.#config = config;
    this.#inventory = inventory;
    this.#capacity = capacity;
  }

  /** Readings left out because they were absurd. */
  get rejected(): number {
    return this.#rejected;
  }

  get lastSample(): Instant | null {
    return this.#lastSample;
  }

  observe(sample: UsageSample, now: Instant): void {
    this.#lastSample = now;
    this.#unavailable = null;
    const seen = new Set<VmId>();
    for (const usage of sample.domains) {
      const domain = this.#inventory.get(usage.vm);
      if (domain?.state !== "running") continue;
      seen.add(usage.vm);
      if (this.#absurd(domain, usage.wanted)) this.#rejected++;
      else this.#record(usage.vm, { at: now, wanted: Math.round(usage.wanted) });
    }
    for (const vm of this.#readings.keys()) if (!seen.has(vm)) this.#readings.delete(vm);
  }

  unavailable(reason: string): void {
    this.#unavailable = reason;
    this.#over = null;
    this.#underSince = null;
  }

  /** Forgets VMs that are no longer here: the next sample may say nothing new. */
  forgetGone(): void {
    for (const vm of this.#readings.keys())
      if (this.#inventory.get(vm) === undefined) this.#readings.delete(vm);
  }

  /** VMs that readings are kept of. */
  get size(): number {
    return this.#readings.size;
  }

  /** A VM's demand: smoothed CPU, and its whole memory (it is never overcommitted). */
  demand(domain: Domain, now: Instant): Resources {
    const cpu = domain.state === "running" ? this.#smoothed(this.#readings.get(domain.vm) ?? [], now) : 0;
    return { cpu, memory: domain.state === "shutoff" ? 0 : domain.memory };
  }

  /** A VM arrives with a known demand, so that its new host does not believe it idle until its own samples say more. */
  expect(vm: VmId, cpu: number, now: Instant): void {
    if (!this.#readings.has(vm)) this.#readings.set(vm, [{ at: now, wanted: cpu }]);
  }

  total(now: Instant): Resources {
    let cpu = 0;
    let memory = 0;
    for (const domain of this.#inventory.all()) {
      const demand = this.demand(domain, now);
      cpu += demand.cpu;
      memory += demand.memory;
    }
    return { cpu, memory };
  }

  /** Judges the host as it is now. Call it after every sample and at `nextCheck`. */
  assess(now: Instant): Condition {
    if (this.#unavailable !== null) return { kind: "blind", reason: this.#unavailable };
    const total = this.total(now);
    const over = this.#overResource(total);
    if (over === null) this.#over = null;
    else if (this.#over === null || this.#over.resource !== over) {
      this.#over = { resource: over, since: now, raised: this.#over?.raised ?? false };
    }
    if (this.#over !== null) return this.#overloaded(this.#over, total, now);
    return this.#underloaded(total, now);
  }

  /** When the host should be judged again even if no sample comes: the hold or the window is running. */
  nextCheck(now: Instant): Instant | null {
    if (this.#over !== null && !this.#over.raised)
      return Math.max(now + 1, this.#over.since + this.#config.holdMs);
    const unsettled = [...this.#readings.values()].some((list) => list.length > 1);
    return unsettled ? now + Math.min(this.#config.sampleMs, this.#config.windowMs) : null;
  }

  #overloaded(
    over: { resource: ResourceName; since: Instant; raised: boolean },
    total: Resources,
    now: Instant,
  ): Condition {
    if (now - over.since >= this.#config.holdMs) over.raised = true;
    if (!over.raised) return { kind: "normal" };
    const limit = share(this.#capacity[over.resource], this.#config.overloadPermille);
    return {
      kind: "overloaded",
      resource: over.resource,
      wanted: total[over.resource],
      limit,
      since: over.since,
    };
  }

  #underloaded(total: Resources, now: Instant): Condition {
    const low = share(this.#capacity.cpu, this.#config.underloadPermille);
    const under = total.cpu <= low && this.#inventory.managed().length > 0;
    if (!under) this.#underSince = null;
    else this.#underSince ??= now;
    const held = this.#underSince !== null && now - this.#underSince >= this.#config.holdMs;
    return held && this.#underSince !== null
      ? { kind: "underloaded", wanted: total.cpu, since: this.#underSince }
      : { kind: "normal" };
  }

  /**
   * The resource over its limit; once raised, cpu stays so until it is below the margin. Memory is what guests were
   * promised: it does not waver, and a plan fills hosts up to the limit.
   */
  #overResource(wanted: Resources): ResourceName | null {
    const { overloadPermille, marginPermille } = this.#config;
    for (const resource of ["memory", "cpu"] as const) {
      const leaving = resource === "cpu" && this.#over?.raised === true && this.#over.resource === resource;
      const permille = leaving ? overloadPermille - marginPermille : overloadPermille;
      if (wanted[resource] > share(this.#capacity[resource], permille)) return resource;
    }
    return null;
  }

  #absurd(domain: Domain, wanted: number): boolean {
    return !Number.isFinite(wanted) || wanted < 0 || wanted > domain.cpus * ABSURD_PERMILLE;
  }

  #record(vm: VmId, reading: Reading): void {
    const list = this.#readings.get(vm) ?? [];
    const from = reading.at - this.#config.windowMs;
    list.push(reading);
    while (list.length > 1 && (list[1] as Reading).at <= from) list.shift();
    this.#readings.set(vm, list);
  }

  /** Time-weighted mean over the window: a reading holds until the next one. */
  #smoothed(list: Reading[], now: Instant): number {
    const from = now - this.#config.windowMs;
    while (list.length > 1 && (list[1] as Reading).at <= from) list.shift();
    const last = list.at(-1);
    if (last === undefined) return 0;
    if (list.length === 1) return last.wanted;
    let area = 0;
    let span: Millis = 0;
    for (let i = 0; i < list.length; i++) {
      const start = Math.max(from, (list[i] as Reading).at);
      const end = i + 1 < list.length ? (list[i + 1] as Reading).at : now;
      area += (list[i] as Reading).wanted * Math.max(0, end - start);
      span += Math.max(0, end - start);
    }
    return span === 0 ? last.wanted : Math.round(area / span);
  }
}

/** A share of an amount, in thousandths, rounded down. */
export function share(amount: number, permille: number): number {
  return Math.floor((amount * permille) / 1000);
}
