import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SchedulingEvent } from "../../lrt/scheduling/event.ts";

export type Raised = Pick<SchedulingEvent, "id" | "origin" | "cause">;

/** Which events each partition is about: the one it has started for, and those that it has taken over and not heard to be over. */
export class Agendas {
  readonly #raised = new Map<string, Raised>();
  readonly #events = new Map<string, readonly string[]>();
  /** Events that a leader has heard to be over: a hand-over that comes again gets its old answer, and is none. */
  readonly #gone = new Set<string>();

  /** An event that was raised. */
  event(id: string): Raised | undefined {
    return this.#raised.get(id);
  }

  of(pid: string): readonly Raised[] {
    return (this.#events.get(pid) ?? []).flatMap((id) => this.#raised.get(id) ?? []);
  }

  notified(notification: Notification): void {
    if (notification.kind === "event-raised") this.#raised.set(notification.event.id, notification.event);
    if (notification.kind === "partition-started") this.#events.set(notification.pid, [notification.event]);
  }

  stepped(input: AgentInput, effects: readonly AgentEffect[]): void {
    if (input.kind !== "message") return;
    const { message } = input;
    if (message.type === "partition.reply" && message.body.kind === "checked") this.#over(message.body.gone);
    if (message.type !== "partition.hand-over") return;
    const { id, to, event } = message;
    if (takes(effects, id) && !this.#gone.has(event.id))
      this.#events.set(to, [...(this.#events.get(to) ?? []), event.id]);
  }

  /** A leader hears of it while its members look at a plan, which is then made anew without them. */
  #over(gone: readonly string[]): void {
    if (gone.length === 0) return;
    for (const id of gone) this.#gone.add(id);
    for (const [pid, [own, ...taken]] of this.#events)
      if (own !== undefined) this.#events.set(pid, [own, ...taken.filter((id) => !gone.includes(id))]);
  }
}

function takes(effects: readonly AgentEffect[], re: number): boolean {
  return effects.some(
    (effect) =>
      effect.kind === "send" &&
      effect.message.type === "partition.reply" &&
      effect.message.re === re &&
      effect.message.body.kind === "taken",
  );
}
