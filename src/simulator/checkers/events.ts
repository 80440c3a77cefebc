import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { LrtConfig } from "../../lrt/config.ts";
import type { EventOutcome } from "../../lrt/scheduling/event.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

/** From an event being ours again to a partition for it, while the host leads no other: it may be blind. */
const REPEAT_MS = 60_000;
/** What a host sees of itself. */
const CONDITIONS: ReadonlySet<string> = new Set(["overload", "underload", "violation"]);

/** Timers that fire on a host within a second; one that is set for at once, over and over, fires a thousand times. */
const TIMERS_PER_SECOND = 200;

type Raised = Extract<Notification, { kind: "event-raised" }>;

/**
 * Invariant 7: every partition ends, and every event ends or waits with a reason that was said, as long as the
 * process that has it lives. (Events are not durable: a new process finds them anew.) A condition that was solved with
 * nothing done is no new event: it waits, longer each time, or its host no longer has it.
 */
export class EventChecker implements Checker {
  readonly name = "events";
  /** By host: partitions it leads, and its events with what was said of them last. */
  readonly #partitions = new Map<string, Set<string>>();
  readonly #events = new Map<string, Map<string, string | null>>();
  /** By host: its events that others have taken, and since when they are waited for, or could be seen to again. */
  readonly #away = new Map<string, Map<string, number>>();
  readonly #timers = new Map<string, { readonly second: number; readonly count: number }>();
  readonly #patienceMs: number;

  constructor({ growMs, lifeSlackMs }: LrtConfig) {
    this.#patienceMs = 3 * (growMs + lifeSlackMs) + REPEAT_MS;
  }

  stepped(host: SimulatedHost, input: AgentInput, _effects: readonly AgentEffect[], { now }: CheckedWorld) {
    return input.kind === "timer-fired" && this.#fired(host.id, now) > TIMERS_PER_SECOND
      ? [`${host.id} sets timers that fire without a pause, ${input.timer} among them`]
      : this.#waiting(host, now);
  }

  /** How many timers have fired there within this second. */
  #fired(host: string, now: number): number {
    const second = Math.floor(now / 1000);
    const known = this.#timers.get(host);
    const count = known?.second === second ? known.count + 1 : 1;
    this.#timers.set(host, { second, count });
    return count;
  }

  /** An event that another leader took and never spoke of again is handled here once more. */
  #waiting(host: SimulatedHost, now: number): readonly string[] {
    const away = this.#away.get(host.id);
    if (away === undefined || away.size === 0 || this.#leads(host.id)) return NOTHING_WRONG;
    const lost = [...away].filter(([, since]) => now - since > this.#patienceMs);
    for (const [event] of lost) away.delete(event);
    return lost.map(([event]) => `${host.id} has handed ${event} over and waits for its end for ever`);
  }

  notified(host: SimulatedHost, notification: Notification, { now }: CheckedWorld): readonly string[] {
    const partitions = this.#partitions.get(host.id) ?? new Set();
    const events = this.#events.get(host.id) ?? new Map<string, string | null>();
    this.#partitions.set(host.id, partitions);
    this.#events.set(host.id, events);
    switch (notification.kind) {
      case "partition-started":
        this.#away.get(host.id)?.delete(notification.event);
        partitions.add(notification.pid);
        return partitions.size > 1 ? [`${host.id} leads ${[...partitions].join(" and ")}`] : NOTHING_WRONG;
      case "partition-ended":
        for (const event of this.#away.get(host.id)?.keys() ?? []) this.#away.get(host.id)?.set(event, now);
        return partitions.delete(notification.pid) ? NOTHING_WRONG : [`${notification.pid} ends twice`];
      case "handed-over":
        this.#away.set(host.id, (this.#away.get(host.id) ?? new Map()).set(notification.event, now));
        break;
      case "event-raised":
        return this.#raised(host, notification.event, events);
      case "event-cleared":
        events.delete(notification.event);
        this.#away.get(host.id)?.delete(notification.event);
        break;
      case "event-ended":
        this.#away.get(host.id)?.delete(notification.event);
        if (isOver(notification)) events.delete(notification.event);
        else events.set(notification.event, reasonOf(notification.outcome));
    }
    return NOTHING_WRONG;
  }

  #raised(
    host: SimulatedHost,
    { id, cause }: Raised["event"],
    events: Map<string, string | null>,
  ): readonly string[] {
    const same = [...events.keys()].find((event) => event.includes(`/${cause.kind}/`));
    events.set(id, null);
    if (!CONDITIONS.has(cause.kind) || same === undefined) return NOTHING_WRONG;
    return [`${host.id} raises ${id} although ${same} is not over`];
  }

  /** One event at a time: the others wait for the end of its partition. */
  #leads(host: string): boolean {
    return (this.#partitions.get(host)?.size ?? 0) > 0;
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    if (what === "started") return NOTHING_WRONG;
    this.#partitions.delete(host.id);
    this.#events.delete(host.id);
    this.#away.delete(host.id);
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

function isOver({ event, outcome }: Extract<Notification, { kind: "event-ended" }>): boolean {
  const condition = [...CONDITIONS].some((kind) => event.includes(`/${kind}/`));
  if (outcome.kind === "solved") return outcome.migrations > 0 || !condition;
  return outcome.kind === "cancelled" || (event.includes("/move/") && outcome.kind !== "interrupted");
}

function reasonOf(outcome: EventOutcome): string {
  return "reason" in outcome ? outcome.reason : outcome.kind;
}
