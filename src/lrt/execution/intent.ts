import type { Domain } from "../../hypervisor/domain.ts";
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { ActionKey, ActionOrder, ActionOutcome, BookingToken, PartitionRef } from "../messages.ts";

/**
 * What a node has promised to do, or has begun, under a booking token: written down before it is done. An intent
 * without an outcome after a crash means: ask the hypervisor, then the other side.
 */
export interface Intent {
  readonly order: ActionOrder;
  readonly role: "source" | "destination" | "runner";
  readonly ref: PartitionRef;
  readonly leader: NodeId;
  readonly token: BookingToken;
  /** The destination's migration URI; the source's order names it. */
  readonly uri: string;
  /** null while it is open. */
  readonly outcome: ActionOutcome | null;
  /** At a destination: the source's last word, kept before it is acknowledged. */
  readonly word: "done" | "failed" | null;
  readonly since: Instant;
}

const PREFIX = "lrt/intent/";

export const intentKey = (key: ActionKey): string => `${PREFIX}${key}`;

export function restoredIntents(restored: ReadonlyMap<string, unknown>): Intent[] {
  return [...restored].filter(([key]) => key.startsWith(PREFIX)).map(([, value]) => value as Intent);
}

/** What a host sees of a VM, as the decision table speaks of it. */
export type Sight = "running" | "migrating" | "paused" | "absent";

export function sightOf(domain: Domain | undefined): Sight {
  if (domain === undefined || domain.state === "shutoff") return "absent";
  if (domain.job === "migrating-out" || domain.job === "migrating-in") return "migrating";
  if (domain.state === "running") return "running";
  if (domain.state === "crashed") return "absent";
  return domain.pauseReason === "migrating-in" || domain.pauseReason === "migrating-out"
    ? "migrating"
    : "paused";
}

/**
 * As the host itself sees it. `stopped`: paused for a reason of its own (an I/O error, a watchdog, a guest that sleeps),
 * which nobody's resume ends; `suspended`: paused by somebody, perhaps before its migration began. The other side is told
 * that it is paused.
 */
export type OwnSight = Sight | "stopped" | "suspended";

export function ownSightOf(domain: Domain | undefined): OwnSight {
  const sight = sightOf(domain);
  if (sight !== "paused") return sight;
  if (domain?.pauseReason === "user") return "suspended";
  return domain?.pauseReason === "other" ? "stopped" : sight;
}

/** What to do about an open intent whose outcome is not known. */
export type Verdict =
  | { readonly kind: "ended"; readonly outcome: "done" | "failed" | "lost"; readonly reason: string }
  /** Finish it here, then it has ended so. */
  | { readonly kind: "resume" | "destroy"; readonly outcome: "done" | "failed"; readonly reason: string }
  /** A migration is still under way here: wait for its end. */
  | { readonly kind: "await" }
  /** Only the other side can tell. */
  | { readonly kind: "ask" }
  /** Nobody is kept from anything by it any more, but it stays open: the other side may come back. */
  | { readonly kind: "set-aside"; readonly reason: string }
  | { readonly kind: "wait"; readonly reason: string };

/**
 * The other side's answer, or `null`: it has not answered. `open`: it still has this order open. `outcome`: how the
 * order ended there, if that is known; a source remembers it durably until its destination has kept the word.
 */
export type OtherSide = {
  readonly vm: Sight;
  readonly open: boolean;
  readonly outcome: "done" | "failed" | null;
} | null;

/**
 * The reduced decision table of a migration found after a crash, as its source sees it. A guest arrives paused and
 * runs at its destination only upon this source's durable word that it has left: so a source that still has the guest
 * may always let it go on, whatever the destination holds. `mayBegin`: its hypervisor may hold the order still, as it was
 * asked by a process that has died or was not answered.
 *
 * | here      | destination                        | verdict                                             |
 * | --------- | ---------------------------------- | --------------------------------------------------- |
 * | running   | –, but it may still begin          | wait                                                |
 * | running   | –                                  | failed: the guest never left                        |
 * | paused    | –                                  | resume here                                         |
 * | stopped   | –, but it may still begin          | wait                                                |
 * | stopped   | –                                  | failed: it is here, and runs when it can            |
 * | migrating | –                                  | await                                               |
 * | absent    | paused, running, or it had arrived | done: its copy is whole                             |
 * | absent    | migrating                          | wait: the destination's hypervisor is finishing     |
 * | absent    | absent, and it had not arrived     | lost: both answered, nobody has it                  |
 * | absent    | no answer                          | wait (the node is not kept from others meanwhile)   |
 */
export function judgeSource(here: OwnSight, other: OtherSide, asked: boolean, mayBegin: boolean): Verdict {
  if ((here === "running" || here === "stopped" || here === "suspended") && mayBegin)
    return { kind: "wait", reason: "its hypervisor may still begin" };
  if (here === "running")
    return { kind: "ended", outcome: "failed", reason: "the guest never left its host" };
  if (here === "stopped")
    return {
      kind: "ended",
      outcome: "failed",
      reason: "the guest is at its host, paused for a reason of its own",
    };
  if (here === "paused" || here === "suspended")
    return { kind: "resume", outcome: "failed", reason: "the guest is still at its host" };
  if (here === "migrating") return { kind: "await" };
  if (other === null)
    return asked ? { kind: "wait", reason: "the destination does not answer" } : { kind: "ask" };
  if (other.outcome !== "done" && other.vm === "migrating")
    return { kind: "wait", reason: "the destination is still receiving it" };
  if (other.outcome !== "done" && other.vm === "absent")
    return { kind: "ended", outcome: "lost", reason: "neither host has the guest" };
  return { kind: "ended", outcome: "done", reason: "the guest arrived" };
}

/** It has never run. */
const COPY_OF_NO_USE = {
  kind: "destroy",
  outcome: "failed",
  reason: "the guest went on at its source",
} as const satisfies Verdict;

/**
 * The same, as the destination sees it. `asked`: the source has answered or been silent, and this hypervisor was read
 * after the source's word.
 *
 * | here      | source                             | verdict                                               |
 * | --------- | ---------------------------------- | ----------------------------------------------------- |
 * | running   | –                                  | done                                                  |
 * | migrating | the order failed there, long ago   | destroy: its hypervisor hangs on a copy of no use     |
 * | migrating | anything else                      | wait: the hypervisors decide, within their keep-alive |
 * | absent    | it gave it away                    | lost: both answered, nobody has it                    |
 * | absent    | not open                           | failed: it will not start under this order any more   |
 * | absent    | open                               | wait                                                  |
 * | absent    | no answer                          | wait; set aside once the source's lease has ended: its |
 * |           |                                    | hypervisor may have stood still with the order, though |
 * | paused    | it gave it away                    | resume                                                |
 * | stopped   | it gave it away                    | done: it is here, and runs when it can                |
 * | paused or | the order failed there, or it is   | destroy the copy: the guest went on over there        |
 * | stopped   | not open and the guest runs there  |                                                       |
 * | paused or | anything else, no answer           | wait: resuming could run it twice                     |
 * | stopped   |                                    |                                                       |
 */
export function judgeDestination(
  here: OwnSight,
  other: OtherSide,
  asked: boolean,
  expired: boolean,
): Verdict {
  if (here === "running") return { kind: "ended", outcome: "done", reason: "the guest has arrived" };
  if (here === "migrating" && other?.outcome === "failed" && expired) return COPY_OF_NO_USE;
  if (here === "migrating") return { kind: "wait", reason: "receiving" };
  if (other === null) return silentSource(here, asked, expired);
  if (here === "absent") return absentAtDestination(other, asked);
  if (other.outcome === "done" && here === "stopped")
    return {
      kind: "ended",
      outcome: "done",
      reason: "the guest has arrived, paused for a reason of its own",
    };
  if (other.outcome === "done")
    return { kind: "resume", outcome: "done", reason: "the source has given it away" };
  if (other.outcome === "failed" || (other.vm === "running" && !other.open)) return COPY_OF_NO_USE;
  return { kind: "wait", reason: "paused here, unsettled at the source" };
}

function absentAtDestination(other: NonNullable<OtherSide>, asked: boolean): Verdict {
  if (other.open) return { kind: "wait", reason: "the source is still at it" };
  if (!asked) return { kind: "wait", reason: "the source has spoken; this hypervisor is being read" };
  if (other.outcome !== "done")
    return { kind: "ended", outcome: "failed", reason: "the source has given it up" };
  return { kind: "ended", outcome: "lost", reason: "the source gave the guest away, and it is not here" };
}

function silentSource(here: OwnSight, asked: boolean, expired: boolean): Verdict {
  if (!asked) return { kind: "ask" };
  if (here === "absent" && expired) {
    return { kind: "set-aside", reason: "the source is silent and may not start it any more" };
  }
  return { kind: "wait", reason: "the source does not answer" };
}

/**
 * A start found after a crash, as its host sees it: only this host can tell.
 *
 * | here      | verdict                                                                     |
 * | --------- | --------------------------------------------------------------------------- |
 * | running   | done                                                                        |
 * | paused    | done: somebody has paused what was started                                  |
 * | stopped   | set aside: it is being started, or stands still for a reason of its own     |
 * | absent    | failed: it was never started; but wait while that may still begin           |
 * | migrating | wait                                                                        |
 */
export function judgeRunner(here: OwnSight, mayBegin: boolean): Verdict {
  if (here === "running") return { kind: "ended", outcome: "done", reason: "it runs" };
  if (here === "absent" && mayBegin) return { kind: "wait", reason: "its hypervisor may still begin" };
  if (here === "absent") return { kind: "ended", outcome: "failed", reason: "it was never started" };
  if (here === "paused" || here === "suspended")
    return { kind: "ended", outcome: "done", reason: "it was started, and paused" };
  if (here === "stopped") return { kind: "set-aside", reason: "it is paused for a reason of its own" };
  return { kind: "wait", reason: "it is neither running nor gone" };
}
