import { describe, expect, it } from "vitest";
import { Random } from "../../../src/lib/random.ts";
import { CHARGE, solverMs } from "../../../src/simulator/calibration/charge.ts";
import { drawProblem, leastSquares, sample } from "../../../src/simulator/calibration/sample.ts";
import { problemFaults } from "../../../src/solver/index.ts";

describe("what the solver is charged", () => {
  it("is found again from samples that were made of it", () => {
    const samples = [
      [20, 0],
      [20, 20_000],
      [640, 12],
      [10_240, 400],
    ].map(([vms = 0, decisions = 0]) => ({
      hosts: vms / 10,
      vms,
      decisions,
      microseconds: 3 * vms + 7 * decisions,
    }));
    const { microsecondsPerVm, microsecondsPerDecision } = leastSquares(samples);
    expect(microsecondsPerVm).toBeCloseTo(3, 6);
    expect(microsecondsPerDecision).toBeCloseTo(7, 6);
  });

  it("is whole milliseconds, at least one, and grows with the problem and the search", () => {
    expect(solverMs(1, 0)).toBe(1);
    const { microsecondsPerVm, microsecondsPerDecision } = CHARGE;
    expect(solverMs(100_000, 0)).toBe(100 * microsecondsPerVm);
    expect(solverMs(0, 20_000)).toBe(20 * microsecondsPerDecision);
  });

  it("is measured on problems as a partition has them: well formed, with an overloaded host", () => {
    const problem = drawProblem(4, 60, new Random("p"));
    expect(problemFaults(problem)).toEqual([]);
    const first = problem.vms.filter(({ host }) => host === "h00000");
    expect(first.reduce((sum, { demand }) => sum + (demand["cpu"] ?? 0), 0)).toBe(8000);
  });

  it("divides what many runs took by their number", () => {
    let clock = 0;
    const tick = () => {
      clock += 5000;
      return clock;
    };
    const { microseconds, vms } = sample(drawProblem(2, 60, new Random("s")), tick);
    expect(vms).toBe(20);
    expect(microseconds).toBeGreaterThan(0);
    expect(microseconds).toBeLessThanOrEqual(10_000);
  });
});
