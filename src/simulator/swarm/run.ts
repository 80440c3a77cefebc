/**
 * One run of a swarm: safety first (faults; no invariant may break), then everything is healed and must settle, within
 * a bounded time: nobody booked, no order open, every VM running once, every event ended or waiting with a reason.
 */
import { hash32 } from "../../lib/random.ts";
import { perform } from "../faults/verbs.ts";
import { Simulation, type Violation } from "../simulation.ts";
import { drawRun } from "./draw.ts";
import { Tally } from "./tally.ts";

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly lines: readonly string[];
  readonly tally: Tally;
  /** Simulated milliseconds until everything had settled, from the healing. */
  readonly settledInMs: number;
  readonly events: number;
  /** Of everything that was said: the same seed gives the same. */
  readonly fingerprint: string;
}

/** Two leases, a partition's whole life, and the patience with one that took an event over: no run needs more. */
const SETTLE_MS = 900_000;
/** How often it is asked whether everything has settled. */
const LOOK_MS = 1_000;
/** Nothing has settled earlier: loads are still being averaged and dead members found again. */
const CALM_MS = 15_000;

export function runSeed(seed: number, trace = false): RunResult {
  const tally = new Tally();
  const { spec, deeds, healAtMs } = drawRun(seed, trace);
  const world = new Simulation({ ...spec, checkers: [tally, ...spec.checkers] });
  world.start();
  for (const deed of deeds) if (deed.atMs < healAtMs) world.queue.at(deed.atMs, () => perform(world, deed));
  world.run(healAtMs);
  const settledInMs = world.violations.length > 0 ? 0 : settle(world, healAtMs);
  return {
    seed,
    violations: world.violations,
    lines: world.story.lines,
    tally,
    settledInMs,
    events: world.queue.executed,
    fingerprint: hash32(`${tally.digest} ${world.network.bytes} ${world.network.sent}`).toString(16),
  };
}

function settle(world: Simulation, healAtMs: number): number {
  heal(world);
  for (let at = healAtMs + CALM_MS; at <= healAtMs + SETTLE_MS; at += LOOK_MS) {
    if (!world.run(at)) return at - healAtMs;
    if (world.unsettled().length === 0) return at - healAtMs;
  }
  world.demandSettled();
  return SETTLE_MS;
}

function heal(world: Simulation): void {
  world.story.tell("-", "everything is healed");
  world.ambushes.clear();
  world.network.heal();
  for (const host of world.hosts) {
    host.powerOn();
    host.disk.slownessMs = 0;
    host.solver.slownessMs = 0;
    host.solver.resume();
    host.control({ kind: "unstall" });
    host.control({ kind: "set-usage-readable", readable: true });
    host.connectControl();
    host.resumeAgent();
    host.startAgent();
  }
}
