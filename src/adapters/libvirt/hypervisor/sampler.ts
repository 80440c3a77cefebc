/**
 * Polls usage over a client of its own. A QEMU that hangs blocks the whole statistics call for as long as it hangs, but
 * from then on its monitor is taken: calls that skip such domains (`noWait`) are answered at once. So a call that is late
 * is left alone, and until it is answered the others are read past it. A second hanging QEMU holds a second call; with a
 * third there is no place left, and usage counts as unreadable.
 */
import type { DomainUsage, UsageSample } from "../../../hypervisor/domain.ts";
import type { Instant, Millis } from "../../../lib/instant.ts";
import { byText } from "../../../lib/order.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import { LibvirtClient, ListFlags, type Result, StatsFlags, StatsTypes } from "../index.ts";
import { messageOf } from "./failures.ts";
import { type HypervisorReport, RECONNECT } from "./settings.ts";
import { type CpuReading, readingOf, usageBetween } from "./usage.ts";
import { type Clock, LATE, within } from "./waiting.ts";

/** Some tens of milliseconds for twenty guests, when all is well. */
const ANSWER_MS: Millis = 3_000;
/** The client has three places for ordinary calls. */
const PLACES = 3;
const WITHOUT_LIMIT: Millis = 2_147_483_647;

export interface SamplerDependencies {
  readonly clock: Clock;
  readonly report: (event: HypervisorReport) => void;
  readonly sample: (sample: UsageSample) => void;
  readonly unavailable: (reason: string) => void;
}

export interface SamplerConfig {
  readonly socketPath: string;
  readonly uri: string;
  readonly sampleMs: Millis;
}

type Records = Result<"ConnectGetAllDomainStats">["retStats"];

export class UsageSampler {
  readonly #config: SamplerConfig;
  readonly #deps: SamplerDependencies;
  readonly #client: LibvirtClient;
  #before: ReadonlyMap<VmId, CpuReading> | null = null;
  #beforeAt: Instant = 0;
  #stuck = 0;
  /** Why usage cannot be read. */
  #reason: string | null = null;
  #polling = false;
  #cancel: () => void = () => {};

  constructor(config: SamplerConfig, deps: SamplerDependencies) {
    this.#config = config;
    this.#deps = deps;
    this.#client = new LibvirtClient({ socketPath: config.socketPath }, config.uri, { backoff: RECONNECT });
    this.#client.on("connected", () => this.#restart());
    this.#client.on("disconnected", () => {
      this.#pause();
      this.#unavailable("the connection that reads usage is lost");
    });
  }

  start(): void {
    this.#client.start();
  }

  async close(): Promise<void> {
    this.#pause();
    await this.#client.stop();
  }

  #restart(): void {
    this.#pause();
    this.#tick();
  }

  #pause(): void {
    this.#cancel();
    this.#before = null;
    this.#reason = null;
  }

  #tick(): void {
    const { clock } = this.#deps;
    this.#cancel = clock.at(clock.now() + this.#config.sampleMs, () => this.#tick());
    if (this.#polling) return;
    this.#polling = true;
    void this.#poll().finally(() => {
      this.#polling = false;
    });
  }

  async #poll(): Promise<void> {
    try {
      await this.#readAll();
    } catch (error) {
      if (this.#client.connected) this.#unavailable(messageOf(error));
    }
  }

  /** Asks again, past a QEMU that hangs, until it is answered or there is no place left to ask. */
  async #readAll(): Promise<void> {
    while (this.#stuck < PLACES) {
      const asked = this.#deps.clock.now();
      const answer = await within(this.#deps.clock, ANSWER_MS, this.#ask());
      if (!this.#client.connected) return;
      if (answer === LATE) this.#deps.report({ event: "usage-late", unanswered: this.#stuck });
      else {
        const now = this.#deps.clock.now();
        this.#take(answer.retStats, asked + (now - asked) / 2, now);
        return;
      }
    }
    this.#before = null;
    this.#unavailable("QEMUs on this host do not answer libvirt");
  }

  #ask(): Promise<Result<"ConnectGetAllDomainStats">> {
    const flags = ListFlags.active | (this.#stuck > 0 ? StatsFlags.noWait : 0);
    const stats = StatsTypes.state | StatsTypes.cpuTotal | StatsTypes.balloon | StatsTypes.vcpu;
    this.#stuck++;
    const options = { timeoutMs: WITHOUT_LIMIT };
    return this.#client.call("ConnectGetAllDomainStats", { doms: [], stats, flags }, options).finally(() => {
      this.#stuck--;
    });
  }

  #take(records: Records, at: Instant, now: Instant): void {
    const readings = new Map<VmId, CpuReading>();
    for (const { dom, params } of records) {
      const reading = readingOf(params);
      if (reading !== null) readings.set(dom.uuid, reading);
    }
    const before = this.#before;
    const elapsed = at - this.#beforeAt;
    this.#before = readings;
    this.#beforeAt = at;
    this.#reason = null;
    if (before !== null) this.#deps.sample({ sampledAt: now, domains: usages(before, readings, elapsed) });
  }

  /** Told once, until it can be read again. */
  #unavailable(reason: string): void {
    if (this.#reason !== reason) this.#deps.unavailable(reason);
    this.#reason = reason;
  }
}

function usages(
  before: ReadonlyMap<VmId, CpuReading>,
  now: ReadonlyMap<VmId, CpuReading>,
  elapsed: Millis,
): DomainUsage[] {
  const found: DomainUsage[] = [];
  for (const [vm, reading] of now) {
    const former = before.get(vm);
    const usage = former === undefined ? null : usageBetween(vm, former, reading, elapsed);
    if (usage !== null) found.push(usage);
  }
  return found.sort((a, b) => byText(a.vm, b.vm));
}
