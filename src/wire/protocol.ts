import type { Lane } from "../ports/effects.ts";

/** The versions of this format that are spoken. */
export const VERSIONS = { min: 1, max: 1 } as const;

/** libp2p's protocol id of a lane: one stream per peer, direction and lane. */
export function protocolId(lane: Lane): string {
  return `/discovery/${VERSIONS.max}/${lane}`;
}
