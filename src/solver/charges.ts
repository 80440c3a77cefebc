/**
 * What the objective charges for putting a VM on a host. Entropy's model (Hermenier et al., HPDC 2010): a live
 * migration and a suspend cost the VM's memory, a local resume the same, a remote one twice; run and stop nothing.
 */
import { present } from "../lib/assert.ts";
import { labelDistance } from "../model/node.ts";
import { MEMORY, type Problem, type ProblemVm } from "./problem.ts";

/** By `labelDistance`: within a rack, a room, a site, and across sites. */
const DISTANCE_WEIGHT = [1, 2, 4, 16] as const;

export class Charges {
  /** Charge of moving a VM once, at distance 0. */
  readonly once: Float64Array;
  readonly #problem: Problem;
  readonly #home: Int32Array;
  readonly #image: Int32Array;
  /** 1: leaves its host by being suspended. */
  readonly #suspends: Uint8Array;

  constructor(problem: Problem, home: Int32Array, image: Int32Array) {
    this.#problem = problem;
    this.#home = home;
    this.#image = image;
    this.once = new Float64Array(problem.vms.length);
    this.#suspends = new Uint8Array(problem.vms.length);
  }

  /** Whether a move costs the same wherever it goes. */
  get level(): boolean {
    return this.#problem.objective !== "distance";
  }

  /** Reads what one VM costs. */
  take(vm: ProblemVm, v: number): void {
    this.once[v] = this.#problem.objective === "migrations" ? 1 : (vm.cost ?? vm.demand[MEMORY] ?? 0);
    this.#suspends[v] = vm.state === "running" && vm.desired === "sleeping" ? 1 : 0;
  }

  /** Charge of a VM standing on `host` at the end, when it gets there in one step. */
  standing(vm: number, host: number): number {
    const from = this.#home[vm] as number;
    if (from === host) return 0;
    if (from >= 0) return this.move(vm, from, host);
    const lies = this.#image[vm] as number;
    return lies < 0 ? 0 : this.resume(vm, lies, host);
  }

  move(vm: number, from: number, to: number): number {
    const once = this.once[vm] as number;
    return this.level ? once : once * this.#weight(from, to);
  }

  resume(vm: number, image: number, host: number): number {
    return image === host ? (this.once[vm] as number) : 2 * this.move(vm, image, host);
  }

  suspend(vm: number): number {
    return this.once[vm] as number;
  }

  /** Charge of a VM's leaving for good: suspended, or stopped for nothing. */
  leaving(vm: number): number {
    return this.#suspends[vm] === 1 ? this.suspend(vm) : 0;
  }

  #weight(from: number, to: number): number {
    const { hosts } = this.#problem;
    const distance = labelDistance(present(hosts[from], "host").labels, present(hosts[to], "host").labels);
    return DISTANCE_WEIGHT[distance as 0 | 1 | 2 | 3];
  }
}
