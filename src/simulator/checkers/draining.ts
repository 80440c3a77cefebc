import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

/** A host that drains, or is drained, promises to take in nothing more. */
export class DrainingChecker implements Checker {
  readonly name = "draining";
  readonly #draining = new Set<string>();

  notified(host: SimulatedHost, notification: Notification): readonly string[] {
    if (notification.kind !== "drain") return NOTHING_WRONG;
    if (notification.state === "restored") this.#draining.delete(host.id);
    else this.#draining.add(host.id);
    return NOTHING_WRONG;
  }

  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
    if (input.kind !== "message" || !this.#draining.has(host.id)) return NOTHING_WRONG;
    const { message } = input;
    if (message.type !== "partition.prepare" && message.type !== "partition.execute") return NOTHING_WRONG;
    const { order } = message;
    const promises = effects.some(
      (effect) =>
        effect.kind === "persist" && effect.writes.some(({ key }) => key === `lrt/intent/${order.key}`),
    );
    return promises && order.what.to === host.id
      ? [`${host.id} is draining and takes ${order.vm} in by ${order.key}`]
      : NOTHING_WRONG;
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    if (what === "died") return NOTHING_WRONG;
    const text = host.disk.read("agent/drain");
    const drains = text !== undefined && (JSON.parse(text) as { state: string }).state !== "no";
    if (drains) this.#draining.add(host.id);
    else this.#draining.delete(host.id);
    return NOTHING_WRONG;
  }
}
