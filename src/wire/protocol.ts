import type { Lane } from "../ports/effects.ts";

/** The versions of this format that are spoken; a sender goes by the `protocol` of the peer's member record. */
export const VERSIONS = { min: 1, max: 1 } as const;

/** Changes only with a format that older releases cannot even refuse politely. */
const FORMAT = 1;

/** libp2p's protocol id of a lane: one stream per peer, direction and lane. */
export function protocolId(lane: Lane): string {
  return `/discovery/${FORMAT}/${lane}`;
}
