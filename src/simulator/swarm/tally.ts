import type { Notification } from "../../agent/notifications.ts";
import { hash32 } from "../../lib/random.ts";
import type { Checker } from "../checkers/checker.ts";
import { NOTHING_WRONG } from "../checkers/checker.ts";
import type { SimulatedHost } from "../world/host.ts";

/** Counts what happened, so that a swarm can say what it has exercised; it finds nothing wrong. */
export class Tally implements Checker {
  readonly name = "tally";
  readonly counts = new Map<string, number>();
  #digest = 0;

  /** Of all notifications, in order, with their times. */
  get digest(): number {
    return this.#digest;
  }

  notified(
    host: SimulatedHost,
    notification: Notification,
    world: { readonly now: number },
  ): readonly string[] {
    const what = markOf(notification);
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.#digest = hash32(`${this.#digest} ${world.now} ${host.id} ${what}`);
    return NOTHING_WRONG;
  }

  add(other: Tally): void {
    for (const [what, count] of other.counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }
}

function markOf(notification: Notification): string {
  switch (notification.kind) {
    case "event-raised":
      return `event ${notification.event.cause.kind}`;
    case "partition-ended":
      return `partition ${notification.outcome.kind}`;
    case "booking-ended":
      return `booking ${notification.why}`;
    case "action-ended":
      return `action ${notification.outcome.kind} at its ${notification.role}`;
    case "member":
      return `member ${notification.change.kind}`;
    default:
      return notification.kind;
  }
}
