/** `discovery-sim calibrate`: measures what the solver takes on this machine, in the terms it is charged in. */
import { Random } from "../../lib/random.ts";
import { CHARGE } from "./charge.ts";
import { drawProblem, leastSquares, type Sample, sample } from "./sample.ts";

/** Hosts, and the mean load in percent: 60 is easily solved, 70 is full, 75 has no plan. */
const SIZES = [2, 3, 4, 6, 8, 16, 32, 64, 256, 1024] as const;
const LOADS = [60, 66, 70, 75] as const;
const DRAWS = 3;

/** @returns 0. */
export function main(): number {
  const random = new Random("calibrate");
  const samples: Sample[] = [];
  for (const hosts of SIZES) {
    const ofSize = LOADS.flatMap((load) =>
      Array.from({ length: DRAWS }, () => sample(drawProblem(hosts, load, random), processorTime)),
    );
    samples.push(...ofSize);
    process.stdout.write(lineOf(hosts, ofSize));
  }
  const { microsecondsPerVm, microsecondsPerDecision } = leastSquares(samples);
  process.stdout.write(
    `${microsecondsPerVm.toFixed(1)} µs per VM, ${microsecondsPerDecision.toFixed(1)} µs per decision ` +
      `(charged: ${CHARGE.microsecondsPerVm} and ${CHARGE.microsecondsPerDecision})\n`,
  );
  return 0;
}

function lineOf(hosts: number, samples: readonly Sample[]): string {
  const least = Math.min(...samples.map(({ microseconds }) => microseconds));
  const most = samples.reduce((a, b) => (a.microseconds > b.microseconds ? a : b));
  const longest = `${Math.round(most.microseconds)} µs (${most.decisions} decisions)`;
  return `${hosts} hosts, ${most.vms} VMs: ${Math.round(least)} µs to ${longest}\n`;
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
