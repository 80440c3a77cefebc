import { PROTOCOL } from "../../agent/agent.ts";
import type { Profile } from "../../dnt/membership/identity.ts";
import type { HostSpec } from "./host.ts";

export const ADDRESS = "sim://";

/** What a simulated host says of itself when its agent starts. */
export function profileOf({ id, labels, capacity }: HostSpec): Profile {
  return {
    id,
    name: id,
    addresses: [`${ADDRESS}${id}`],
    labels,
    capacity,
    joinedAt: "2026-01-01T00:00:00Z",
    version: "sim",
    protocol: PROTOCOL,
    draining: false,
  };
}
