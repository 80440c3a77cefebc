import type { Notification } from "../../agent/notifications.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { CheckedWorld, Checker } from "./checker.ts";

/**
 * Invariants 7 and 11: every partition that starts ends while its leader lives, and overload never sends a VM back to
 * a host it left within its cool-down.
 */
export class EventChecker implements Checker {
  readonly name = "events";
  readonly #cooldownMs: number;
  readonly #partitions = new Map<string, SimulatedHost>();
  readonly #left = new Map<string, { readonly host: string; readonly at: number }[]>();

  constructor(cooldownMs: number) {
    this.#cooldownMs = cooldownMs;
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    if (notification.kind === "partition-started") this.#partitions.set(notification.pid, host);
    else if (notification.kind === "partition-ended") this.#partitions.delete(notification.pid);
    else if (notification.kind === "action-started" && notification.action === "migrate") {
      return this.#returned(notification, world.now);
    } else if (
      notification.kind === "action-ended" &&
      notification.outcome.kind === "done" &&
      notification.from !== null
    ) {
      const list = this.#left.get(notification.vm) ?? [];
      if (notification.role === "source") list.push({ host: notification.from, at: world.now });
      this.#left.set(notification.vm, list);
    }
    return [];
  }

  settled(world: CheckedWorld): readonly string[] {
    return [...this.#partitions]
      .filter(
        ([pid, leader]) => leader.agent?.lrt.scheduler.leading?.pid === pid && world.hosts.includes(leader),
      )
      .map(([pid, leader]) => `${pid} has not ended on ${leader.id}`);
  }

  #returned(
    { vm, to, event }: Extract<Notification, { kind: "action-started" }>,
    now: number,
  ): readonly string[] {
    if (!/\/(overload|underload)\//.test(event)) return [];
    const back = (this.#left.get(vm) ?? []).find(
      ({ host, at }) => host === to && now - at < this.#cooldownMs,
    );
    return back === undefined ? [] : [`${vm} goes back to ${to}, which it left ${now - back.at} ms ago`];
  }
}
