/** A node's identity: its libp2p peer id in text form (any stable word in the simulator). */
export type NodeId = string;

/** What an operator says about a host. `site` and `rack` order the neighbours; any label can be required. */
export type Labels = { readonly [key: string]: string };

/** The labels that say where a host is, widest first. */
export const LOCATION_LABELS = ["site", "room", "rack"] as const;

/** How many location labels two hosts do not share, counted from the widest that differs: 0 is "same rack". */
export function labelDistance(a: Labels, b: Labels): number {
  const differs = LOCATION_LABELS.findIndex((label) => (a[label] ?? "") !== (b[label] ?? ""));
  return differs === -1 ? 0 : LOCATION_LABELS.length - differs;
}
