/**
 * What the solver is charged in simulated time: by the size of its problem and the decisions it came to, never by the
 * wall clock. `discovery-sim calibrate` measures the figures; these are what it said on the machine named in
 * `docs/reference/simulator.md`.
 */
export interface Charge {
  readonly microsecondsPerVm: number;
  readonly microsecondsPerDecision: number;
}

export const CHARGE: Charge = { microsecondsPerVm: 2, microsecondsPerDecision: 5 };

/** Whole simulated milliseconds, at least one. */
export function solverMs(vms: number, decisions: number): number {
  const { microsecondsPerVm, microsecondsPerDecision } = CHARGE;
  return Math.max(1, Math.ceil((vms * microsecondsPerVm + decisions * microsecondsPerDecision) / 1000));
}
