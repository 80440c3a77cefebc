import type { Instant } from "../../lib/instant.ts";
import { hash32 } from "../../lib/random.ts";
import type { Resources } from "../../model/resources.ts";
import type { HypervisorEvent } from "../command.ts";
import type { DomainUsage } from "../domain.ts";
import type { Agenda } from "./agenda.ts";
import { type Guest, isActive, wantedCpu } from "./guest.ts";
import type { EmbeddedIdentity, EmbeddedSettings } from "./settings.ts";
import { maxMinShares } from "./sharing.ts";

interface SampledHost {
  readonly identity: EmbeddedIdentity;
  readonly settings: EmbeddedSettings;
  readonly agenda: Agenda;
  readonly connected: boolean;
  readonly capacity: Resources;
  guests(): readonly Guest[];
  event(event: HypervisorEvent): void;
}

/**
 * Samples at multiples of the interval, shifted per host so that hosts do not sample in step, and only after
 * something changed: a host at rest sets no timer. A sample holds what is at that instant, not an average.
 */
export class UsageSampler {
  readonly #host: SampledHost;
  #last: readonly DomainUsage[] | null = null;
  #readable = true;

  constructor(host: SampledHost) {
    this.#host = host;
  }

  /** Something changed that a sample may show. */
  touch(now: Instant): void {
    const { agenda, identity, settings } = this.#host;
    if (agenda.at("sample") !== null || !this.#readable || !this.#host.connected) return;
    const phase = hash32(identity.address) % settings.sampleMs;
    const past = (((now - phase) % settings.sampleMs) + settings.sampleMs) % settings.sampleMs;
    agenda.set("sample", now + settings.sampleMs - past, (at) => this.#sample(at));
  }

  /** Forgets what was told, so that the next sample is told whatever it is. */
  restart(now: Instant): void {
    this.#last = null;
    this.touch(now);
  }

  setReadable(readable: boolean, now: Instant): void {
    if (readable === this.#readable) return;
    this.#readable = readable;
    if (readable) {
      this.restart(now);
      return;
    }
    this.#host.agenda.clear("sample");
    this.#host.event({ kind: "usage-unavailable", reason: "a guest's process does not answer" });
  }

  #sample(now: Instant): void {
    if (!this.#host.connected) return;
    const last = this.#last;
    const active = this.#host.guests().filter(isActive);
    const wanted = active.map(wantedCpu);
    const used = maxMinShares(wanted, this.#host.capacity.cpu);
    const domains = active.map((guest, i) => usageOf(guest, wanted[i] ?? 0, used[i] ?? 0, last?.[i]));
    if (last !== null && last.length === domains.length && domains.every((usage, i) => usage === last[i]))
      return;
    this.#last = domains;
    this.#host.event({ kind: "usage", sample: { sampledAt: now, domains } });
  }
}

/** The former object where nothing changed: comparing samples is comparing references. */
function usageOf(guest: Guest, wanted: number, used: number, last: DomainUsage | undefined): DomainUsage {
  const { vm, memory } = guest;
  const same = last?.vm === vm && last.wanted === wanted && last.used === used && last.memory === memory;
  return same ? last : { vm, used, wanted, memory };
}
