/**
 * The workload of VMPlaceS, the bench of the field: hosts of 8 cores of which 7 are for guests, 32 GiB; guests of one
 * virtual processor and 1 GiB that begin at the mean load; then a Poisson process over all guests, whose loads are
 * drawn from a truncated normal distribution and rounded to tenths.
 *
 * Source: Lebre, Pastor, Südholt, "VMPlaceS" (Euro-Par 2015), and the injector of its public sources.
 */
import type { InitialDomain } from "../../hypervisor/embedded/settings.ts";
import type { Random } from "../../lib/random.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import type { HostSpec } from "../world/host.ts";
import type { EvaluationOptions } from "./options.ts";

const CAPACITY = { cpu: 7000, memory: 32_768 };
const VM_MEMORY = 1024;
/** 1 Gb/s in whole MiB/s. */
export const LINK_MIB_PER_SECOND = 119;
/** How much of what the link carries a guest writes at full load, in percent: one class of guests each. */
const WRITES = [10, 20, 30, 40, 50] as const;
const SLOTS = 10;
const VM_CPU = 1000;

export interface Workload {
  readonly hosts: readonly HostSpec[];
  /** The names of the guests, by number. */
  readonly vms: readonly string[];
  /** MiB/s that a guest writes at a load, by number. */
  readonly dirtyRate: (vm: number, load: number) => number;
  readonly initialLoad: number;
  readonly changes: LoadChanges;
}

export function vmplaces(options: EvaluationOptions, random: Random): Workload {
  const classes = random.fork("classes");
  const writes = Array.from({ length: options.vms }, () => classes.pick(WRITES) ?? WRITES[0]);
  const dirtyRate = (vm: number, load: number): number =>
    Math.floor((LINK_MIB_PER_SECOND * (writes[vm] ?? 0) * load) / (100 * VM_CPU));
  const vms = Array.from({ length: options.vms }, (_, i) => `v${padded(i, options.vms)}`);
  const initialLoad = slotted(options.load.mean);
  const hosts = Array.from({ length: options.hosts }, (_, host): HostSpec => {
    const id = `h${padded(host, options.hosts)}`;
    const domains: InitialDomain[] = [];
    for (let vm = host; vm < options.vms; vm += options.hosts)
      domains.push(domain(vms[vm] ?? "", id, initialLoad, dirtyRate(vm, initialLoad)));
    return { id, labels: { site: `s${host % options.sites}` }, capacity: CAPACITY, domains };
  });
  return { hosts, vms, dirtyRate, initialLoad, changes: new LoadChanges(options, random) };
}

/** Streams of their own, so that every algorithm sees the same changes at the same times. */
export class LoadChanges {
  readonly #options: EvaluationOptions;
  readonly #times: Random;
  readonly #victims: Random;
  readonly #loads: Random;
  #at = 0;

  constructor(options: EvaluationOptions, random: Random) {
    this.#options = options;
    this.#times = random.fork("times");
    this.#victims = random.fork("victims");
    this.#loads = random.fork("loads");
  }

  next(): { readonly at: number; readonly vm: number; readonly load: number } {
    const { vms, loadPeriodMs, load } = this.#options;
    this.#at += -Math.log(1 - this.#times.fraction()) * (loadPeriodMs / vms);
    const percent = load.mean + load.sigma * this.#normal();
    return { at: this.#at, vm: this.#victims.int(0, vms - 1), load: slotted(percent) };
  }

  /** Box and Muller. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#loads.fraction()));
    return radius * Math.cos(2 * Math.PI * this.#loads.fraction());
  }
}

/** milli-CPU of a load in percent, cut off at nothing and at everything, in tenths. */
function slotted(percent: number): number {
  return Math.round((Math.min(100, Math.max(0, percent)) * SLOTS) / 100) * (VM_CPU / SLOTS);
}

/** A VE for each host's first guests. */
function domain(vm: string, host: string, load: number, dirtyRate: number): InitialDomain {
  const stamp = {
    ve: `e${host}`,
    vm,
    handler: `${host}-1-${vm}`,
    generation: 1,
    adopted: false,
    policy: DEFAULT_POLICY,
  };
  const machine = { vm, name: vm, cpus: 1, memory: VM_MEMORY, persistent: false, stamp };
  return { ...machine, load, dirtyRate, powerOffMs: 1000 };
}

function padded(index: number, of: number): string {
  return String(index).padStart(String(of - 1).length, "0");
}
