/** What makes an evaluation harder: hosts that fail, a site whose guests all want more, hosts drained together. */
import type { InitialDomain } from "../../hypervisor/embedded/settings.ts";
import type { Random } from "../../lib/random.ts";
import type { Simulation } from "../simulation.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { EvaluationOptions } from "./options.ts";
import type { Truth } from "./truth.ts";

/** From a failure to power-on, as VMPlaceS has it. */
const DOWN_MS = 300_000;

export class Adversity {
  readonly #options: EvaluationOptions;
  readonly #simulation: Simulation;
  readonly #truth: Truth;
  readonly #domains: ReadonlyMap<string, InitialDomain>;

  constructor(options: EvaluationOptions, simulation: Simulation, truth: Truth) {
    this.#options = options;
    this.#simulation = simulation;
    this.#truth = truth;
    const domains = simulation.hosts.flatMap(({ spec }) => spec.domains);
    this.#domains = new Map(domains.map((domain) => [domain.vm, domain]));
  }

  /** @param begins when the workload begins, simulated milliseconds. @param surge called when a site's guests change. */
  schedule(begins: number, random: Random, surge: (on: boolean) => void): void {
    const { durationMs, faults } = this.#options;
    const { queue, hosts } = this.#simulation;
    const failing = Math.round((hosts.length * faults.failingPercent) / 100);
    for (const host of random.fork("failing").shuffle(hosts).slice(0, failing))
      queue.at(begins + durationMs * (0.1 + 0.7 * random.fraction()), () => this.#fail(host));
    if (faults.siteSurgePercent > 0) {
      queue.at(begins + durationMs / 3, () => surge(true));
      queue.at(begins + (2 * durationMs) / 3, () => surge(false));
    }
    const drained = random.fork("drained").shuffle(hosts).slice(0, faults.drained);
    queue.at(begins + durationMs / 3, () => {
      for (const { id } of drained)
        this.#simulation.host(id)?.command({ type: "host.drain", host: id }, () => {});
    });
  }

  /** Its guests go down with it, and come up with it; those that were leaving may be elsewhere by then. */
  #fail(host: SimulatedHost): void {
    const guests = host.executing();
    this.#simulation.excuse(host.domains().map(({ vm }) => vm));
    host.powerOff();
    this.#simulation.queue.after(DOWN_MS, () => {
      const lost = guests.filter((vm) => this.#truth.host(vm) === undefined);
      host.powerOn(lost.flatMap((vm) => this.#domains.get(vm) ?? []));
      if (this.#options.algorithm === "partition") host.startAgent();
    });
  }
}
