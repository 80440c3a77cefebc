import type { Labels, NodeId } from "./node.ts";
import type { Resources } from "./resources.ts";

/** alive → suspect → dead, and `left` of its own will. Only a higher incarnation brings a member back. */
export type MemberState = "alive" | "suspect" | "dead" | "left";

/** What a member says of itself; it alone raises its incarnation. */
export interface Member {
  readonly id: NodeId;
  /** The host's name as operators know it. */
  readonly name: string;
  /** Multiaddrs it can be dialled at. */
  readonly addresses: readonly string[];
  readonly labels: Labels;
  readonly capacity: Resources;
  /** Counted by the member itself; grows at every start and at every change of what it says. */
  readonly incarnation: number;
  readonly state: MemberState;
  /** A draining host is asked for nothing. */
  readonly draining: boolean;
  /** Wall-clock time of its first join, RFC 3339: orders joins for the registry's creation rule. */
  readonly joinedAt: string;
  /** The versions it speaks. */
  readonly protocol: { readonly min: number; readonly max: number };
  readonly version: string;
}
