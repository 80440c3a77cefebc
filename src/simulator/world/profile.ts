import { PROTOCOL } from "../../agent/agent.ts";
import type { Profile } from "../../dnt/membership/identity.ts";
import type { HostSpec } from "./host.ts";

export const ADDRESS = "sim://";

/** When all simulations begin. */
const EPOCH = Date.UTC(2026, 0, 1);

/** What a simulated host says of itself when its agent starts. `joinedMs`: simulated time of its joining. */
export function profileOf({ id, labels, capacity }: HostSpec, joinedMs = 0): Profile {
  return {
    id,
    name: id,
    addresses: [`${ADDRESS}${id}`],
    labels,
    capacity,
    joinedAt: new Date(EPOCH + joinedMs).toISOString(),
    version: "sim",
    protocol: PROTOCOL,
    draining: false,
  };
}
