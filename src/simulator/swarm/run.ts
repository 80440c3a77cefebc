/**
 * One seed, one world:
 *
 *   calm start ─▶ faults, every checker at every step ─▶ healed, loads lowered ─▶ everything must settle in time
 */
import { Random } from "../../lib/random.ts";
import { allCheckers } from "../checkers/all.ts";
import type { TimedFault } from "../faults/fault.ts";
import { calm, tidy } from "../faults/heal.ts";
import { Injector } from "../faults/inject.ts";
import { Simulation, type Violation } from "../simulation.ts";
import { drawFaults } from "./draw-faults.ts";
import { drawWorld, linkOf, type SwarmWorld } from "./world.ts";

export interface SwarmCase {
  readonly seed: string;
  readonly world: SwarmWorld;
  /** When the faults are over, simulated milliseconds. */
  readonly healAt: number;
  readonly faults: readonly TimedFault[];
}

export interface SwarmResult {
  readonly violations: readonly Violation[];
  readonly story: readonly string[];
  /** Actions that hosts carried out to their end. */
  readonly actions: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly messages: number;
  readonly bytes: number;
}

const CALM_MS = 10_000;
/** How many a case has. */
const FAULTS = { small: [5, 60], large: [50, 300] } as const;
/** From healing to settled; a migration's timeout, a lease and the longest back-off fit several times. */
export const SETTLE_MS = 420_000;
/** From healing to tidying up. */
export const TIDY_AFTER_MS = 5000;
const LOOK_MS = 5000;
/** Time for conditions that the lowered loads ended to be seen by everybody. */
const QUIET_MS = 40_000;

export type Size = "small" | "large";

export function drawCase(seed: string, size: Size = "small"): SwarmCase {
  const random = new Random(size === "small" ? `swarm/${seed}` : `swarm/large/${seed}`);
  const world = drawWorld(random.fork("world"), size);
  const healAt = CALM_MS + random.int(20_000, 180_000);
  const window = { from: CALM_MS, until: healAt };
  const faults = drawFaults(random.fork("faults"), world.hosts, window, FAULTS[size]);
  return { seed, world, healAt, faults };
}

/** @param trace whether the story is kept. */
export function runCase({ seed, world, healAt, faults }: SwarmCase, trace: boolean): SwarmResult {
  const simulation = new Simulation({
    seed,
    hosts: world.hosts,
    config: { lrt: world.lrt, membership: {} },
    hypervisor: world.hypervisor,
    linkOf: linkOf(world),
    msPerDecision: world.msPerDecision,
    checkers: allCheckers(world.lrt),
    trace,
  });
  const injector = new Injector(simulation);
  simulation.start();
  injector.schedule(faults);
  if (simulation.run(healAt)) {
    simulation.story.tell("#", "everything is healed");
    calm(simulation);
    settle(simulation, healAt);
  }
  const { violations, story, queue, network } = simulation;
  return {
    violations,
    story: story.lines,
    actions: simulation.actionsDone,
    simulatedMs: queue.now,
    events: queue.executed,
    messages: network.sent,
    bytes: network.bytes,
  };
}

function settle(simulation: Simulation, healAt: number): void {
  if (!simulation.run(healAt + TIDY_AFTER_MS)) return;
  tidy(simulation);
  const until = healAt + SETTLE_MS;
  if (!simulation.run(healAt + QUIET_MS)) return;
  while (simulation.unsettled().length > 0 && simulation.now < until)
    if (!simulation.run(simulation.now + LOOK_MS)) return;
  simulation.demandSettled();
}
