import type { Notification } from "../../agent/notifications.ts";
import type { EventOutcome } from "../../lrt/scheduling/event.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

/**
 * Invariant 7: every partition ends, and every event ends or waits with a reason that was said, as long as the
 * process that has it lives. (Events are not durable: a new process finds them anew.)
 */
export class EventChecker implements Checker {
  readonly name = "events";
  /** By host: partitions it leads, and its events with what was said of them last. */
  readonly #partitions = new Map<string, Set<string>>();
  readonly #events = new Map<string, Map<string, string | null>>();

  notified(host: SimulatedHost, notification: Notification): readonly string[] {
    const partitions = this.#partitions.get(host.id) ?? new Set();
    const events = this.#events.get(host.id) ?? new Map<string, string | null>();
    this.#partitions.set(host.id, partitions);
    this.#events.set(host.id, events);
    switch (notification.kind) {
      case "partition-started":
        partitions.add(notification.pid);
        return partitions.size > 1 ? [`${host.id} leads ${[...partitions].join(" and ")}`] : NOTHING_WRONG;
      case "partition-ended":
        return partitions.delete(notification.pid) ? NOTHING_WRONG : [`${notification.pid} ends twice`];
      case "event-raised":
        events.set(notification.event.id, null);
        break;
      case "event-cleared":
        events.delete(notification.event);
        break;
      case "event-ended":
        if (isOver(notification.event, notification.outcome)) events.delete(notification.event);
        else events.set(notification.event, reasonOf(notification.outcome));
    }
    return NOTHING_WRONG;
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    if (what === "started") return NOTHING_WRONG;
    this.#partitions.delete(host.id);
    this.#events.delete(host.id);
    return NOTHING_WRONG;
  }

  unsettled(): readonly string[] {
    const running = [...this.#partitions].flatMap(([host, pids]) =>
      [...pids].map((pid) => `${pid} has not ended on ${host}`),
    );
    const silent = [...this.#events].flatMap(([host, events]) =>
      [...events]
        .filter(([, reason]) => reason === null)
        .map(([id]) => `${host} has not said what became of ${id}`),
    );
    return [...running, ...silent];
  }
}

function isOver(event: string, outcome: EventOutcome): boolean {
  if (outcome.kind === "solved" || outcome.kind === "cancelled") return true;
  return event.includes("/move/") && outcome.kind !== "interrupted";
}

function reasonOf(outcome: EventOutcome): string {
  return "reason" in outcome ? outcome.reason : outcome.kind;
}
