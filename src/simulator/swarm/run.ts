/**
 * One seed, one world:
 *
 *   calm start ─▶ faults, every checker at every step ─▶ healed, loads lowered ─▶ everything must settle in time
 */
import { assert } from "../../lib/assert.ts";
import { Random } from "../../lib/random.ts";
import type { TimedFault } from "../faults/fault.ts";
import { perform } from "../scenario/deeds.ts";
import { play } from "../scenario/folder.ts";
import { stage } from "../scenario/run.ts";
import type { Deed } from "../scenario/script.ts";
import type { Simulation, Violation } from "../simulation.ts";
import { drawComings, drawFaults } from "./draw-faults.ts";
import { scenesOf, scriptOf, shapeOf } from "./script-of.ts";
import { drawWorld, type SwarmWorld } from "./world.ts";

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
/**
 * From healing to settled; a migration's timeout, a lease and the longest back-off fit several times. Worlds that
 * consolidate over links that go on losing a tenth of all messages take the longest, as every third migration fails.
 */
const SETTLE_MS = 1_800_000;
const LOOK_MS = 5000;
/** Time for conditions that the lowered loads ended to be seen by everybody. */
const QUIET_MS = 40_000;

/** When everything must have settled. */
export const endOf = ({ healAt }: SwarmCase): number => healAt + SETTLE_MS;

export type Size = "small" | "large";

export function drawCase(seed: string, size: Size = "small"): SwarmCase {
  const random = new Random(size === "small" ? `swarm/${seed}` : `swarm/large/${seed}`);
  const world = drawWorld(random.fork("world"), size);
  const healAt = CALM_MS + random.int(20_000, 180_000);
  const window = { from: CALM_MS, until: healAt };
  const wrong = drawFaults(random.fork("faults"), world.hosts, window, FAULTS[size]);
  const comings = drawComings(random.fork("comings"), world.hosts, window);
  return { seed, world, healAt, faults: [...comings, ...wrong].sort((a, b) => a.at - b.at) };
}

/** @param trace whether the story is kept. */
export function runCase(one: SwarmCase, trace: boolean): SwarmResult {
  const shape = shapeOf(one);
  const script = scriptOf(scenesOf(one), endOf(one));
  const played = play(shape, script, { folder: `seed ${one.seed}`, script: `seed ${one.seed}` });
  assert(played.ok, `what a seed draws can be played: ${played.ok ? "" : played.failure.message}`);
  const { hosts, deeds } = played.value;
  const simulation = stage({ shape, hosts }, trace);
  simulation.start();
  if (acted(simulation, deeds)) settle(simulation, one.healAt, endOf(one));
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

/** @returns whether nothing went wrong until everything was healed. */
function acted(simulation: Simulation, deeds: readonly Deed[]): boolean {
  for (const deed of deeds) {
    if (deed.verb === "end") return true;
    if (!simulation.run(deed.at)) return false;
    perform(deed, simulation);
  }
  return true;
}

function settle(simulation: Simulation, healAt: number, until: number): void {
  if (!simulation.run(healAt + QUIET_MS)) return;
  while (simulation.unsettled().length > 0 && simulation.now < until)
    if (!simulation.run(simulation.now + LOOK_MS)) return;
  simulation.demandSettled();
}
