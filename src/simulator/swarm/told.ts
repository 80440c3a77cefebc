/** What seeds showed, for people and for programs. */
import type { Violation } from "../simulation.ts";
import type { Size, SwarmResult } from "./run.ts";

/** A seed that shows a fault says no more than so many of its violations, each in a line. */
const MAX_TOLD = 5;

export function replayLine(seed: number, size: Size): string {
  return `bin/discovery-sim replay ${size === "large" ? "--large " : ""}--seed ${seed}`;
}

export function sayFault(seed: number, size: Size, violations: readonly Violation[]): string {
  const lines = violations
    .slice(0, MAX_TOLD)
    .map(
      ({ at, checker, what }) => `  ${(at / 1000).toFixed(3)} s  ${checker}: ${what.split("\n")[0] ?? ""}`,
    );
  if (violations.length > MAX_TOLD) lines.push(`  and ${violations.length - MAX_TOLD} more`);
  return `seed ${seed} shows a fault:\n${lines.join("\n")}\nreplay: ${replayLine(seed, size)}\n`;
}

/** All seeds so far. */
export class Sums {
  actions = 0;
  steps = 0;
  simulatedMs = 0;

  add({ actions, events, simulatedMs }: SwarmResult): void {
    this.actions += actions;
    this.steps += events;
    this.simulatedMs += simulatedMs;
  }

  get hours(): string {
    return (this.simulatedMs / 3_600_000).toFixed(1);
  }

  say(bad: number): string {
    const found = bad === 0 ? "no seed shows a fault" : `seeds that show a fault: ${bad}`;
    return `${found}; ${this.actions} actions, ${this.steps} steps, ${this.hours} simulated hours\n`;
  }
}
