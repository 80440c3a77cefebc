/** One evaluation: the workload played to a simulation, measured from outside, told as a report. */
import { Random } from "../../lib/random.ts";
import { solverMs } from "../calibration/charge.ts";
import { CentralScheduler } from "../centralised/scheduler.ts";
import { allCheckers } from "../checkers/all.ts";
import { MembershipModel } from "../membership/model.ts";
import { settledMembership } from "../membership/settled.ts";
import { Simulation } from "../simulation.ts";
import type { SimulatedHost } from "../world/host.ts";
import { Adversity } from "./adversity.ts";
import { linksOf } from "./links.ts";
import { type EvaluationOptions, lrtConfigOf } from "./options.ts";
import { Partitions } from "./partitions.ts";
import { type Measured, type Report, reportOf } from "./report.ts";
import { Rounds } from "./rounds.ts";
import { Truth } from "./truth.ts";
import { LINK_MIB_PER_SECOND, vmplaces, type Workload } from "./vmplaces.ts";

/** Time for every agent to start before the workload begins, where membership is real. */
const WARM_UP_MS = 10_000;

/** All of a guest's one processor, milli-CPU. */
const MOST_LOAD = 1000;

export class Evaluation {
  readonly options: EvaluationOptions;
  readonly simulation: Simulation;
  readonly #workload: Workload;
  readonly #truth: Truth;
  readonly #partitions: Partitions;
  readonly #model: MembershipModel | null;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #begins: number;
  readonly #random: Random;
  /** What the workload drew last, by guest. */
  readonly #drawn: Float64Array;
  #surging = false;
  #loadChanges = 0;

  constructor(options: EvaluationOptions) {
    this.options = options;
    this.#random = new Random(`vmplaces/${options.seed}`);
    this.#workload = vmplaces(options, this.#random);
    this.#drawn = new Float64Array(options.vms).fill(this.#workload.initialLoad);
    const { hosts, vms, initialLoad } = this.#workload;
    this.#numbers = new Map(vms.map((vm, number) => [vm, number]));
    this.#truth = new Truth(new Map(vms.map((vm) => [vm, initialLoad])), (vm, host) => this.#set(vm, host));
    this.#partitions = new Partitions(this.#truth);
    this.#model = options.membership !== "real" || this.#central ? new MembershipModel(hosts) : null;
    this.#begins = this.#model === null ? WARM_UP_MS : 0;
    const lrt = lrtConfigOf(options);
    this.simulation = new Simulation({
      seed: options.seed,
      hosts,
      config: { lrt, membership: {} },
      hypervisor: { linkMibPerSecond: LINK_MIB_PER_SECOND },
      linkOf: linksOf(hosts, options),
      checkers: [
        this.#truth,
        this.#partitions,
        ...(this.#model === null ? [] : [this.#model]),
        ...(options.checkers ? allCheckers(lrt) : []),
      ],
      solverCost: (decisions, problem) => solverMs(problem.vms.length, decisions),
      trace: false,
      membership: this.#model?.make ?? settledMembership(hosts),
    });
    this.#model?.bind(this.simulation);
  }

  get #central(): boolean {
    return this.options.algorithm === "centralised";
  }

  /** Powers everything on and puts the first change of load on the clock. */
  start(): void {
    const { simulation } = this;
    simulation.start(!this.#central);
    if (this.#central) {
      const watched = new Rounds(simulation, this.#truth, this.#partitions);
      new CentralScheduler(simulation, this.#truth, lrtConfigOf(this.options), watched).start();
    }
    const adversity = new Adversity(this.options, simulation, this.#truth);
    adversity.schedule(this.#begins, this.#random.fork("adversity"), (on) => this.#surge(on));
    this.#schedule();
  }

  /** Simulated milliseconds from the beginning to the end, the warm-up included. */
  get endsAt(): number {
    return this.#begins + this.options.durationMs;
  }

  get over(): boolean {
    return this.simulation.now >= this.endsAt || this.simulation.violations.length > 0;
  }

  /** Runs that much further. */
  advance(simulatedMs: number): void {
    this.simulation.run(Math.min(this.endsAt, this.simulation.now + simulatedMs));
  }

  /** What has been measured until now; it may be asked for at any time. */
  report(): Report {
    const { simulation } = this;
    const measured: Measured = {
      simulatedMs: Math.max(0, simulation.now - this.#begins),
      loadChanges: this.#loadChanges,
      heartbeats: this.#central
        ? null
        : (this.#model?.heartbeats(this.options.hosts, simulation.now) ?? null),
    };
    return reportOf(this.options, measured, simulation, this.#truth, this.#partitions);
  }

  #schedule(): void {
    const { at, vm, load } = this.#workload.changes.next();
    this.simulation.queue.at(this.#begins + at, () => {
      this.#loadChanges++;
      this.#change(vm, load);
      this.#schedule();
    });
  }

  /** Every guest that began on the first site wants more, or no longer does. */
  #surge(on: boolean): void {
    this.#surging = on;
    const { hosts, sites, vms } = this.options;
    for (let vm = 0; vm < vms; vm++) if ((vm % hosts) % sites === 0) this.#change(vm, this.#drawn[vm] ?? 0);
  }

  #change(number: number, drawn: number): void {
    const { hosts, sites, faults } = this.options;
    this.#drawn[number] = drawn;
    this.simulation.disturbed();
    const surging = this.#surging && (number % hosts) % sites === 0;
    const load = surging ? Math.min(MOST_LOAD, drawn + 10 * faults.siteSurgePercent) : drawn;
    const vm = this.#workload.vms[number] ?? "";
    this.#truth.setLoad(vm, load, this.simulation.now);
    const host = this.#truth.host(vm);
    if (host !== undefined) this.#set(vm, host);
  }

  /** Tells the guest's hypervisor what it wants now; a guest on its way is told when it has arrived. */
  #set(vm: string, host: SimulatedHost): void {
    const load = this.#truth.load(vm);
    const number = this.#numbers.get(vm) ?? 0;
    this.simulation.queue.after(0, () => {
      if (this.#truth.host(vm) !== host || this.#truth.load(vm) !== load) return;
      host.control({ kind: "set-dirty-rate", vm, dirtyRate: this.#workload.dirtyRate(number, load) });
      host.control({ kind: "set-load", vm, load });
    });
  }
}
