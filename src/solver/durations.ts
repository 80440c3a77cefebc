/**
 * How long actions last, for the plan's time line. A migration sends its memory once and pays a fixed part for
 * set-up and the final stop-and-copy; run and stop follow the figures measured on Entropy's clusters
 * (Hermenier et al., VEE 2009). Estimates only: execution follows the dependencies.
 */
import type { ActionKind } from "../model/plan.ts";

const BANDWIDTH_MIB_PER_SECOND = 100;
const MIGRATION_FIXED_MS = 1000;
const RUN_MS = 6000;
const STOP_MS = 2000;
const ALLOCATE_MS = 100;

/** Estimated milliseconds of one action on a VM of `memory` MiB. `remote`: source and destination differ. */
export function durationOf(
  kind: ActionKind,
  memory: number,
  remote: boolean,
  bandwidthMibPerSecond = BANDWIDTH_MIB_PER_SECOND,
): number {
  const copy = Math.ceil((memory * 1000) / bandwidthMibPerSecond);
  switch (kind) {
    case "migrate":
      return MIGRATION_FIXED_MS + copy;
    case "suspend":
      return MIGRATION_FIXED_MS + copy;
    case "resume":
      return MIGRATION_FIXED_MS + (remote ? 2 * copy : copy);
    case "run":
      return RUN_MS;
    case "stop":
      return STOP_MS;
    case "allocate":
      return ALLOCATE_MS;
  }
}
