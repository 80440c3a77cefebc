import type { Random } from "../../lib/random.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";

/** A random identity in the form of RFC 4122, version 4, lower case; 122 bits of the stream. */
export function uuid(random: Random): VmId {
  const hex = Array.from({ length: 4 }, () => random.next().toString(16).padStart(8, "0")).join("");
  const variant = "89ab"[random.int(0, 3)] ?? "8";
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** `<short node>-<k>`: a VE handler's id; the short form tells a cluster's hosts apart for people. */
export function handlerId(node: NodeId, k: number): string {
  return `${node.slice(-8).toLowerCase()}-${k}`;
}
