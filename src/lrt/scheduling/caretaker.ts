/**
 * Ends a partition whose leader has died: the first live member in join order proposes itself under the next
 * epoch, each member durably follows one (epoch, leader), and is then told that it is free as soon as its own
 * running action has ended. Nothing new is started: a half-applied plan is a legal placement, since every step
 * alone keeps capacity and rules.
 */
import type { NodeId } from "../../model/node.ts";
import type { Calls } from "../calls.ts";
import type { PartitionId } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import type { Booking } from "./booking.ts";

export function takeOver(booking: Booking, dead: NodeId, self: NodeId, calls: Calls, turn: LrtTurn): void {
  const ref = { pid: booking.pid, partitionEpoch: booking.partitionEpoch + 1 };
  turn.notify({ kind: "took-over", ...ref, dead });
  for (const member of booking.members) {
    if (member === dead && member !== self) continue;
    calls.send(member, { type: "partition.propose", ...ref, leader: self }, turn, (answer, later) => {
      if (answer.kind !== "followed") return;
      calls.send(member, { type: "partition.release", ...ref, reason: "its leader died" }, later, () => {});
    });
  }
}

/** Who should lead: the first in join order that is alive. */
export function successor(
  booking: Booking,
  alive: (node: NodeId) => boolean,
): { readonly pid: PartitionId; readonly leader: NodeId | null } {
  const leader = booking.members.find((node) => node !== booking.leader && alive(node)) ?? null;
  return { pid: booking.pid, leader };
}
