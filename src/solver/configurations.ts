/**
 * The complete search for small problems: cheapest-first (A*) over whole configurations, one legal step at a time.
 * Any legal plan can be carried out one action after the other, so the cheapest path to a viable configuration is
 * the cheapest plan, pivots and suspensions included; and when the reachable configurations are exhausted, no plan
 * exists, whatever the order. What leaves has left at the start (it only makes room); what waits is run only once.
 */
import { Heap } from "../lib/heap.ts";
import type { Assignment } from "./assignment.ts";
import { type Dense, FATE } from "./dense.ts";
import type { Effort } from "./effort.ts";
import { departures, growsInPlace } from "./passage.ts";
import type { Step } from "./step.ts";
import { Transit } from "./transit.ts";

export type Outcome =
  | {
      readonly kind: "cheapest";
      readonly steps: readonly Step[];
      readonly at: Int32Array;
      readonly cost: number;
    }
  /** Nothing is cheaper than the given cost, or nothing is possible at all. */
  | { readonly kind: "none" }
  | { readonly kind: "limit" };

interface Node {
  readonly key: number;
  readonly cost: number;
  readonly estimate: number;
  readonly parent: Node | null;
  readonly step: Step | null;
}

/** Digit of a VM in a configuration: on host h (h), asleep on h (hosts + h), untouched at home, nowhere. */
export class Configurations {
  readonly #dense: Dense;
  readonly #probe: Assignment;
  readonly #effort: Effort;
  /** VMs that can act at all. */
  readonly #active: readonly number[];
  readonly #base: number;
  readonly #untouched: number;
  readonly #nowhere: number;
  readonly #fixedLoad: Float64Array;
  readonly #digits: Int32Array;
  readonly #load: Float64Array;
  readonly #transit: Transit;

  /** @param probe an assignment of this problem that may be changed. */
  constructor(dense: Dense, probe: Assignment, effort: Effort) {
    this.#dense = dense;
    this.#probe = probe;
    this.#effort = effort;
    this.#active = [...Array(dense.vmCount).keys()].filter(
      (vm) => dense.fate[vm] === FATE.stands && (dense.fixed[vm] === 0 || dense.home[vm] === -1),
    );
    this.#untouched = 2 * dense.hostCount;
    this.#nowhere = this.#untouched + 1;
    this.#base = this.#nowhere + 1;
    this.#fixedLoad = this.#loadOfFixed();
    this.#digits = new Int32Array(this.#active.length);
    this.#load = new Float64Array(this.#fixedLoad.length);
    this.#transit = new Transit(dense);
    for (const { vm } of departures(dense)) this.#transit.move(vm, -1);
  }

  /** Whether the configurations can be numbered, and are few enough to be worth it. */
  get small(): boolean {
    const digits = this.#active.map(
      (vm) => this.#dense.hostCount * (this.#dense.suspendable[vm] === 1 ? 2 : 1) + 1,
    );
    const count = digits.reduce((product, digit) => product * digit, 1);
    if (!this.#dense.planRules.none) return false;
    return this.#base ** this.#active.length < 2 ** 53 && count <= 2 ** 22;
  }

  /** The cheapest plan below `ceiling`. @param states how many configurations may be opened. */
  run(ceiling: number, states: number): Outcome {
    const open = new Heap<Node>((a, b) => a.estimate - b.estimate || b.cost - a.cost);
    const reached = new Map<number, number>();
    let best: Node | null = null;
    let least = ceiling;
    const start = this.#startKey();
    open.push({ key: start, cost: this.#departureCharge(), estimate: 0, parent: null, step: null });
    reached.set(start, this.#departureCharge());
    for (let count = 0; ; count++) {
      const node = open.pop();
      if (node === undefined || node.estimate >= least) break;
      if (node.cost > (reached.get(node.key) as number)) continue;
      if (count >= states || this.#effort.exhausted) return { kind: "limit" };
      this.#effort.decide();
      this.#open(node.key);
      const penalty = this.#viablePenalty();
      if (penalty !== null && node.cost + penalty < least) {
        best = node;
        least = node.cost + penalty;
      }
      this.#expand(node, open, reached, least);
    }
    return best === null ? { kind: "none" } : this.#outcome(best, least);
  }

  #outcome(node: Node, cost: number): Outcome {
    this.#open(node.key);
    this.#viablePenalty();
    const steps: Step[] = [];
    for (let at: Node | null = node; at !== null; at = at.parent)
      if (at.step !== null) steps.unshift(at.step);
    const all = [...departures(this.#dense), ...steps, ...this.#raises()];
    return { kind: "cheapest", steps: all, at: this.#probe.at.slice(), cost };
  }

  /** What grows without having moved, at the very end. */
  #raises(): readonly Step[] {
    const { home, vmCount } = this.#dense;
    const returned = new Set(this.#active.filter((_, i) => this.#digits[i] !== this.#untouched));
    const raised = [...Array(vmCount).keys()].filter((vm) => {
      return !returned.has(vm) && growsInPlace(this.#dense, vm, this.#probe.at[vm] as number);
    });
    return raised.map((vm) => ({ kind: "allocate", vm, from: home[vm] as number, to: home[vm] as number }));
  }

  #startKey(): number {
    const { home, image, hostCount } = this.#dense;
    return this.#active.reduce((key, vm, i) => {
      const lies = image[vm] as number;
      const digit = home[vm] !== -1 ? this.#untouched : lies === -1 ? this.#nowhere : hostCount + lies;
      return key + digit * this.#base ** i;
    }, 0);
  }

  #departureCharge(): number {
    const { fate, charges, vmCount } = this.#dense;
    let charge = 0;
    for (let vm = 0; vm < vmCount; vm++) if (fate[vm] === FATE.leaves) charge += charges.leaving(vm);
    return charge;
  }

  #loadOfFixed(): Float64Array {
    const { width, home, held, fate, vmCount, hostCount } = this.#dense;
    const load = new Float64Array(hostCount * width);
    const active = new Set(this.#active);
    for (let vm = 0; vm < vmCount; vm++) {
      const host = home[vm] as number;
      if (host < 0 || active.has(vm) || fate[vm] !== FATE.stands) continue;
      for (let r = 0; r < width; r++) {
        load[host * width + r] = (load[host * width + r] as number) + (held[vm * width + r] as number);
      }
    }
    return load;
  }

  /** Decodes a configuration into digits and loads. */
  #open(key: number): void {
    const { width, held, demand } = this.#dense;
    this.#load.set(this.#fixedLoad);
    let rest = key;
    for (const [i, vm] of this.#active.entries()) {
      const digit = rest % this.#base;
      rest = (rest - digit) / this.#base;
      this.#digits[i] = digit;
      const host = this.#hostOf(vm, digit);
      if (this.#transit.at[vm] !== host) this.#transit.move(vm, host);
      if (host < 0) continue;
      const table = digit === this.#untouched ? held : demand;
      for (let r = 0; r < width; r++) {
        this.#load[host * width + r] =
          (this.#load[host * width + r] as number) + (table[vm * width + r] as number);
      }
    }
  }

  /** The host the VM runs on, -1: it does not. */
  #hostOf(vm: number, digit: number): number {
    if (digit === this.#untouched) return this.#dense.home[vm] as number;
    return digit < this.#dense.hostCount ? digit : -1;
  }

  /** What the preferred rules cost in this configuration; null when it is not viable. */
  #viablePenalty(): number | null {
    for (const [i, vm] of this.#active.entries()) {
      const host = this.#hostOf(vm, this.#digits[i] as number);
      if (this.#probe.at[vm] !== host) this.#probe.move(vm, host);
      if (host < 0 || !this.#dense.mayEnd(vm, host)) return null;
    }
    for (let host = 0; host < this.#dense.hostCount; host++) if (this.#probe.overloaded(host)) return null;
    const strict = this.#probe.constraints.every(
      (constraint) => constraint.weight > 0 || constraint.excess() === 0,
    );
    return strict ? this.#probe.penalty : null;
  }

  #expand(node: Node, open: Heap<Node>, reached: Map<number, number>, least: number): void {
    for (const [i, vm] of this.#active.entries()) {
      const digit = this.#digits[i] as number;
      for (const { step, to, charge } of this.#stepsOf(vm, digit)) {
        const cost = node.cost + charge;
        const key = node.key + (to - digit) * this.#base ** i;
        if (cost >= least || cost >= (reached.get(key) ?? Number.POSITIVE_INFINITY)) continue;
        reached.set(key, cost);
        open.push({ key, cost, estimate: cost, parent: node, step });
      }
    }
  }

  *#stepsOf(vm: number, digit: number): Iterable<{ step: Step; to: number; charge: number }> {
    const { hostCount, charges, home, suspendable } = this.#dense;
    const from = this.#hostOf(vm, digit);
    const asleep = digit >= hostCount && digit < this.#untouched ? digit - hostCount : -1;
    if (from >= 0 && home[vm] === -1) return;
    for (let host = 0; host < hostCount; host++) {
      if (host === from || !this.#admits(vm, host)) continue;
      const to = host === home[vm] && !this.#grows(vm) ? this.#untouched : host;
      if (from >= 0)
        yield { step: { kind: "migrate", vm, from, to: host }, to, charge: charges.move(vm, from, host) };
      else if (asleep >= 0) {
        yield {
          step: { kind: "resume", vm, from: asleep, to: host },
          to,
          charge: charges.resume(vm, asleep, host),
        };
      } else yield { step: { kind: "run", vm, from: -1, to: host }, to, charge: 0 };
    }
    if (from >= 0 && suspendable[vm] === 1) {
      yield {
        step: { kind: "suspend", vm, from, to: -1 },
        to: hostCount + from,
        charge: charges.suspend(vm),
      };
    }
  }

  #grows(vm: number): boolean {
    const { width, demand, held } = this.#dense;
    for (let r = 0; r < width; r++) if (demand[vm * width + r] !== held[vm * width + r]) return true;
    return false;
  }

  #admits(vm: number, host: number): boolean {
    if (!this.#dense.mayEnter(vm, host)) return false;
    if (!this.#transit.idle && !this.#transit.admits(vm, host)) return false;
    const { width, ceiling, demand } = this.#dense;
    for (let r = 0; r < width; r++) {
      const wanted = demand[vm * width + r] as number;
      const cell = host * width + r;
      if (wanted > 0 && (this.#load[cell] as number) + wanted > (ceiling[cell] as number)) return false;
    }
    return true;
  }
}
