import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SchedulingEvent } from "../../lrt/scheduling/event.ts";

export type Raised = Pick<SchedulingEvent, "id" | "origin" | "cause">;

/** Which events each partition is about: the one it has started for, and those that it has taken over. */
export class Agendas {
  readonly #raised = new Map<string, Raised>();
  readonly #events = new Map<string, readonly string[]>();

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
    if (input.kind !== "message" || input.message.type !== "partition.hand-over") return;
    const { id, to, event } = input.message;
    if (takes(effects, id)) this.#events.set(to, [...(this.#events.get(to) ?? []), event.id]);
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
