import type { Instant } from "../../lib/instant.ts";
import type { OperationId, PersistId } from "../../ports/effects.ts";
import type { ActionOrder, ActionOutcome } from "../messages.ts";
import type { Intent, OtherSide } from "./intent.ts";

/** An intent that has not ended, and what the process knows of it beside what it wrote down. */
export interface OpenAction {
  intent: Intent;
  /** The hypervisor is at it. */
  operation: OperationId | null;
  /** What the hypervisor said when it failed; only a look tells what became of the guest. */
  why: string | null;
  /** Its migration was to be aborted, and why. */
  calledBack: string | null;
  /** Its outcome is not known: look instead of waiting for an answer. */
  looking: boolean;
  /** The hypervisor was asked what it sees of the VM, and when. */
  inspecting: { readonly operation: OperationId; readonly at: Instant } | null;
  /** When it was asked what it has answered: what is known of the guest is no older. null: it has not answered. */
  seenAt: Instant | null;
  /** What it will have come to when the running operation (a resume, a destroy) succeeds. */
  upon: ActionOutcome | null;
  other: OtherSide;
  asked: boolean;
  /** The other side told nothing when it was asked last; while it is asked anew that stays so. */
  silent: boolean;
  asking: number | null;
  /** It failed, and its hypervisor does not let go of the copy: that is tried again, and keeps nobody from anything. */
  undestroyed: boolean;
  /** Its source was silent for so long that the node is given back (the guest may come all the same), or what was started stands still. */
  aside: boolean;
  /**
   * A source's order that came before its guest was resumed here begins when the arrival has ended, and the intent, which
   * this write keeps, is durable; null: it waits for no arrival.
   */
  held: PersistId | null;
}

export function opened(intent: Intent, looking: boolean): OpenAction {
  return {
    intent,
    operation: null,
    why: null,
    calledBack: null,
    looking,
    inspecting: null,
    seenAt: null,
    upon: null,
    other: null,
    asked: false,
    silent: false,
    asking: null,
    undestroyed: false,
    aside: false,
    held: null,
  };
}

/** Whether the guest has left its source: it has, too, where nobody was seen to have it. */
export function wordOf({ kind }: ActionOutcome): "done" | "failed" {
  return kind === "failed" ? "failed" : "done";
}

/** What the source has said for good. */
export function heard({ word }: Intent): OtherSide {
  return word === null ? null : { vm: "absent", open: false, outcome: word };
}

export function memoryOf(order: ActionOrder): number {
  return order.what.kind === "migrate" ? order.what.memory : order.what.spec.memory;
}

export function commandOf(order: ActionOrder, uri: string) {
  const { what, vm } = order;
  return what.kind === "migrate"
    ? ({ kind: "migrate", vm, uri, policy: what.policy, persistent: what.adopted } as const)
    : ({ kind: "start", spec: what.spec, stamp: what.stamp } as const);
}

export function described(order: ActionOrder) {
  const { key, vm, name, what, event, reason } = order;
  const from = what.kind === "migrate" ? what.from : null;
  return { key, action: what.kind, vm, name, from, to: what.to, event, reason } as const;
}
