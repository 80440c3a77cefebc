/**
 * What the solver is charged in simulated time: by the size of its problem and the decisions it came to, never by the
 * wall clock. `discovery-sim calibrate` measures both figures; these were measured with it.
 */
export const CHARGE = { microsecondsPerVm: 20, microsecondsPerDecision: 10 } as const;

/** Whole simulated milliseconds, at least one. */
export function solverMs(vms: number, decisions: number): number {
  const { microsecondsPerVm, microsecondsPerDecision } = CHARGE;
  return Math.max(1, Math.ceil((vms * microsecondsPerVm + decisions * microsecondsPerDecision) / 1000));
}
